using System;

namespace HyperOS.Abi.State;

/// <summary>The yes-or-no part of a counter's state.</summary>
[Flags]
public enum Pit8254ChannelFlags : byte
{
    Bcd = 0x01,
    Gate = 0x02,

    /// <summary>A count has been written since the control word.</summary>
    HasCount = 0x04,

    /// <summary>A new count waits for the end of the current cycle.</summary>
    HasPendingCount = 0x08,

    Counting = 0x10,
    WritesHighByte = 0x20,
    ReadsHighByte = 0x40,
    StatusLatched = 0x80,
}

/// <summary>Saved state of one counter of an 8254. Times are ticks of the counter's clock since power-on.</summary>
public struct Pit8254ChannelState
{
    public byte Mode;
    public byte AccessMode;
    public Pit8254ChannelFlags Flags;
    public byte LowByteWritten;

    /// <summary>How many bytes of <see cref="LatchedCount"/> are still to be read: 0, 1 or 2.</summary>
    public byte LatchedBytes;

    public byte LatchedStatus;
    public ushort LatchedCount;
    public uint Count;
    public uint PendingCount;

    /// <summary>The tick from which <see cref="Held"/> counts on, while the counter counts.</summary>
    public ulong Start;

    /// <summary>Ticks counted before <see cref="Start"/>.</summary>
    public ulong Held;
}

/// <summary>Saved state of an 8254 and of port 61h.</summary>
public struct Pit8254State
{
    public const uint CurrentVersion = 1;

    public uint Version;
    public Pit8254ChannelState Channel0;
    public Pit8254ChannelState Channel1;
    public Pit8254ChannelState Channel2;
    public byte PortB;

    /// <summary>The tick up to which counter 0's rising edges have been looked at.</summary>
    public ulong AdvancedTo;

    /// <summary>Ticks that counter 0 still owes the guest.</summary>
    public ulong OwedTicks;

    /// <summary>Guest time in nanoseconds at which the next owed tick is due.</summary>
    public ulong NextOwedTick;
}
