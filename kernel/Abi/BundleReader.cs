using System;
using HyperOS.Core;

namespace HyperOS.Abi;

/// <summary>Whether a bundle can be used, or the first thing that forbids it.</summary>
public enum BundleStatus
{
    Valid,

    /// <summary>Shorter than a header.</summary>
    TooShort,

    /// <summary>Something else than a bundle.</summary>
    NotABundle,
    WrongVersion,

    /// <summary>Shorter than its header says.</summary>
    Truncated,
    UnknownAllStoppedAction,
    TooManyDefinitions,
    TooManyBlobs,

    /// <summary>Of networks, port groups or NICs.</summary>
    TooManyNetworks,

    TooManyDisks,

    TooManyProcesses,

    /// <summary>The bundle ends within its tables.</summary>
    TablesOutOfRange,
    BlobNotPageAligned,

    /// <summary>A blob begins within the tables or ends behind the bundle.</summary>
    BlobOutOfRange,
    BlobNameNotPrintable,
}

/// <summary>
/// Reads a bundle in place and trusts nothing in it. The order of use: <see cref="TryOpen"/>; compare the SHA-256 of <see cref="HashedTables"/>
/// with <see cref="TablesSha256"/>; <see cref="ReadNetwork"/>, <see cref="ReadPortGroup"/>, <see cref="ReadNic"/> and <see cref="ReadDisk"/> for each of them (one that refers to
/// another that has errors is of no use either); <see cref="ReadDefinition"/> for each VM; <see cref="TryGetBlob"/> for what it refers to, and compare
/// <see cref="Blob.Sha256"/> with that of the contents.
/// </summary>
public readonly ref struct BundleReader
{
    public const uint MaxDefinitions = 1024;
    public const uint MaxBlobs = 2 * MaxDefinitions + MaxDisks + MaxProcesses;
    public const uint MaxProcesses = 4;
    public const uint MaxNetworks = 64;
    public const uint MaxPortGroups = 1024;
    public const uint MaxNics = NicDefinition.MaxPerVm * MaxDefinitions;
    public const uint MaxDisks = DiskDefinition.MaxPerVm * MaxDefinitions;

    private readonly ReadOnlySpan<byte> _bundle;
    private readonly BundleHeader _header;

    private BundleReader(ReadOnlySpan<byte> bundle, scoped in BundleHeader header)
    {
        _bundle = bundle;
        _header = header;
    }

    public AllStoppedAction OnAllStopped => _header.OnAllStopped;

    public int DefinitionCount => (int)_header.DefinitionCount;

    public int BlobCount => (int)_header.BlobCount;

    public int NetworkCount => (int)_header.NetworkCount;

    public int PortGroupCount => (int)_header.PortGroupCount;

    public int NicCount => (int)_header.NicCount;

    public int DiskCount => (int)_header.DiskCount;

    public int ProcessCount => (int)_header.ProcessCount;

    /// <summary>The bytes of which <see cref="TablesSha256"/> is the hash.</summary>
    public ReadOnlySpan<byte> HashedTables =>
        _bundle.Slice(BundleHeader.HashedOffset, (int)_header.TablesLength - BundleHeader.HashedOffset);

    /// <summary>The hash that the bundle claims; the reader does not compute it.</summary>
    public ReadOnlySpan<byte> TablesSha256 => _bundle.Slice(BundleHeader.Sha256Offset, BundleHeader.Sha256Length);

    /// <summary>Checks the header and both tables' ranges. Bytes behind the bundle's own length, to which a loader may round up, are ignored.</summary>
    public static BundleStatus TryOpen(ReadOnlySpan<byte> file, out BundleReader reader)
    {
        reader = default;
        if (!BundleHeader.TryRead(file, out BundleHeader header))
            return BundleStatus.TooShort;
        BundleStatus status = Check(in header, file.Length);
        if (status != BundleStatus.Valid)
            return status;
        BundleReader candidate = new(file.Slice(0, (int)header.TotalLength), in header);
        for (int i = 0; i < candidate.BlobCount; i++)
        {
            status = candidate.CheckBlob(i);
            if (status != BundleStatus.Valid)
                return status;
        }
        reader = candidate;
        return BundleStatus.Valid;
    }

    /// <summary>Reads and validates a VM's definition, by itself: see <see cref="IsNameTaken"/>.</summary>
    /// <param name="index">Any number; one that is not below <see cref="DefinitionCount"/> is answered with <see cref="VmDefinitionErrors.Format"/>.</param>
    /// <param name="maxCpus">Processors that a VM can have.</param>
    /// <param name="maxMemoryBytes">Bytes of memory that a VM can have.</param>
    /// <param name="definition">To be used only if no error is returned, but for its name in the report.</param>
    public VmDefinitionErrors ReadDefinition(int index, uint maxCpus, ulong maxMemoryBytes, out VmDefinition definition)
    {
        definition = default;
        if (index < 0 || index >= DefinitionCount || !VmDefinition.TryRead(DefinitionMessage(index), out definition))
            return VmDefinitionErrors.Format;
        return VmDefinitionValidator.Validate(in definition, new VmLimits(maxCpus, maxMemoryBytes, _header.BlobCount));
    }

    /// <summary>Whether an earlier VM has the name of this one. Once for each VM: it takes the longer the more there are.</summary>
    /// <param name="index">Below <see cref="DefinitionCount"/>.</param>
    public bool IsNameTaken(int index)
    {
        ReadOnlySpan<byte> name = VmDefinition.NameIn(DefinitionMessage(index));
        for (int i = 0; i < index; i++)
        {
            if (VmDefinition.NameIn(DefinitionMessage(i)).SequenceEqual(name))
                return true;
        }
        return false;
    }

    /// <summary>Reads and validates a process' definition.</summary>
    /// <param name="index">Any number; one that is not below <see cref="ProcessCount"/> is answered with <see cref="ProcessErrors.Texts"/>.</param>
    /// <param name="maxMemoryBytes">Bytes of memory that a process can have.</param>
    /// <param name="definition">To be used only if no error is returned, but for its name in the report.</param>
    public ProcessErrors ReadProcess(int index, ulong maxMemoryBytes, out ProcessDefinition definition)
    {
        definition = default;
        return index < 0 || index >= ProcessCount
            ? ProcessErrors.Texts
            : ProcessDefinition.Read(ProcessMessage(index), maxMemoryBytes, _header.BlobCount, out definition);
    }

    /// <summary>Reads and validates a network's definition, by itself and beside the earlier ones.</summary>
    /// <param name="index">Any number; one that is not below <see cref="NetworkCount"/> is answered with <see cref="NetworkErrors.Format"/>.</param>
    /// <param name="uplinks">The host's network devices: bit n stands for nicn.</param>
    /// <param name="definition">To be used only if no error is returned; with <see cref="NetworkErrors.UplinkAbsent"/> alone, without those uplinks.</param>
    public NetworkErrors ReadNetwork(int index, uint uplinks, out NetworkDefinition definition)
    {
        definition = default;
        if (index < 0 || index >= NetworkCount || !NetworkDefinition.TryRead(NetworkMessage(index), out definition))
            return NetworkErrors.Format;
        NetworkErrors errors = NetworkValidator.Validate(in definition, uplinks);
        for (int i = 0; i < index; i++)
        {
            NetworkDefinition.TryRead(NetworkMessage(i), out NetworkDefinition earlier);
            if (earlier.Name.SameAs(in definition.Name))
                errors |= NetworkErrors.NameTaken;
            if ((earlier.Uplinks & definition.Uplinks) != 0)
                errors |= NetworkErrors.UplinkTaken;
        }
        return errors;
    }

    /// <summary>Reads and validates a port group's definition, by itself and beside the earlier ones.</summary>
    /// <param name="index">Any number; one that is not below <see cref="PortGroupCount"/> is answered with <see cref="NetworkErrors.Format"/>.</param>
    /// <param name="definition">To be used only if no error is returned.</param>
    public NetworkErrors ReadPortGroup(int index, out PortGroupDefinition definition)
    {
        definition = default;
        if (index < 0 || index >= PortGroupCount || !PortGroupDefinition.TryRead(PortGroupMessage(index), out definition))
            return NetworkErrors.Format;
        NetworkErrors errors = NetworkValidator.Validate(in definition, _header.NetworkCount);
        for (int i = 0; i < index; i++)
        {
            if (PortGroupDefinition.TryRead(PortGroupMessage(i), out PortGroupDefinition earlier) && earlier.Network == definition.Network
                && earlier.Name.SameAs(in definition.Name))
            {
                return errors | NetworkErrors.NameTaken;
            }
        }
        return errors;
    }

    /// <summary>Reads and validates a NIC's definition, by itself and beside the earlier ones.</summary>
    /// <param name="index">Any number; one that is not below <see cref="NicCount"/> is answered with <see cref="NetworkErrors.Format"/>.</param>
    /// <param name="definition">To be used only if no error is returned.</param>
    public NetworkErrors ReadNic(int index, out NicDefinition definition)
    {
        definition = default;
        if (index < 0 || index >= NicCount || !NicDefinition.TryRead(NicMessage(index), out definition))
            return NetworkErrors.Format;
        NetworkErrors errors = NetworkValidator.Validate(in definition, _header.DefinitionCount, _header.PortGroupCount);
        int others = 0;
        for (int i = 0; i < index; i++)
        {
            NicDefinition.TryRead(NicMessage(i), out NicDefinition earlier);
            if (earlier.Address.Value == definition.Address.Value)
                errors |= NetworkErrors.AddressTaken;
            if (earlier.Vm != definition.Vm)
                continue;
            if (earlier.Name.SameAs(in definition.Name))
                errors |= NetworkErrors.NameTaken;
            if (++others == NicDefinition.MaxPerVm)
                errors |= NetworkErrors.TooManyNics;
        }
        return errors;
    }

    /// <summary>Reads and validates a disk's definition, by itself, beside the earlier ones and with its image.</summary>
    /// <param name="index">Any number; one that is not below <see cref="DiskCount"/> is answered with <see cref="DiskErrors.Format"/>.</param>
    /// <param name="definition">To be used only if no error is returned, but for its VM and name in the report.</param>
    public DiskErrors ReadDisk(int index, out DiskDefinition definition)
    {
        definition = default;
        if (index < 0 || index >= DiskCount || !DiskDefinition.TryRead(DiskMessage(index), out definition))
            return DiskErrors.Format;
        TryGetBlob(definition.Image, out Blob image);
        DiskErrors errors = DiskValidator.Validate(in definition, _header.DefinitionCount, _header.BlobCount, (ulong)image.Content.Length);
        int others = 0;
        for (int i = 0; i < index; i++)
        {
            DiskDefinition.TryRead(DiskMessage(i), out DiskDefinition earlier);
            if (earlier.Vm != definition.Vm)
                continue;
            if (earlier.Name.SameAs(in definition.Name))
                errors |= DiskErrors.NameTaken;
            if (++others == DiskDefinition.MaxPerVm)
                errors |= DiskErrors.TooManyDisks;
        }
        return errors;
    }

    /// <param name="index">Any number.</param>
    /// <returns>False if there is no such blob.</returns>
    public bool TryGetBlob(uint index, out Blob blob)
    {
        blob = default;
        if (index >= _header.BlobCount)
            return false;
        ReadOnlySpan<byte> row = BlobRow((int)index);
        if (!BundleBlob.TryRead(row, out BundleBlob place))
            return false;
        ReadOnlySpan<byte> name = row.Slice(BundleBlob.NameOffset, BundleBlob.MaxNameLength);
        int end = name.IndexOf((byte)0);
        blob = new Blob(
            end < 0 ? name : name.Slice(0, end),
            row.Slice(BundleBlob.Sha256Offset, BundleHeader.Sha256Length),
            place.FileOffset,
            _bundle.Slice((int)place.FileOffset, (int)place.Length));
        return true;
    }

    /// <summary>What is wrong, in words for the log.</summary>
    public static ReadOnlySpan<byte> Describe(BundleStatus status) => status switch
    {
        BundleStatus.Valid => "valid"u8,
        BundleStatus.TooShort => "shorter than a header"u8,
        BundleStatus.NotABundle => "not a bundle"u8,
        BundleStatus.WrongVersion => "of another version"u8,
        BundleStatus.Truncated => "truncated"u8,
        BundleStatus.UnknownAllStoppedAction => "onAllStopped is unknown"u8,
        BundleStatus.TooManyDefinitions => "too many VMs"u8,
        BundleStatus.TooManyBlobs => "too many blobs"u8,
        BundleStatus.TooManyNetworks => "too many networks, port groups or NICs"u8,
        BundleStatus.TooManyDisks => "too many disks"u8,
        BundleStatus.TooManyProcesses => "too many processes"u8,
        BundleStatus.TablesOutOfRange => "ends within its tables"u8,
        BundleStatus.BlobNotPageAligned => "a blob is not page-aligned"u8,
        BundleStatus.BlobOutOfRange => "a blob lies outside of it"u8,
        BundleStatus.BlobNameNotPrintable => "a blob's name is not printable"u8,
        _ => "unknown"u8,
    };

    private static BundleStatus Check(in BundleHeader header, int fileLength)
    {
        if (header.Magic != BundleHeader.ExpectedMagic)
            return BundleStatus.NotABundle;
        if (header.Version != BundleHeader.CurrentVersion)
            return BundleStatus.WrongVersion;
        if (header.TotalLength > (ulong)fileLength)
            return BundleStatus.Truncated;
        if (header.OnAllStopped is not (AllStoppedAction.Stay or AllStoppedAction.PowerOff or AllStoppedAction.Reboot))
            return BundleStatus.UnknownAllStoppedAction;
        if (header.DefinitionCount > MaxDefinitions)
            return BundleStatus.TooManyDefinitions;
        if (header.BlobCount > MaxBlobs)
            return BundleStatus.TooManyBlobs;
        if (header.NetworkCount > MaxNetworks || header.PortGroupCount > MaxPortGroups || header.NicCount > MaxNics)
            return BundleStatus.TooManyNetworks;
        if (header.DiskCount > MaxDisks)
            return BundleStatus.TooManyDisks;
        if (header.ProcessCount > MaxProcesses)
            return BundleStatus.TooManyProcesses;
        return header.TablesLength > header.TotalLength ? BundleStatus.TablesOutOfRange : BundleStatus.Valid;
    }

    private BundleStatus CheckBlob(int index)
    {
        ReadOnlySpan<byte> row = BlobRow(index);
        if (!BundleBlob.TryRead(row, out BundleBlob place) || place.FileOffset < _header.TablesLength || place.FileOffset > _header.TotalLength
            || place.Length > _header.TotalLength - place.FileOffset)
        {
            return BundleStatus.BlobOutOfRange;
        }
        if (!Alignment.IsAligned(place.FileOffset, Size.Page))
            return BundleStatus.BlobNotPageAligned;
        bool ended = false;
        foreach (byte character in row.Slice(BundleBlob.NameOffset, BundleBlob.MaxNameLength))
        {
            ended |= character == 0;
            if (ended ? character != 0 : character is < 0x20 or > 0x7E)
                return BundleStatus.BlobNameNotPrintable;
        }
        return BundleStatus.Valid;
    }

    private ReadOnlySpan<byte> DefinitionMessage(int index) => _bundle.Slice(BundleHeader.Size + index * VmDefinition.Size, VmDefinition.Size);

    private ReadOnlySpan<byte> NetworkMessage(int index) =>
        _bundle.Slice((int)_header.NetworksOffset + index * NetworkDefinition.Size, NetworkDefinition.Size);

    private ReadOnlySpan<byte> PortGroupMessage(int index) =>
        _bundle.Slice((int)_header.PortGroupsOffset + index * PortGroupDefinition.Size, PortGroupDefinition.Size);

    private ReadOnlySpan<byte> NicMessage(int index) => _bundle.Slice((int)_header.NicsOffset + index * NicDefinition.Size, NicDefinition.Size);

    private ReadOnlySpan<byte> DiskMessage(int index) => _bundle.Slice((int)_header.DisksOffset + index * DiskDefinition.Size, DiskDefinition.Size);

    private ReadOnlySpan<byte> ProcessMessage(int index) =>
        _bundle.Slice((int)_header.ProcessesOffset + index * ProcessDefinition.Size, ProcessDefinition.Size);

    private ReadOnlySpan<byte> BlobRow(int index) => _bundle.Slice((int)_header.BlobsOffset + index * BundleBlob.Size, BundleBlob.Size);
}

/// <summary>A blob in its bundle; the spans point into the bundle.</summary>
public readonly ref struct Blob
{
    /// <summary>The file's name, for reports: printable ASCII.</summary>
    public readonly ReadOnlySpan<byte> Name;

    /// <summary>The hash that the bundle claims for <see cref="Content"/>.</summary>
    public readonly ReadOnlySpan<byte> Sha256;

    /// <summary>Where <see cref="Content"/> begins in the bundle, in bytes.</summary>
    public readonly ulong FileOffset;

    public readonly ReadOnlySpan<byte> Content;

    internal Blob(ReadOnlySpan<byte> name, ReadOnlySpan<byte> sha256, ulong fileOffset, ReadOnlySpan<byte> content)
    {
        Name = name;
        Sha256 = sha256;
        FileOffset = fileOffset;
        Content = content;
    }
}
