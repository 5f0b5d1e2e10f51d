using System;
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using HyperOS.Core;

namespace HyperOS.Abi;

/// <summary>What kind of machine the guest sees.</summary>
public enum VmClass : byte
{
    /// <summary>The kernel image is started directly; there is no firmware and no legacy hardware beyond what such a kernel needs.</summary>
    Microvm = 1,
}

/// <summary>Where the guest's first serial port leads.</summary>
public enum VmConsole : byte
{
    None = 0,

    /// <summary>The host's console, each line prefixed with the name of the VM; the first such VM gets what is typed.</summary>
    Host = 1,
}

/// <summary>When the kernel starts a stopped VM again by itself.</summary>
public enum VmRestart : byte
{
    Never = 0,

    /// <summary>After any stop but a power off, a kill and exit code 0.</summary>
    OnFailure = 1,

    /// <summary>After any stop but a kill.</summary>
    Always = 2,
}

[Flags]
public enum VmOptions : byte
{
    None = 0,

    /// <summary>Started as soon as the host is ready.</summary>
    Autostart = 1,

    /// <summary>A virtio balloon on the PCI bus: the guest gives memory back that it does not need.</summary>
    Balloon = 2,
}

/// <summary>Devices beyond those that the VM's class brings.</summary>
[Flags]
public enum VmDevices : uint
{
    None = 0,

    /// <summary>A byte, word or doubleword n written to port 0xF4 stops the VM with exit code n.</summary>
    TestExit = 1,

    /// <summary>A virtio entropy device on the PCI bus.</summary>
    Rng = 2,

    /// <summary>A virtio console on the PCI bus, beside the serial port and joined with it.</summary>
    Console = 4,
}

/// <summary>
/// Everything that makes a VM, as one message of fixed size: the image tool writes it into the bundle, management sends it to create a VM.
/// Integers are little-endian. A message proves nothing before <see cref="VmDefinitionValidator"/> has seen it.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = Size)]
public struct VmDefinition
{
    /// <summary>Length of the message in bytes.</summary>
    public const int Size = 0x860;

    public const uint CurrentVersion = 1;

    public const int MaxNameLength = 32;

    /// <summary>Of a VM whose file does not say.</summary>
    public const uint DefaultCpuShares = 1000;

    /// <summary>Of a VM whose file does not say: a minute, in nanoseconds.</summary>
    public const ulong DefaultShutdownTimeout = 60_000_000_000;

    /// <summary>Linux keeps 2,048 bytes for the command line on x86, of which the last is its terminating zero.</summary>
    public const int MaxCommandLineLength = 2047;

    /// <summary>In <see cref="Initrd"/>: the VM has none.</summary>
    public const uint NoBlob = uint.MaxValue;

    private const int LengthOffset = 0x00;
    private const int VersionOffset = 0x04;
    private const int MemoryBytesOffset = 0x08;
    private const int CpuCountOffset = 0x10;
    private const int KernelOffset = 0x14;
    private const int InitrdOffset = 0x18;
    private const int ClassOffset = 0x1C;
    private const int ConsoleOffset = 0x1D;
    private const int RestartOffset = 0x1E;
    private const int OptionsOffset = 0x1F;
    private const int DevicesOffset = 0x20;
    private const int NameLengthOffset = 0x24;
    private const int CommandLineLengthOffset = 0x26;
    private const int NameOffset = 0x28;
    private const int CommandLineOffset = 0x48;
    private const int CpuSharesOffset = 0x848;
    private const int CpuLimitOffset = 0x84C;
    private const int CpuPinsOffset = 0x850;
    private const int ShutdownTimeoutOffset = 0x858;

    /// <summary>Length of this message in bytes: <see cref="Size"/>.</summary>
    [FieldOffset(LengthOffset)] public uint Length;

    /// <summary><see cref="CurrentVersion"/>.</summary>
    [FieldOffset(VersionOffset)] public uint Version;

    /// <summary>The guest's RAM, in bytes.</summary>
    [FieldOffset(MemoryBytesOffset)] public ulong MemoryBytes;

    [FieldOffset(CpuCountOffset)] public uint CpuCount;

    /// <summary>Index into the bundle's blob table: a bzImage, PVH ELF or multiboot1 ELF.</summary>
    [FieldOffset(KernelOffset)] public uint Kernel;

    /// <summary>Index into the bundle's blob table, or <see cref="NoBlob"/>.</summary>
    [FieldOffset(InitrdOffset)] public uint Initrd;

    [FieldOffset(ClassOffset)] public VmClass Class;
    [FieldOffset(ConsoleOffset)] public VmConsole Console;
    [FieldOffset(RestartOffset)] public VmRestart Restart;
    [FieldOffset(OptionsOffset)] public VmOptions Options;
    [FieldOffset(DevicesOffset)] public VmDevices Devices;

    [FieldOffset(NameLengthOffset)] private ushort _nameLength;
    [FieldOffset(CommandLineLengthOffset)] private ushort _commandLineLength;
    [FieldOffset(NameOffset)] private NameBytes _name;
    [FieldOffset(CommandLineOffset)] private CommandLineBytes _commandLine;

    /// <summary>Weight of the VM's claim to processor time against other VMs': 1 to 1,000,000.</summary>
    [FieldOffset(CpuSharesOffset)] public uint CpuShares;

    /// <summary>The most processor time that the VM gets, in per cent of one processor; 0 for no limit.</summary>
    [FieldOffset(CpuLimitOffset)] public uint CpuLimit;

    /// <summary>The host's processors that the VM runs on, a bit for each; 0 for all.</summary>
    [FieldOffset(CpuPinsOffset)] public ulong CpuPins;

    /// <summary>How long the guest may take after the power button was pressed, in nanoseconds.</summary>
    [FieldOffset(ShutdownTimeoutOffset)] public ulong ShutdownTimeout;

    /// <summary>The length that the message claims, in bytes; only up to <see cref="MaxNameLength"/> of them are there.</summary>
    public readonly int NameLength => _nameLength;

    /// <summary>The length that the message claims, in bytes; only up to <see cref="MaxCommandLineLength"/> of them are there.</summary>
    public readonly int CommandLineLength => _commandLineLength;

    /// <summary>ASCII, without a terminating zero.</summary>
    [UnscopedRef]
    public readonly ReadOnlySpan<byte> Name => ((ReadOnlySpan<byte>)_name).Slice(0, Math.Min(NameLength, MaxNameLength));

    /// <summary>UTF-8, without a terminating zero.</summary>
    [UnscopedRef]
    public readonly ReadOnlySpan<byte> CommandLine =>
        ((ReadOnlySpan<byte>)_commandLine).Slice(0, Math.Min(CommandLineLength, MaxCommandLineLength));

    /// <summary>A message with this version's length and number, without initrd, and everything else zero.</summary>
    public static VmDefinition Empty => new()
    {
        Length = Size,
        Version = CurrentVersion,
        Initrd = NoBlob,
        CpuShares = DefaultCpuShares,
        ShutdownTimeout = DefaultShutdownTimeout,
    };

    /// <summary>The bytes behind the name and the command line are zero, so that one definition has one encoding.</summary>
    internal readonly bool IsPaddingZero =>
        IsZero(((ReadOnlySpan<byte>)_name).Slice(Name.Length)) && IsZero(((ReadOnlySpan<byte>)_commandLine).Slice(CommandLine.Length));

    /// <summary>Keeps what fits; the validator refuses a name that was longer.</summary>
    public void SetName(ReadOnlySpan<byte> name)
    {
        _nameLength = (ushort)Math.Min(name.Length, ushort.MaxValue);
        Span<byte> bytes = _name;
        bytes.Clear();
        name.Slice(0, Math.Min(name.Length, bytes.Length)).CopyTo(bytes);
    }

    /// <summary>Keeps what fits; the validator refuses a command line that was longer.</summary>
    public void SetCommandLine(ReadOnlySpan<byte> commandLine)
    {
        _commandLineLength = (ushort)Math.Min(commandLine.Length, ushort.MaxValue);
        Span<byte> bytes = _commandLine;
        bytes.Clear();
        commandLine.Slice(0, Math.Min(commandLine.Length, MaxCommandLineLength)).CopyTo(bytes);
    }

    /// <summary>Copies a message field by field; nothing is checked but that it is long enough.</summary>
    /// <returns>False if fewer than <see cref="Size"/> bytes are given.</returns>
    public static bool TryRead(ReadOnlySpan<byte> message, out VmDefinition definition)
    {
        definition = default;
        if (message.Length < Size)
            return false;
        definition.Length = BinaryPrimitives.ReadUInt32LittleEndian(message.Slice(LengthOffset));
        definition.Version = BinaryPrimitives.ReadUInt32LittleEndian(message.Slice(VersionOffset));
        definition.MemoryBytes = BinaryPrimitives.ReadUInt64LittleEndian(message.Slice(MemoryBytesOffset));
        definition.CpuCount = BinaryPrimitives.ReadUInt32LittleEndian(message.Slice(CpuCountOffset));
        definition.Kernel = BinaryPrimitives.ReadUInt32LittleEndian(message.Slice(KernelOffset));
        definition.Initrd = BinaryPrimitives.ReadUInt32LittleEndian(message.Slice(InitrdOffset));
        definition.Class = (VmClass)message[ClassOffset];
        definition.Console = (VmConsole)message[ConsoleOffset];
        definition.Restart = (VmRestart)message[RestartOffset];
        definition.Options = (VmOptions)message[OptionsOffset];
        definition.Devices = (VmDevices)BinaryPrimitives.ReadUInt32LittleEndian(message.Slice(DevicesOffset));
        definition._nameLength = BinaryPrimitives.ReadUInt16LittleEndian(message.Slice(NameLengthOffset));
        definition._commandLineLength = BinaryPrimitives.ReadUInt16LittleEndian(message.Slice(CommandLineLengthOffset));
        message.Slice(NameOffset, MaxNameLength).CopyTo(definition._name);
        message.Slice(CommandLineOffset, CommandLineBytes.Length).CopyTo(definition._commandLine);
        definition.CpuShares = BinaryPrimitives.ReadUInt32LittleEndian(message.Slice(CpuSharesOffset));
        definition.CpuLimit = BinaryPrimitives.ReadUInt32LittleEndian(message.Slice(CpuLimitOffset));
        definition.CpuPins = BinaryPrimitives.ReadUInt64LittleEndian(message.Slice(CpuPinsOffset));
        definition.ShutdownTimeout = BinaryPrimitives.ReadUInt64LittleEndian(message.Slice(ShutdownTimeoutOffset));
        return true;
    }

    /// <summary>The name in a message of <see cref="Size"/> bytes, where it lies.</summary>
    internal static ReadOnlySpan<byte> NameIn(ReadOnlySpan<byte> message) =>
        message.Slice(NameOffset, Math.Min((int)BinaryPrimitives.ReadUInt16LittleEndian(message.Slice(NameLengthOffset)), MaxNameLength));

    /// <returns>False if there is room for fewer than <see cref="Size"/> bytes.</returns>
    public readonly bool TryWrite(Span<byte> message)
    {
        if (message.Length < Size)
            return false;
        BinaryPrimitives.WriteUInt32LittleEndian(message.Slice(LengthOffset), Length);
        BinaryPrimitives.WriteUInt32LittleEndian(message.Slice(VersionOffset), Version);
        BinaryPrimitives.WriteUInt64LittleEndian(message.Slice(MemoryBytesOffset), MemoryBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(message.Slice(CpuCountOffset), CpuCount);
        BinaryPrimitives.WriteUInt32LittleEndian(message.Slice(KernelOffset), Kernel);
        BinaryPrimitives.WriteUInt32LittleEndian(message.Slice(InitrdOffset), Initrd);
        message[ClassOffset] = (byte)Class;
        message[ConsoleOffset] = (byte)Console;
        message[RestartOffset] = (byte)Restart;
        message[OptionsOffset] = (byte)Options;
        BinaryPrimitives.WriteUInt32LittleEndian(message.Slice(DevicesOffset), (uint)Devices);
        BinaryPrimitives.WriteUInt16LittleEndian(message.Slice(NameLengthOffset), _nameLength);
        BinaryPrimitives.WriteUInt16LittleEndian(message.Slice(CommandLineLengthOffset), _commandLineLength);
        ((ReadOnlySpan<byte>)_name).CopyTo(message.Slice(NameOffset));
        ((ReadOnlySpan<byte>)_commandLine).CopyTo(message.Slice(CommandLineOffset));
        BinaryPrimitives.WriteUInt32LittleEndian(message.Slice(CpuSharesOffset), CpuShares);
        BinaryPrimitives.WriteUInt32LittleEndian(message.Slice(CpuLimitOffset), CpuLimit);
        BinaryPrimitives.WriteUInt64LittleEndian(message.Slice(CpuPinsOffset), CpuPins);
        BinaryPrimitives.WriteUInt64LittleEndian(message.Slice(ShutdownTimeoutOffset), ShutdownTimeout);
        return true;
    }

    private static bool IsZero(ReadOnlySpan<byte> bytes)
    {
        foreach (byte value in bytes)
        {
            if (value != 0)
                return false;
        }
        return true;
    }

    [InlineArray(MaxNameLength)]
    private struct NameBytes
    {
        private byte _first;
    }

    [InlineArray(Length)]
    private struct CommandLineBytes
    {
        public const int Length = MaxCommandLineLength + 1;

        private byte _first;
    }
}
