using System;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
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

    /// <summary>Memory in whole, aligned GiB as far as it goes, taken and cleared when the VM starts: page tables that a processor walks faster.</summary>
    HugePages = 4,
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
public struct VmDefinition
{
    /// <summary>Length of the message in bytes.</summary>
    public const int Size = 0x868;

    public const uint CurrentVersion = 2;

    /// <summary>Of a VM whose file does not say.</summary>
    public const uint DefaultCpuShares = 1000;

    /// <summary>Of a VM whose file does not say: a minute, in nanoseconds.</summary>
    public const ulong DefaultShutdownTimeout = 60_000_000_000;

    /// <summary>Linux keeps 2,048 bytes for the command line on x86, of which the last is its terminating zero.</summary>
    public const int MaxCommandLineLength = 2047;

    /// <summary>In <see cref="Initrd"/>: the VM has none.</summary>
    public const uint NoBlob = uint.MaxValue;

    private const int NameOffset = 0x24;

    /// <summary>Length of this message in bytes: <see cref="Size"/>.</summary>
    public uint Length;

    /// <summary><see cref="CurrentVersion"/>.</summary>
    public uint Version;

    /// <summary>The guest's RAM, in bytes.</summary>
    public ulong MemoryBytes;

    public uint CpuCount;

    /// <summary>Index into the bundle's blob table: a bzImage, PVH ELF or multiboot1 ELF.</summary>
    public uint Kernel;

    /// <summary>Index into the bundle's blob table, or <see cref="NoBlob"/>.</summary>
    public uint Initrd;

    public VmClass Class;
    public VmConsole Console;
    public VmRestart Restart;
    public VmOptions Options;
    public VmDevices Devices;
    public DefinitionName Name;

    private CommandLineBytes _commandLine;
    private uint _commandLineLength;

    /// <summary>Weight of the VM's claim to processor time against other VMs': 1 to 1,000,000.</summary>
    public uint CpuShares;

    /// <summary>The most processor time that the VM gets, in per cent of one processor; 0 for no limit.</summary>
    public uint CpuLimit;

    /// <summary>How fast the guest's time-stamp counters run, in kHz; 0 for as fast as the host's.</summary>
    public uint TscKHz;

    /// <summary>The host's processors that the VM runs on, a bit for each; 0 for all.</summary>
    public ulong CpuPins;

    /// <summary>How long the guest may take after the power button was pressed, in nanoseconds.</summary>
    public ulong ShutdownTimeout;

    /// <summary>The length that the message claims, in bytes; only up to <see cref="MaxCommandLineLength"/> of them are there.</summary>
    public readonly uint CommandLineLength => _commandLineLength;

    /// <summary>UTF-8, without a terminating zero.</summary>
    [UnscopedRef]
    public readonly ReadOnlySpan<byte> CommandLine =>
        ((ReadOnlySpan<byte>)_commandLine).Slice(0, (int)Math.Min(CommandLineLength, MaxCommandLineLength));

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
    internal readonly bool IsPaddingZero
    {
        get
        {
            foreach (byte value in ((ReadOnlySpan<byte>)_commandLine).Slice(CommandLine.Length))
            {
                if (value != 0)
                    return false;
            }
            return Name.IsPaddingZero;
        }
    }

    /// <summary>Keeps what fits; the validator refuses a command line that was longer.</summary>
    public void SetCommandLine(ReadOnlySpan<byte> commandLine)
    {
        _commandLineLength = (uint)commandLine.Length;
        Span<byte> bytes = _commandLine;
        bytes.Clear();
        commandLine.Slice(0, Math.Min(commandLine.Length, MaxCommandLineLength)).CopyTo(bytes);
    }

    /// <summary>Copies a message field by field; nothing is checked but that it is long enough.</summary>
    /// <returns>False if fewer than <see cref="Size"/> bytes are given.</returns>
    public static bool TryRead(ReadOnlySpan<byte> message, out VmDefinition definition)
    {
        definition = default;
        LittleEndianReader reader = new(message);
        definition.Length = reader.ReadUInt32();
        definition.Version = reader.ReadUInt32();
        definition.MemoryBytes = reader.ReadUInt64();
        definition.CpuCount = reader.ReadUInt32();
        definition.Kernel = reader.ReadUInt32();
        definition.Initrd = reader.ReadUInt32();
        definition.Class = (VmClass)reader.ReadByte();
        definition.Console = (VmConsole)reader.ReadByte();
        definition.Restart = (VmRestart)reader.ReadByte();
        definition.Options = (VmOptions)reader.ReadByte();
        definition.Devices = (VmDevices)reader.ReadUInt32();
        definition.Name = DefinitionName.Read(ref reader);
        if (reader.TryTake(CommandLineBytes.Length, out ReadOnlySpan<byte> commandLine))
            commandLine.CopyTo(definition._commandLine);
        definition._commandLineLength = reader.ReadUInt32();
        definition.CpuShares = reader.ReadUInt32();
        definition.CpuLimit = reader.ReadUInt32();
        definition.TscKHz = reader.ReadUInt32();
        definition.CpuPins = reader.ReadUInt64();
        definition.ShutdownTimeout = reader.ReadUInt64();
        return !reader.Overrun;
    }

    /// <summary>The name in a message of <see cref="Size"/> bytes, where it lies.</summary>
    internal static ReadOnlySpan<byte> NameIn(ReadOnlySpan<byte> message) => DefinitionName.In(message.Slice(NameOffset));

    /// <returns>False if there is room for fewer than <see cref="Size"/> bytes.</returns>
    public readonly bool TryWrite(Span<byte> message)
    {
        LittleEndianWriter writer = new(message);
        writer.WriteUInt32(Length);
        writer.WriteUInt32(Version);
        writer.WriteUInt64(MemoryBytes);
        writer.WriteUInt32(CpuCount);
        writer.WriteUInt32(Kernel);
        writer.WriteUInt32(Initrd);
        writer.WriteByte((byte)Class);
        writer.WriteByte((byte)Console);
        writer.WriteByte((byte)Restart);
        writer.WriteByte((byte)Options);
        writer.WriteUInt32((uint)Devices);
        Name.Write(ref writer);
        writer.WriteBytes(_commandLine);
        writer.WriteUInt32(_commandLineLength);
        writer.WriteUInt32(CpuShares);
        writer.WriteUInt32(CpuLimit);
        writer.WriteUInt32(TscKHz);
        writer.WriteUInt64(CpuPins);
        writer.WriteUInt64(ShutdownTimeout);
        return !writer.Overrun;
    }

    [InlineArray(Length)]
    private struct CommandLineBytes
    {
        public const int Length = MaxCommandLineLength + 1;

        private byte _first;
    }
}
