using System;
using HyperOS.Core;

namespace HyperOS.Storage;

/// <summary>
/// By which a disk is known to be HyperOS's: one sector, so that it is there or not, and is written once.
/// <code>
///   magic 0 (8), version 8 (4), zero 12 (4), the disk's identity 16 (16), end 32 (8), zero 40, SHA-256 of all before 480 (32)
/// </code>
/// </summary>
public readonly struct Superblock
{
    public const uint CurrentVersion = 1;

    public const int Bytes = BlockStore.SectorBytes;

    public const int IdentityBytes = 16;

    private const int Hashed = Bytes - Sha256.HashLength;

    // "HyperDsk"
    private const ulong Magic = 0x6B73_4472_6570_7948;

    /// <summary>What follows the last unit, in bytes.</summary>
    public readonly ulong End;

    private readonly ulong _identityLow, _identityHigh;

    public Superblock(ulong end, ulong identityLow, ulong identityHigh)
    {
        End = end;
        _identityLow = identityLow;
        _identityHigh = identityHigh;
    }

    /// <summary>Whether two disks are one, or one the other's copy.</summary>
    public bool IsSame(in Superblock other) => _identityLow == other._identityLow && _identityHigh == other._identityHigh;

    /// <param name="sector">At least <see cref="Bytes"/>.</param>
    /// <param name="superblock">Valid if open.</param>
    /// <returns>Empty for what is none.</returns>
    public static RecordState Read(ReadOnlySpan<byte> sector, Sha256 sha256, out Superblock superblock)
    {
        LittleEndianReader reader = new(sector.Slice(0, Bytes));
        ulong magic = reader.ReadUInt64();
        uint version = reader.ReadUInt32();
        reader.Skip(sizeof(uint));
        ulong low = reader.ReadUInt64(), high = reader.ReadUInt64();
        superblock = new Superblock(reader.ReadUInt64(), low, high);
        if (magic != Magic)
            return RecordState.Empty;
        if (version > CurrentVersion)
            return RecordState.NewerVersion;
        Span<byte> hash = stackalloc byte[Sha256.HashLength];
        Hash(sector, sha256, hash);
        return version == CurrentVersion && sector.Slice(Hashed, Sha256.HashLength).SequenceEqual(hash) ? RecordState.Open : RecordState.Damaged;
    }

    /// <param name="sector"><see cref="Bytes"/>.</param>
    /// <param name="sha256">Any.</param>
    public void Write(Span<byte> sector, Sha256 sha256)
    {
        sector.Clear();
        LittleEndianWriter writer = new(sector);
        writer.WriteUInt64(Magic);
        writer.WriteUInt32(CurrentVersion);
        writer.WriteUInt32(0);
        writer.WriteUInt64(_identityLow);
        writer.WriteUInt64(_identityHigh);
        writer.WriteUInt64(End);
        Hash(sector, sha256, sector.Slice(Hashed, Sha256.HashLength));
    }

    private static void Hash(ReadOnlySpan<byte> sector, Sha256 sha256, Span<byte> hash)
    {
        sha256.Reset();
        sha256.Update(sector.Slice(0, Hashed));
        sha256.Finish(hash);
    }
}
