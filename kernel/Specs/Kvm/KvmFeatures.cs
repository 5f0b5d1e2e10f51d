using System;

namespace HyperOS.Specs.Kvm;

/// <summary>CPUID leaf 4000_0001h EAX. Linux, Documentation/virt/kvm/x86/cpuid.rst.</summary>
[Flags]
public enum KvmFeatures : uint
{
    /// <summary>Clock at the old MSR numbers.</summary>
    CLOCKSOURCE = 1u << 0,

    /// <summary>Port I/O needs no delay.</summary>
    NOP_IO_DELAY = 1u << 1,

    /// <summary>Deprecated.</summary>
    MMU_OP = 1u << 2,

    /// <summary>Clock at the new MSR numbers.</summary>
    CLOCKSOURCE2 = 1u << 3,

    /// <summary>Asynchronous page faults.</summary>
    ASYNC_PF = 1u << 4,

    /// <summary>Steal time.</summary>
    STEAL_TIME = 1u << 5,

    /// <summary>Paravirtual end of interrupt.</summary>
    PV_EOI = 1u << 6,

    /// <summary>Spinlocks that kick a halted vCPU.</summary>
    PV_UNHALT = 1u << 7,

    /// <summary>TLB flush of preempted vCPUs through the steal time record.</summary>
    PV_TLB_FLUSH = 1u << 9,

    /// <summary>Asynchronous page faults as exits.</summary>
    ASYNC_PF_VMEXIT = 1u << 10,

    /// <summary>IPIs to many by hypercall.</summary>
    PV_SEND_IPI = 1u << 11,

    /// <summary>Host-side polling on HLT can be switched off.</summary>
    POLL_CONTROL = 1u << 12,

    /// <summary>Yield to a vCPU by hypercall.</summary>
    PV_SCHED_YIELD = 1u << 13,

    /// <summary>Asynchronous page fault completion by interrupt.</summary>
    ASYNC_PF_INT = 1u << 14,

    /// <summary>15-bit destination ids in MSI addresses.</summary>
    MSI_EXT_DEST_ID = 1u << 15,

    /// <summary>Map hypercall.</summary>
    HC_MAP_GPA_RANGE = 1u << 16,

    /// <summary>Migration can be held off.</summary>
    MIGRATION_CONTROL = 1u << 17,

    /// <summary>The clock's flags are valid: no warp between vCPUs.</summary>
    CLOCKSOURCE_STABLE_BIT = 1u << 24,
}
