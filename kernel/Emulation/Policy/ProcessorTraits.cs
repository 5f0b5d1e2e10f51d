using System;

namespace HyperOS.Emulation;

/// <summary>
/// What the rows of the CPUID and MSR tables can depend on. The kernel offers the first group for a VM (it says that the code behind
/// the feature runs); the policy finds the second group in the host's CPUID and the VM's configuration.
/// </summary>
[Flags]
public enum ProcessorTraits : uint
{
    None = 0,

    /// <summary>Offered: the local APIC has x2APIC mode.</summary>
    X2Apic = 1u << 0,

    /// <summary>Offered: the local APIC's timer has the TSC deadline mode.</summary>
    TscDeadline = 1u << 1,

    /// <summary>Offered: IA32_TSC_ADJUST moves the guest's TSC.</summary>
    TscAdjust = 1u << 2,

    /// <summary>Offered: readings of the KVM clock on different vCPUs never go backwards.</summary>
    StableClock = 1u << 3,

    /// <summary>Offered: the steal time record is kept.</summary>
    StealTime = 1u << 4,

    /// <summary>Offered: KVM_HC_KICK_CPU wakes a halted vCPU.</summary>
    PvUnhalt = 1u << 5,

    /// <summary>Offered: TLB flushes asked for in the steal time record are done; needs <see cref="StealTime"/>.</summary>
    PvTlbFlush = 1u << 6,

    /// <summary>Offered: KVM_HC_SEND_IPI.</summary>
    PvSendIpi = 1u << 7,

    /// <summary>Offered: the guest's IA32_SPEC_CTRL is switched at entry and exit.</summary>
    SpecCtrl = 1u << 8,

    /// <summary>Offered: IA32_PRED_CMD reaches the processor.</summary>
    PredCmd = 1u << 9,

    /// <summary>Offered: IA32_ARCH_CAPABILITIES has a value for the guest.</summary>
    ArchCapabilities = 1u << 10,

    /// <summary>Offered: the EOI word is used; where the processor does the guest's EOIs there is nothing to leave out.</summary>
    PvEndOfInterrupt = 1u << 11,

    /// <summary>Offered: KVM_HC_SCHED_YIELD.</summary>
    PvSchedYield = 1u << 12,

    /// <summary>All that the kernel may offer.</summary>
    Offers = (1u << 13) - 1,

    /// <summary>Found: AMD, or a maker that builds on AMD's core.</summary>
    Amd = 1u << 16,

    /// <summary>Found: Intel.</summary>
    Intel = 1u << 17,

    /// <summary>Found: the VM has more than one vCPU.</summary>
    MultiProcessor = 1u << 18,

    /// <summary>Found: XSAVE with at least x87 and SSE.</summary>
    Xsave = 1u << 19,

    /// <summary>Found: the AVX state component.</summary>
    Avx = 1u << 20,

    /// <summary>Found: the three AVX-512 state components.</summary>
    Avx512 = 1u << 21,

    /// <summary>Found: RDTSCP or RDPID, which read TSC_AUX.</summary>
    TscAux = 1u << 22,

    /// <summary>Found: the host's TSC runs at one rate.</summary>
    InvariantTsc = 1u << 23,
}
