using System;

namespace HyperOS.Specs.Kvm;

/// <summary>Field preempted of kvm_steal_time. Linux, Documentation/virt/kvm/x86/msr.rst.</summary>
[Flags]
public enum KvmPreempted : byte
{
    /// <summary>The vCPU is not running.</summary>
    KVM_VCPU_PREEMPTED = 1 << 0,

    /// <summary>The host is to flush the vCPU's TLB before it runs again.</summary>
    KVM_VCPU_FLUSH_TLB = 1 << 1,
}
