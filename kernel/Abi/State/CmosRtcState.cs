namespace HyperOS.Abi.State;

/// <summary>Saved state of an MC146818 with its CMOS memory.</summary>
public struct CmosRtcState
{
    public const uint CurrentVersion = 1;

    public uint Version;

    /// <summary>The index last written to port 70h, with the NMI mask in bit 7.</summary>
    public byte Index;

    /// <summary>Registers and CMOS memory; the clock's bytes count only while the clock is stopped.</summary>
    public Bytes128 Registers;

    /// <summary>The clock, in seconds since 1970-01-01 of the guest's own calendar, at <see cref="SetAt"/>.</summary>
    public long Seconds;

    /// <summary>Nanoseconds into that second.</summary>
    public uint Phase;

    /// <summary>Guest time in nanoseconds at which the clock read <see cref="Seconds"/>.</summary>
    public ulong SetAt;

    /// <summary>Guest time in nanoseconds up to which flags have been raised.</summary>
    public ulong CheckedTo;
}
