using System;

namespace HyperOS.Specs.Kvm;

/// <summary>CPUID leaf 4000_0001h EDX. Linux, Documentation/virt/kvm/x86/cpuid.rst.</summary>
[Flags]
public enum KvmHints : uint
{
    /// <summary>vCPUs are never preempted for long.</summary>
    REALTIME = 1u << 0,
}
