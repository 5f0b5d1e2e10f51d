using System.Runtime.InteropServices;

namespace HyperOS.Specs.Kvm;

/// <summary>pvclock_vcpu_time_info, 32 bytes, packed. Linux, Documentation/virt/kvm/x86/msr.rst.</summary>
[StructLayout(LayoutKind.Explicit, Size = 32)]
public struct PvclockVcpuTimeInfo
{
    /// <summary>Odd while the host updates the record.</summary>
    [FieldOffset(0x00)] public uint version;

    /// <summary>The guest's TSC at the update.</summary>
    [FieldOffset(0x08)] public ulong tsc_timestamp;

    /// <summary>Nanoseconds since the VM's boot at the update.</summary>
    [FieldOffset(0x10)] public ulong system_time;

    /// <summary>Nanoseconds a (shifted) tick, as a 32-bit binary fraction.</summary>
    [FieldOffset(0x18)] public uint tsc_to_system_mul;

    /// <summary>Ticks are shifted left by it, or right when negative, before the multiplication.</summary>
    [FieldOffset(0x1C)] public sbyte tsc_shift;

    /// <summary>What the clock promises.</summary>
    [FieldOffset(0x1D)] public PvclockFlags flags;
}
