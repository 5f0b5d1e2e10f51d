using System.Runtime.InteropServices;

namespace HyperOS.Specs.Kvm;

/// <summary>kvm_steal_time, 64 bytes. Linux, Documentation/virt/kvm/x86/msr.rst.</summary>
[StructLayout(LayoutKind.Explicit, Size = 64)]
public struct KvmStealTime
{
    /// <summary>Nanoseconds in which the vCPU wanted to run and did not; an idle vCPU loses none.</summary>
    [FieldOffset(0x00)] public ulong steal;

    /// <summary>Odd while the host updates the record.</summary>
    [FieldOffset(0x08)] public uint version;

    /// <summary>Zero.</summary>
    [FieldOffset(0x0C)] public uint flags;

    /// <summary>Whether the vCPU is not running.</summary>
    [FieldOffset(0x10)] public KvmPreempted preempted;
}
