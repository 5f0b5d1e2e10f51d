using HyperOS.Core;

namespace HyperOS.Abi.Control;

/// <summary>
/// How a VM is:
/// <code>
///   Stopped -- start --> Running &lt;-- resume, pause --> Paused
///      ^                    |                            |
///      +------ stopped -----+------------- stop ---------+
///   Refused: its definition or its images are bad, or memory was short; a start is tried again
/// </code>
/// </summary>
public enum VmState : byte
{
    None = 0,
    Stopped = 1,
    Running = 2,
    Paused = 3,

    /// <summary>Running, and its power button was pressed.</summary>
    ShuttingDown = 4,

    /// <summary>Its vCPUs have ended; what it had is being taken back.</summary>
    Ending = 5,
    Refused = 6,
}

/// <summary>A VM as it is now.</summary>
public struct VmRecord : IControlRecord<VmRecord>
{
    public ulong Id;
    public VmState State;

    /// <summary>Of the last run that ended.</summary>
    public StopReason StopReason;

    public VmOptions Options;

    /// <summary>Of <see cref="StopReason.ExitCode"/>.</summary>
    public uint ExitCode;

    public uint CpuCount;

    /// <summary>Runs begun.</summary>
    public uint Starts;

    /// <summary>What it is defined to have, in bytes.</summary>
    public ulong MemoryBytes;

    /// <summary>The host's memory that it holds, in bytes.</summary>
    public ulong MemoryInUse;

    /// <summary>What its balloon was told to leave it, in bytes; <see cref="MemoryBytes"/> without one.</summary>
    public ulong MemoryTarget;

    /// <summary>Processor time of this run, or the last, in nanoseconds.</summary>
    public ulong CpuTime;

    /// <summary>When this run began, or the last, by the host's clock, in nanoseconds.</summary>
    public ulong StartedAt;

    /// <summary>Bytes that its disks read, since it was made.</summary>
    public ulong DiskRead;

    /// <summary>Bytes that its disks wrote, since it was made.</summary>
    public ulong DiskWritten;

    /// <summary>Where its console's output ends: bytes since it was made.</summary>
    public ulong ConsoleEnd;

    public DefinitionName Name;

    public static int Size => 88 + DefinitionName.Size;

    public static VmRecord Read(ref LittleEndianReader reader)
    {
        VmRecord vm = new()
        {
            Id = reader.ReadUInt64(),
            State = (VmState)reader.ReadByte(),
            StopReason = (StopReason)reader.ReadByte(),
            Options = (VmOptions)reader.ReadByte(),
        };
        reader.Skip(1);
        vm.ExitCode = reader.ReadUInt32();
        vm.CpuCount = reader.ReadUInt32();
        vm.Starts = reader.ReadUInt32();
        vm.MemoryBytes = reader.ReadUInt64();
        vm.MemoryInUse = reader.ReadUInt64();
        vm.MemoryTarget = reader.ReadUInt64();
        vm.CpuTime = reader.ReadUInt64();
        vm.StartedAt = reader.ReadUInt64();
        vm.DiskRead = reader.ReadUInt64();
        vm.DiskWritten = reader.ReadUInt64();
        vm.ConsoleEnd = reader.ReadUInt64();
        vm.Name = DefinitionName.Read(ref reader);
        return vm;
    }

    public readonly void Write(ref LittleEndianWriter writer)
    {
        writer.WriteUInt64(Id);
        writer.WriteByte((byte)State);
        writer.WriteByte((byte)StopReason);
        writer.WriteByte((byte)Options);
        writer.WriteByte(0);
        writer.WriteUInt32(ExitCode);
        writer.WriteUInt32(CpuCount);
        writer.WriteUInt32(Starts);
        writer.WriteUInt64(MemoryBytes);
        writer.WriteUInt64(MemoryInUse);
        writer.WriteUInt64(MemoryTarget);
        writer.WriteUInt64(CpuTime);
        writer.WriteUInt64(StartedAt);
        writer.WriteUInt64(DiskRead);
        writer.WriteUInt64(DiskWritten);
        writer.WriteUInt64(ConsoleEnd);
        Name.Write(ref writer);
    }
}

/// <summary>Exits of one kind, of all vCPUs of a VM together.</summary>
public struct VmExitRecord : IControlRecord<VmExitRecord>
{
    public VmExitKind Kind;
    public ulong Count;

    /// <summary>Ticks of the time-stamp counter that the host spent on them.</summary>
    public ulong Cycles;

    public static int Size => 24;

    public static VmExitRecord Read(ref LittleEndianReader reader)
    {
        VmExitRecord exits = new() { Kind = (VmExitKind)reader.ReadByte() };
        reader.Skip(7);
        exits.Count = reader.ReadUInt64();
        exits.Cycles = reader.ReadUInt64();
        return exits;
    }

    public readonly void Write(ref LittleEndianWriter writer)
    {
        writer.WriteByte((byte)Kind);
        writer.WriteBytes("\0\0\0\0\0\0\0"u8);
        writer.WriteUInt64(Count);
        writer.WriteUInt64(Cycles);
    }
}
