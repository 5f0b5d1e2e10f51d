namespace HyperOS.Specs.Kvm;

/// <summary>Bits in the KVM MSRs. Linux, Documentation/virt/kvm/x86/msr.rst.</summary>
public static class KvmMsrBits
{
    /// <summary>Bit 0 of SYSTEM_TIME, STEAL_TIME and PV_EOI_EN.</summary>
    public const ulong Enabled = 1ul << 0;

    /// <summary>Bits of SYSTEM_TIME that must be zero: the record is 4-byte aligned.</summary>
    public const ulong SystemTimeReserved = 0x2;

    /// <summary>Bits of STEAL_TIME that must be zero.</summary>
    public const ulong StealTimeReserved = 0x3E;

    /// <summary>Bits of PV_EOI_EN that must be zero.</summary>
    public const ulong PvEoiReserved = 0x2;

    /// <summary>Bit 0 of the guest's PV EOI word: the guest clears it in place of an EOI.</summary>
    public const ulong PvEoiPending = 1ul << 0;
}
