using System;
using HyperOS.Core;

namespace HyperOS.Storage;

/// <summary>Whose a disk is, and how it is.</summary>
public enum DiskState : byte
{
    /// <summary>HyperOS's, and open.</summary>
    Open,

    /// <summary>Nobody's: its first and its last MiB are zero.</summary>
    Blank,

    /// <summary>Somebody else's. It is not written.</summary>
    Foreign,

    /// <summary>HyperOS's, from a newer version. It is not written.</summary>
    NewerVersion,

    /// <summary>HyperOS's, but what it was is damaged. It is not written.</summary>
    Damaged,

    /// <summary>It does not give out what decides. It is not written.</summary>
    Unreadable,

    /// <summary>No room for the smallest volume.</summary>
    TooSmall,
}

/// <summary>What became of a change.</summary>
public enum VolumeStatus : byte
{
    Done,

    /// <summary>The name cannot be one, or the size is none.</summary>
    Bad,

    /// <summary>There is one of that name.</summary>
    Exists,

    /// <summary>Not so much space is free, or the table has no place left.</summary>
    Full,

    /// <summary>The medium failed: after a restart it is done or not.</summary>
    MediumError,

    /// <summary>An earlier change failed, so that nobody knows what the disk has: no more changes before a restart.</summary>
    Doubtful,
}

/// <summary>
/// A disk with volumes. Every change is a new record with the whole table, which is lasting when the call returns: after a power cut there is the table
/// before or the one after, never a third. Space of a volume is given to another only after the table without it has become lasting, and a new volume
/// is ready only once its content is. One thread at a time; the medium's calls wait.
/// </summary>
public sealed class VolumeStore
{
    private readonly VolumeTable _table = new();
    private readonly RecordStore _records = new(VolumeLayout.SlotBytes);
    private readonly Sha256 _sha256 = new();
    private readonly byte[] _content = new byte[VolumeLayout.SlotBytes - RecordStore.HeaderBytes];
    private readonly byte[] _margin = new byte[ForeignContent.Bytes];
    private BlockStore? _medium;
    private Superblock _superblock;
    private bool _isDoubtful;

    /// <summary>The volumes, once open.</summary>
    public VolumeTable Table => _table;

    /// <summary>Who it is, once open.</summary>
    public ref readonly Superblock Superblock => ref _superblock;

    /// <summary>One of the two places of the table could not be read, or not be written.</summary>
    public bool IsDegraded => _records.IsDegraded;

    /// <summary>The last change before this start was cut off, and did not happen.</summary>
    public bool WasCut => _records.WasCut;

    /// <summary>The number of the table.</summary>
    public ulong Generation => _records.Generation;

    /// <summary>Looks whose the disk is, and opens it if it is HyperOS's.</summary>
    /// <param name="medium">The disk.</param>
    /// <param name="found">Of a foreign one, what is on it, in words.</param>
    public DiskState TryOpen(BlockStore medium, out ReadOnlySpan<byte> found)
    {
        found = default;
        _medium = medium;
        _isDoubtful = false;
        if (medium.Length < VolumeLayout.LeastBytes)
            return DiskState.TooSmall;
        ulong end = VolumeLayout.End(medium.Length);
        RecordState first = ReadSuperblock(VolumeLayout.Superblock, out _superblock);
        if (first == RecordState.NewerVersion)
            return DiskState.NewerVersion;
        if (first != RecordState.Open)
        {
            RecordState last = ReadSuperblock(VolumeLayout.LastSuperblock(end), out Superblock spare);
            if (last == RecordState.Open && first != RecordState.Unreadable)
                return DiskState.Damaged; // somebody has written over its start
            if (last == RecordState.Open)
                _superblock = spare;
            else
                return first == RecordState.Unreadable ? DiskState.Unreadable : first == RecordState.Damaged ? DiskState.Damaged : LookWhose(end, out found);
        }
        if (_superblock.End != end)
            return DiskState.Damaged; // a copy on a disk of another size
        return OpenTable(end);
    }

    /// <summary>Sets the disk up, without a volume, whatever is on it. After <see cref="TryOpen"/> has said what that is.</summary>
    /// <param name="identityLow">Random.</param>
    /// <param name="identityHigh">Random.</param>
    /// <returns>False on an error of the medium: the disk is as it was, or damaged, or set up.</returns>
    public bool TryFormat(ulong identityLow, ulong identityHigh)
    {
        if (_medium!.Length < VolumeLayout.LeastBytes || _medium.IsReadOnly)
            return false;
        ulong end = VolumeLayout.End(_medium.Length);
        // What was there is no more before the first record is there: records of another life must not be found again.
        if (!TryClearMargins(end))
            return false;
        _superblock = new Superblock(end, identityLow, identityHigh);
        _table.Reset((uint)(VolumeLayout.FirstData / VolumeLayout.UnitBytes), VolumeLayout.EndOfData(end));
        if (_records.TryOpen(_medium, VolumeLayout.FirstRecords, VolumeLayout.SecondRecords(end)) != RecordState.Empty || !TryWriteTable())
            return false;
        _isDoubtful = false;
        return TryWriteSuperblock(VolumeLayout.Superblock) && TryWriteSuperblock(VolumeLayout.LastSuperblock(end));
    }

    /// <summary>Makes a volume, not ready yet: what its space holds is anything.</summary>
    /// <param name="name">As <see cref="Volume.IsName"/>.</param>
    /// <param name="length">In bytes, a multiple of <see cref="BlockStore.SectorBytes"/>.</param>
    /// <param name="volume">The volume, if done.</param>
    public VolumeStatus TryCreate(ReadOnlySpan<byte> name, ulong length, out Volume? volume)
    {
        volume = null;
        if (!Volume.IsName(name) || length == 0 || length % BlockStore.SectorBytes != 0)
            return VolumeStatus.Bad;
        if (_isDoubtful)
            return VolumeStatus.Doubtful;
        if (_table.Find(name) is not null)
            return VolumeStatus.Exists;
        Volume? made = _table.TryAdd(name, length);
        if (made is null)
            return VolumeStatus.Full;
        if (!TryWriteTable())
        {
            made.Clear();
            return Fail();
        }
        volume = made;
        return VolumeStatus.Done;
    }

    /// <summary>A volume holds what it should; that has been flushed.</summary>
    public VolumeStatus TrySetReady(Volume volume)
    {
        if (_isDoubtful)
            return VolumeStatus.Doubtful;
        volume.IsReady = true;
        if (TryWriteTable())
            return VolumeStatus.Done;
        volume.IsReady = false;
        return Fail();
    }

    /// <summary>Deletes a volume that nobody uses.</summary>
    public VolumeStatus TryDelete(Volume volume)
    {
        if (_isDoubtful)
            return VolumeStatus.Doubtful;
        _table.Remove(volume);
        // On an error nobody knows whose the space is: nothing is given out any more.
        return TryWriteTable() ? VolumeStatus.Done : Fail();
    }

    private VolumeStatus Fail()
    {
        _isDoubtful = true;
        return VolumeStatus.MediumError;
    }

    private DiskState OpenTable(ulong end)
    {
        _table.Reset((uint)(VolumeLayout.FirstData / VolumeLayout.UnitBytes), VolumeLayout.EndOfData(end));
        switch (_records.TryOpen(_medium!, VolumeLayout.FirstRecords, VolumeLayout.SecondRecords(end)))
        {
            case RecordState.Open when _table.TryRead(_records.Content):
                break;
            case RecordState.Unreadable:
                return DiskState.Unreadable;
            case RecordState.NewerVersion:
                return DiskState.NewerVersion;
            default:
                return DiskState.Damaged;
        }
        // The double may be missing since a cut while the disk was set up.
        bool hasDouble = ReadSuperblock(VolumeLayout.LastSuperblock(end), out Superblock spare) is var state && state == RecordState.Open && spare.IsSame(in _superblock);
        if (!hasDouble && state != RecordState.Unreadable && !_medium!.IsReadOnly)
            TryWriteSuperblock(VolumeLayout.LastSuperblock(end));
        return DiskState.Open;
    }

    private DiskState LookWhose(ulong end, out ReadOnlySpan<byte> found)
    {
        found = default;
        bool isBlank = true;
        for (ulong at = 0; at < VolumeLayout.MarginBytes; at += (ulong)_margin.Length)
        {
            if (!_medium!.Read(at, _margin))
                return DiskState.Unreadable;
            if (at == 0)
                found = ForeignContent.Describe(_margin);
            isBlank &= RecordStore.IsZero(_margin);
        }
        for (ulong at = end - VolumeLayout.MarginBytes; at < _medium!.Length && isBlank; at += (ulong)_margin.Length)
        {
            Span<byte> part = new(_margin, 0, (int)Math.Min((ulong)_margin.Length, _medium.Length - at));
            if (!_medium!.Read(at, part))
                return DiskState.Unreadable;
            isBlank &= RecordStore.IsZero(part);
        }
        if (isBlank)
            found = default;
        return isBlank ? DiskState.Blank : DiskState.Foreign;
    }

    private bool TryClearMargins(ulong end)
    {
        new Span<byte>(_margin).Clear();
        for (ulong at = 0; at < VolumeLayout.FirstData; at += (ulong)_margin.Length)
        {
            if (!_medium!.Write(at, _margin))
                return false;
        }
        for (ulong at = VolumeLayout.SecondRecords(end); at < _medium!.Length; at += (ulong)_margin.Length)
        {
            if (!_medium!.Write(at, new ReadOnlySpan<byte>(_margin, 0, (int)Math.Min((ulong)_margin.Length, _medium.Length - at))))
                return false;
        }
        return _medium!.Flush();
    }

    private RecordState ReadSuperblock(ulong at, out Superblock superblock)
    {
        superblock = default;
        Span<byte> page = new(_margin, 0, (int)Size.Page);
        return _medium!.Read(at, page) ? Superblock.Read(page, _sha256, out superblock) : RecordState.Unreadable;
    }

    private bool TryWriteSuperblock(ulong at)
    {
        Span<byte> page = new(_margin, 0, (int)Size.Page);
        page.Clear();
        _superblock.Write(page.Slice(0, Superblock.Bytes), _sha256);
        return _medium!.Write(at, page) && _medium.Flush();
    }

    private bool TryWriteTable()
    {
        int length = _table.Write(_content);
        return length != 0 && _records.TryReplace(new ReadOnlySpan<byte>(_content, 0, length));
    }
}
