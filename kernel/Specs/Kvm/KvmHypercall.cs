namespace HyperOS.Specs.Kvm;

/// <summary>Hypercall numbers, in RAX at VMMCALL or VMCALL; arguments in RBX, RCX, RDX, RSI. Linux, Documentation/virt/kvm/x86/hypercalls.rst.</summary>
public enum KvmHypercall : ulong
{
    /// <summary>Only causes an exit, so that pending interrupts are looked at.</summary>
    KVM_HC_VAPIC_POLL_IRQ = 1,

    /// <summary>Deprecated.</summary>
    KVM_HC_MMU_OP = 2,

    /// <summary>PowerPC only.</summary>
    KVM_HC_FEATURES = 3,

    /// <summary>Wakes the vCPU whose APIC id is in RCX.</summary>
    KVM_HC_KICK_CPU = 5,

    /// <summary>Fills a record of wall clock and TSC.</summary>
    KVM_HC_CLOCK_PAIRING = 9,

    /// <summary>Sends an IPI: bitmap low, bitmap high, lowest APIC id, ICR.</summary>
    KVM_HC_SEND_IPI = 10,

    /// <summary>Yields to the vCPU whose APIC id is in RBX.</summary>
    KVM_HC_SCHED_YIELD = 11,

    /// <summary>Maps a range as private or shared.</summary>
    KVM_HC_MAP_GPA_RANGE = 12,
}
