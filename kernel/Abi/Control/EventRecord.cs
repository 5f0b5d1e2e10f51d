using HyperOS.Core;

namespace HyperOS.Abi.Control;

/// <summary>What an event tells.</summary>
public enum EventKind : ushort
{
    None = 0,

    /// <summary>Events were lost: what the reader knows may be old, and is to be asked for anew. The sequence number is that of the last one lost.</summary>
    Resync = 1,

    /// <summary>A VM is in another state, or was made; the detail is its <see cref="VmState"/> and from bit 8 on its <see cref="StopReason"/>.</summary>
    VmChanged = 2,
    VmDeleted = 3,
    ImageChanged = 4,
    ImageDeleted = 5,

    /// <summary>A network or a port group of it was made or changed; the subject is the network.</summary>
    NetworkChanged = 6,
    NetworkDeleted = 7,

    /// <summary>A port came, went, or its link changed; the subject is the network.</summary>
    PortsChanged = 8,

    /// <summary>A network card's link or a disk changed.</summary>
    DeviceChanged = 9,

    /// <summary>The host is to end; the detail is a <see cref="HostEndAction"/>.</summary>
    HostEnds = 10,

    /// <summary>A guest's balloon has answered; the subject is the VM.</summary>
    VmMemory = 11,

    VolumeChanged = 12,
    VolumeDeleted = 13,
}

/// <summary>An event: a read of <see cref="DevicePaths.Events"/> gives as many as there are and room is for, at least one.</summary>
public struct EventRecord : IControlRecord<EventRecord>
{
    /// <summary>Counts from 1 in the order of what happened, without gaps but those that <see cref="EventKind.Resync"/> tells.</summary>
    public ulong Sequence;

    /// <summary>By the host's clock, in nanoseconds.</summary>
    public ulong Time;

    /// <summary>Of whom it tells.</summary>
    public ulong Subject;

    public ulong Detail;
    public EventKind Kind;

    public static int Size => 40;

    public static EventRecord Read(ref LittleEndianReader reader)
    {
        EventRecord record = new()
        {
            Sequence = reader.ReadUInt64(),
            Time = reader.ReadUInt64(),
            Subject = reader.ReadUInt64(),
            Detail = reader.ReadUInt64(),
            Kind = (EventKind)reader.ReadUInt16(),
        };
        reader.Skip(6);
        return record;
    }

    public readonly void Write(ref LittleEndianWriter writer)
    {
        writer.WriteUInt64(Sequence);
        writer.WriteUInt64(Time);
        writer.WriteUInt64(Subject);
        writer.WriteUInt64(Detail);
        writer.WriteUInt16((ushort)Kind);
        writer.WriteBytes("\0\0\0\0\0\0"u8);
    }
}
