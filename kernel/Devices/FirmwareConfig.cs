using System;
using System.Buffers.Binary;
using HyperOS.Abi.State;
using HyperOS.Core;

namespace HyperOS.Devices;

/// <summary>Selector keys of the items that every fw_cfg device has.</summary>
public enum FirmwareConfigKey : ushort
{
    /// <summary>"QEMU".</summary>
    Signature = 0x00,

    /// <summary>Feature bits, a double word.</summary>
    Id = 0x01,

    /// <summary>The VM's UUID; zero here.</summary>
    Uuid = 0x02,

    /// <summary>Bytes of RAM, a quad word.</summary>
    RamSize = 0x03,

    /// <summary>One where there is no display, a word.</summary>
    NoGraphic = 0x04,

    /// <summary>Processors at power-on, a word.</summary>
    NumberOfCpus = 0x05,

    /// <summary>Processors there can ever be, a word.</summary>
    MaximumCpus = 0x0F,

    /// <summary>The list of files with their selectors, big-endian.</summary>
    FileDirectory = 0x19,

    /// <summary>The first file of the directory; the others follow.</summary>
    FirstFile = 0x20,
}

/// <summary>
/// The fw_cfg device, which hands configuration to firmware and kernels: QEMU documentation, "QEMU Firmware Configuration (fw_cfg)
/// Device". The traditional interface: select an item through port 510h, read it byte by byte through port 511h. There is no DMA interface
/// and the feature bits say so. Items are read-only.
/// </summary>
/// <remarks>The caller holds the lock of the VM's legacy devices. Files are added before the guest starts.</remarks>
public sealed class FirmwareConfig
{
    /// <summary>Files that fit.</summary>
    public const int MaximumFiles = 16;

    /// <summary>Bytes of a file's name, the terminating zero included.</summary>
    public const int NameBytes = 56;

    private const uint FeatureTraditional = 1;
    private const int DirectoryHeaderBytes = 4, DirectoryEntryBytes = 8 + NameBytes;

    /// <summary>Bit 14 of a selector asks for writing, bit 15 for the item space of the architecture.</summary>
    private const ushort ItemMask = 0x3FFF, ArchitectureSpace = 0x8000;

    // Configuration.
    private readonly byte[] _signature = new byte[4];
    private readonly byte[] _id = new byte[4];
    private readonly byte[] _uuid = new byte[16];
    private readonly byte[] _ramSize = new byte[8];
    private readonly byte[] _noGraphic = new byte[2];
    private readonly byte[] _cpus = new byte[2];
    private readonly byte[] _directory = new byte[DirectoryHeaderBytes + MaximumFiles * DirectoryEntryBytes];
    private readonly byte[]?[] _files = new byte[]?[MaximumFiles];
    private int _fileCount;

    // Guest-visible state.
    private ushort _selector;
    private uint _offset;

    /// <summary>A device that tells of <paramref name="cpus"/> processors, none to be added later, and <paramref name="ramBytes"/> of RAM.</summary>
    public FirmwareConfig(ushort cpus, ulong ramBytes)
    {
        "QEMU"u8.CopyTo(_signature);
        BinaryPrimitives.WriteUInt32LittleEndian(_id, FeatureTraditional);
        BinaryPrimitives.WriteUInt64LittleEndian(_ramSize, ramBytes);
        BinaryPrimitives.WriteUInt16LittleEndian(_noGraphic, 1);
        BinaryPrimitives.WriteUInt16LittleEndian(_cpus, cpus);
    }

    /// <summary>Selects the signature; the items stay.</summary>
    public void Reset()
    {
        _selector = 0;
        _offset = 0;
    }

    /// <summary>Adds a file, whose bytes are kept, not copied.</summary>
    /// <returns>False when the name is empty, too long or not ASCII, or there are <see cref="MaximumFiles"/> already.</returns>
    public bool TryAddFile(ReadOnlySpan<byte> name, byte[] content)
    {
        if (name.Length is 0 or >= NameBytes || _fileCount == MaximumFiles)
            return false;
        foreach (byte character in name)
        {
            if (character is <= 0x20 or >= 0x7F)
                return false;
        }
        Span<byte> entry = _directory.AsSpan(DirectoryHeaderBytes + _fileCount * DirectoryEntryBytes, DirectoryEntryBytes);
        BinaryPrimitives.WriteUInt32BigEndian(entry, (uint)content.Length);
        BinaryPrimitives.WriteUInt16BigEndian(entry.Slice(4), (ushort)((int)FirmwareConfigKey.FirstFile + _fileCount));
        name.CopyTo(entry.Slice(8));
        _files[_fileCount++] = content;
        BinaryPrimitives.WriteUInt32BigEndian(_directory, (uint)_fileCount);
        return true;
    }

    /// <summary>Writes port 510h, a word: selects an item and begins at its first byte.</summary>
    public void Select(ushort selector)
    {
        _selector = selector;
        _offset = 0;
    }

    /// <summary>Reads port 511h: the item's next byte, zero past its end.</summary>
    public byte ReadData()
    {
        FaultPoint.Hit(FaultPlace.FirmwareConfig);
        ReadOnlySpan<byte> item = Item();
        return _offset < (uint)item.Length ? item[(int)_offset++] : (byte)0;
    }

    /// <summary>Saves what is selected; the items are configuration.</summary>
    public void Save(out FirmwareConfigState state)
    {
        state = default;
        state.Version = FirmwareConfigState.CurrentVersion;
        state.Selector = _selector;
        state.Offset = _offset;
    }

    /// <summary>Restores a saved selection: any key and offset will do, for what is not there reads as zero.</summary>
    public RestoreStatus Restore(in FirmwareConfigState state)
    {
        if (state.Version != FirmwareConfigState.CurrentVersion)
            return RestoreStatus.UnknownVersion;
        _selector = state.Selector;
        _offset = state.Offset;
        return RestoreStatus.Restored;
    }

    private ReadOnlySpan<byte> Item()
    {
        if ((_selector & ArchitectureSpace) != 0)
            return default;
        int item = _selector & ItemMask;
        switch ((FirmwareConfigKey)item)
        {
            case FirmwareConfigKey.Signature: return _signature;
            case FirmwareConfigKey.Id: return _id;
            case FirmwareConfigKey.Uuid: return _uuid;
            case FirmwareConfigKey.RamSize: return _ramSize;
            case FirmwareConfigKey.NoGraphic: return _noGraphic;
            case FirmwareConfigKey.NumberOfCpus or FirmwareConfigKey.MaximumCpus: return _cpus;
            case FirmwareConfigKey.FileDirectory: return _directory.AsSpan(0, DirectoryHeaderBytes + _fileCount * DirectoryEntryBytes);
        }
        int file = item - (int)FirmwareConfigKey.FirstFile;
        return file >= 0 && file < _fileCount ? _files[file] : default;
    }
}
