using System;

namespace HyperOS.Specs.Kvm;

/// <summary>Flags of pvclock_vcpu_time_info. Linux, Documentation/virt/kvm/x86/msr.rst.</summary>
[Flags]
public enum PvclockFlags : byte
{
    /// <summary>Readings of different vCPUs do not go backwards.</summary>
    PVCLOCK_TSC_STABLE_BIT = 1 << 0,

    /// <summary>The host had paused the guest; the guest clears it.</summary>
    PVCLOCK_GUEST_STOPPED = 1 << 1,
}
