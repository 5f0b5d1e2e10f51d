namespace HyperOS.Abi.State;

/// <summary>A vCPU's saved part of the KVM interface: where its records are, and what it is owed.</summary>
public struct KvmRecordsState
{
    /// <summary>The version that this build writes.</summary>
    public const uint CurrentVersion = 1;

    /// <summary>Of the record's layout.</summary>
    public uint Version;

    /// <summary>The EOI word says that the guest may leave out the next EOI.</summary>
    public bool IsEndOfInterruptOffered;

    /// <summary>MSR_KVM_PV_EOI_EN as the guest wrote it.</summary>
    public ulong EndOfInterrupt;

    /// <summary>MSR_KVM_STEAL_TIME as the guest wrote it.</summary>
    public ulong StealTime;
}
