using System;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using HyperOS.Core;

namespace HyperOS.Abi.Control;

/// <summary>What does not change while the host runs.</summary>
public struct HostInformation : IControlRecord<HostInformation>
{
    /// <summary>Wall clock when the host's clock was 0, in nanoseconds since 1970; 0 if the machine has none.</summary>
    public ulong StartedAt;

    /// <summary>In bytes.</summary>
    public ulong MemoryBytes;

    /// <summary>Ticks a second of the time-stamp counter, in which exits' cycles are counted.</summary>
    public ulong TicksPerSecond;

    /// <summary>Processors that run guests.</summary>
    public uint Processors;

    /// <summary>Most VMs that there can be.</summary>
    public uint MaxVms;

    public VmVendor Vendor;

    /// <summary>The processor's name for itself.</summary>
    public ShortText Processor;

    /// <summary>The kernel's version.</summary>
    public ShortText KernelVersion;

    public static int Size => 36 + 2 * ShortText.Size;

    public static HostInformation Read(ref LittleEndianReader reader)
    {
        HostInformation host = new()
        {
            StartedAt = reader.ReadUInt64(),
            MemoryBytes = reader.ReadUInt64(),
            TicksPerSecond = reader.ReadUInt64(),
            Processors = reader.ReadUInt32(),
            MaxVms = reader.ReadUInt32(),
            Vendor = (VmVendor)reader.ReadByte(),
        };
        reader.Skip(3);
        host.Processor = ShortText.Read(ref reader);
        host.KernelVersion = ShortText.Read(ref reader);
        return host;
    }

    public readonly void Write(ref LittleEndianWriter writer)
    {
        writer.WriteUInt64(StartedAt);
        writer.WriteUInt64(MemoryBytes);
        writer.WriteUInt64(TicksPerSecond);
        writer.WriteUInt32(Processors);
        writer.WriteUInt32(MaxVms);
        writer.WriteByte((byte)Vendor);
        writer.WriteBytes("\0\0\0"u8);
        Processor.Write(ref writer);
        KernelVersion.Write(ref writer);
    }
}

/// <summary>What does.</summary>
public struct HostStatistics : IControlRecord<HostStatistics>
{
    /// <summary>The host's clock: nanoseconds since its kernel began.</summary>
    public ulong Now;

    /// <summary>Memory that nobody has, in bytes.</summary>
    public ulong FreeMemory;

    /// <summary>Memory promised to VMs, whether they have touched it or not, in bytes.</summary>
    public ulong ReservedMemory;

    /// <summary>What a new VM could be promised, in bytes.</summary>
    public ulong AvailableMemory;

    /// <summary>Time in which processors ran anything, all together, in nanoseconds.</summary>
    public ulong BusyTime;

    /// <summary>Of it, time in which they ran VMs, in nanoseconds.</summary>
    public ulong VmTime;

    /// <summary>Of the disk that images and volumes are kept on, in bytes; 0 if there is none.</summary>
    public ulong StorageBytes;

    /// <summary>In bytes.</summary>
    public ulong FreeStorage;

    public uint Vms;
    public uint RunningVms;

    public static int Size => 72;

    public static HostStatistics Read(ref LittleEndianReader reader) => new()
    {
        Now = reader.ReadUInt64(),
        FreeMemory = reader.ReadUInt64(),
        ReservedMemory = reader.ReadUInt64(),
        AvailableMemory = reader.ReadUInt64(),
        BusyTime = reader.ReadUInt64(),
        VmTime = reader.ReadUInt64(),
        StorageBytes = reader.ReadUInt64(),
        FreeStorage = reader.ReadUInt64(),
        Vms = reader.ReadUInt32(),
        RunningVms = reader.ReadUInt32(),
    };

    public readonly void Write(ref LittleEndianWriter writer)
    {
        writer.WriteUInt64(Now);
        writer.WriteUInt64(FreeMemory);
        writer.WriteUInt64(ReservedMemory);
        writer.WriteUInt64(AvailableMemory);
        writer.WriteUInt64(BusyTime);
        writer.WriteUInt64(VmTime);
        writer.WriteUInt64(StorageBytes);
        writer.WriteUInt64(FreeStorage);
        writer.WriteUInt32(Vms);
        writer.WriteUInt32(RunningVms);
    }
}

/// <summary>What a device of the host is.</summary>
public enum DeviceKind : byte
{
    None = 0,

    /// <summary>A network card: an uplink's end.</summary>
    Nic = 1,

    /// <summary>A disk, with a device file of its own.</summary>
    Disk = 2,
}

/// <summary>How a device is.</summary>
[Flags]
public enum DeviceFlags : byte
{
    None = 0,

    /// <summary>Of a NIC: it has a link. Of a disk: it answers.</summary>
    Up = 1,

    /// <summary>It keeps the host's images and volumes.</summary>
    Storage = 2,
}

/// <summary>A device of the host.</summary>
public struct DeviceRecord : IControlRecord<DeviceRecord>
{
    public ulong Id;

    /// <summary>Of a NIC: its address. Of a disk: its size in bytes.</summary>
    public ulong Value;

    /// <summary>Of a NIC: bits a second, 0 if unknown. Of a disk: bytes of a sector.</summary>
    public ulong Rate;

    public DeviceKind Kind;
    public DeviceFlags Flags;

    /// <summary>As in nic0 or disk0.</summary>
    public ShortText Name;

    /// <summary>What it is, for people.</summary>
    public ShortText Model;

    public static int Size => 28 + 2 * ShortText.Size;

    public static DeviceRecord Read(ref LittleEndianReader reader)
    {
        DeviceRecord device = new()
        {
            Id = reader.ReadUInt64(),
            Value = reader.ReadUInt64(),
            Rate = reader.ReadUInt64(),
            Kind = (DeviceKind)reader.ReadByte(),
            Flags = (DeviceFlags)reader.ReadByte(),
        };
        reader.Skip(2);
        device.Name = ShortText.Read(ref reader);
        device.Model = ShortText.Read(ref reader);
        return device;
    }

    public readonly void Write(ref LittleEndianWriter writer)
    {
        writer.WriteUInt64(Id);
        writer.WriteUInt64(Value);
        writer.WriteUInt64(Rate);
        writer.WriteByte((byte)Kind);
        writer.WriteByte((byte)Flags);
        writer.WriteUInt16(0);
        Name.Write(ref writer);
        Model.Write(ref writer);
    }
}

/// <summary>At most 48 bytes of UTF-8, padded with zeros: for people to read.</summary>
public struct ShortText
{
    /// <summary>In bytes.</summary>
    public const int Size = 48;

    private TextBytes _bytes;

    /// <summary>Up to the first zero.</summary>
    [UnscopedRef]
    public readonly ReadOnlySpan<byte> Bytes
    {
        get
        {
            ReadOnlySpan<byte> bytes = _bytes;
            for (int i = 0; i < bytes.Length; i++)
            {
                if (bytes[i] == 0)
                    return bytes.Slice(0, i);
            }
            return bytes;
        }
    }

    /// <summary>Keeps what fits.</summary>
    public void Set(ReadOnlySpan<byte> text)
    {
        Span<byte> bytes = _bytes;
        bytes.Clear();
        text.Slice(0, Math.Min(text.Length, bytes.Length)).CopyTo(bytes);
    }

    internal static ShortText Read(ref LittleEndianReader reader)
    {
        ShortText text = default;
        if (reader.TryTake(Size, out ReadOnlySpan<byte> bytes))
            bytes.CopyTo(text._bytes);
        return text;
    }

    internal readonly void Write(ref LittleEndianWriter writer) => writer.WriteBytes(_bytes);

    [InlineArray(Size)]
    private struct TextBytes
    {
        private byte _first;
    }
}
