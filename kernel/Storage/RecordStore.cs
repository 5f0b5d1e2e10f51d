using System;
using HyperOS.Core;

namespace HyperOS.Storage;

/// <summary>What <see cref="RecordStore.TryOpen"/> has found.</summary>
public enum RecordState : byte
{
    /// <summary>A record.</summary>
    Open,

    /// <summary>Nothing was ever written here.</summary>
    Empty,

    /// <summary>A newer version of the kernel wrote it. It is left as it is.</summary>
    NewerVersion,

    /// <summary>There was something, and nothing of it is whole.</summary>
    Damaged,

    /// <summary>The medium does not give out what may be the latest record. An older one would be wrong, so that there is none.</summary>
    Unreadable,
}

/// <summary>
/// A record, some kilobytes long, that is replaced as a whole: after a power cut at any moment there is the old one or the new one. It lies in two slots,
/// which are written in turn, each of them at two places, far apart:
/// <code>
///   place 1   [ slot 0 ][ slot 1 ]   ....   place 2   [ slot 0 ][ slot 1 ]
///   slot      magic 0 (8), version 8 (4), length 12 (4), generation 16 (8), zero 24 (8), SHA-256 of all else 32 (32), content 64
/// </code>
/// The whole slot with the highest generation counts. What a cut leaves half written has a wrong checksum, and the other slot, which was flushed before,
/// is untouched; a place that has become bad costs nothing, for the other has the same. One thread at a time.
/// </summary>
public sealed class RecordStore
{
    public const uint CurrentVersion = 1;

    /// <summary>Bytes before the content.</summary>
    public const int HeaderBytes = 64;

    private const int Slots = 2, Places = 2, HashedHeader = 32;

    // More than any disk will see; so that what a forged one says can be counted on from.
    private const ulong MostGenerations = ulong.MaxValue / 2;

    // "HyperRec"
    private const ulong Magic = 0x6365_5272_6570_7948;

    private readonly ulong[] _places = new ulong[Places];
    private readonly int _slotBytes;
    private readonly byte[] _buffer;
    private readonly Sha256 _sha256 = new();
    private BlockStore? _medium;

    // The slot that counts, and the highest generation that was ever given to the medium.
    private int _slot;
    private ulong _generation;
    private int _length;

    /// <param name="slotBytes">Of each slot; a multiple of a page.</param>
    public RecordStore(int slotBytes)
    {
        _slotBytes = slotBytes;
        _buffer = new byte[slotBytes];
    }

    /// <summary>Longest content, in bytes.</summary>
    public int Capacity => _slotBytes - HeaderBytes;

    /// <summary>Counts up with each record.</summary>
    public ulong Generation => _generation;

    /// <summary>One of the two places, or a slot of it, could not be read, or not be written lately.</summary>
    public bool IsDegraded { get; private set; }

    /// <summary>A later record than the one that counts was begun and not finished.</summary>
    public bool WasCut { get; private set; }

    /// <summary>The content. Where it is open; until the next <see cref="TryReplace"/>.</summary>
    public ReadOnlySpan<byte> Content => new(_buffer, HeaderBytes, _length);

    /// <summary>Looks for the record that counts.</summary>
    /// <param name="medium">Where it lies.</param>
    /// <param name="first">The first place: a multiple of a page, with room for two slots.</param>
    /// <param name="second">The second place.</param>
    public RecordState TryOpen(BlockStore medium, ulong first, ulong second)
    {
        _medium = medium;
        (_places[0], _places[1]) = (first, second);
        RecordState state = RecordState.Empty;
        _generation = 0;
        _length = 0;
        IsDegraded = WasCut = false;
        int found = -1, foundPlace = 0;
        for (int slot = 0; slot < Slots; slot++)
        {
            bool isWhole = false, isUnreadable = false;
            for (int place = 0; place < Places; place++)
            {
                switch (Read(place, slot, out ulong generation))
                {
                    case RecordState.Open:
                        isWhole = true;
                        if (found >= 0 && generation <= _generation)
                            break;
                        _generation = generation;
                        (found, foundPlace) = (slot, place);
                        break;
                    case RecordState.Unreadable:
                        isUnreadable = IsDegraded = true;
                        break;
                    case RecordState.NewerVersion:
                        return RecordState.NewerVersion;
                    case RecordState.Damaged:
                        WasCut = true;
                        break;
                }
            }
            // What cannot be read, and has no double, may be the latest.
            if (isUnreadable && !isWhole)
                state = RecordState.Unreadable;
        }
        if (state == RecordState.Unreadable)
            return state;
        if (found < 0)
            return WasCut ? RecordState.Damaged : RecordState.Empty;
        _slot = found;
        return Read(foundPlace, found, out _) == RecordState.Open ? RecordState.Open : RecordState.Unreadable;
    }

    /// <summary>Replaces the record. On return the new one outlasts a power cut.</summary>
    /// <param name="content">At most <see cref="Capacity"/> bytes.</param>
    /// <returns>False on errors of the medium: then after a restart it is the old one or the new one; and behind the last generation, which only a forged record can have.</returns>
    public bool TryReplace(ReadOnlySpan<byte> content)
    {
        if (_generation == MostGenerations)
            return false;
        _generation++;
        int slot = 1 - _slot;
        content.CopyTo(new Span<byte>(_buffer, HeaderBytes, content.Length));
        _length = content.Length;
        int bytes = (int)Alignment.Up((ulong)(HeaderBytes + content.Length), Size.Page);
        new Span<byte>(_buffer, HeaderBytes + content.Length, bytes - HeaderBytes - content.Length).Clear();
        LittleEndianWriter header = new(new Span<byte>(_buffer, 0, HashedHeader));
        header.WriteUInt64(Magic);
        header.WriteUInt32(CurrentVersion);
        header.WriteUInt32((uint)content.Length);
        header.WriteUInt64(_generation);
        header.WriteUInt64(0);
        Hash(new Span<byte>(_buffer, HashedHeader, Sha256.HashLength));
        int written = 0;
        for (int place = 0; place < Places; place++)
            written += _medium!.Write(At(place, slot), new ReadOnlySpan<byte>(_buffer, 0, bytes)) ? 1 : 0;
        IsDegraded |= written < Places;
        if (written == 0 || !_medium!.Flush())
            return false;
        _slot = slot;
        return true;
    }

    private ulong At(int place, int slot) => _places[place] + (ulong)(slot * _slotBytes);

    // A slot at one of the places, into the buffer.
    private RecordState Read(int place, int slot, out ulong generation)
    {
        generation = 0;
        if (!_medium!.Read(At(place, slot), new Span<byte>(_buffer, 0, (int)Size.Page)))
            return RecordState.Unreadable;
        LittleEndianReader header = new(_buffer);
        ulong magic = header.ReadUInt64();
        uint version = header.ReadUInt32(), length = header.ReadUInt32();
        generation = header.ReadUInt64();
        ulong zero = header.ReadUInt64();
        if (magic != Magic)
            return IsZero(new ReadOnlySpan<byte>(_buffer, 0, (int)Size.Page)) ? RecordState.Empty : RecordState.Damaged;
        if (version > CurrentVersion)
            return RecordState.NewerVersion;
        if (version != CurrentVersion || length > (uint)Capacity || generation > MostGenerations || zero != 0)
            return RecordState.Damaged;
        int bytes = (int)Alignment.Up((ulong)HeaderBytes + length, Size.Page);
        if (bytes > (int)Size.Page && !_medium!.Read(At(place, slot) + Size.Page, new Span<byte>(_buffer, (int)Size.Page, bytes - (int)Size.Page)))
            return RecordState.Unreadable;
        _length = (int)length;
        Span<byte> hash = stackalloc byte[Sha256.HashLength];
        Hash(hash);
        return new ReadOnlySpan<byte>(_buffer, HashedHeader, Sha256.HashLength).SequenceEqual(hash) ? RecordState.Open : RecordState.Damaged;
    }

    // Of the header's first part and the content.
    private void Hash(Span<byte> hash)
    {
        _sha256.Reset();
        _sha256.Update(new ReadOnlySpan<byte>(_buffer, 0, HashedHeader));
        _sha256.Update(Content);
        _sha256.Finish(hash);
    }

    internal static bool IsZero(ReadOnlySpan<byte> bytes)
    {
        foreach (byte value in bytes)
        {
            if (value != 0)
                return false;
        }
        return true;
    }
}
