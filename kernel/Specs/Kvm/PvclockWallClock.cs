using System.Runtime.InteropServices;

namespace HyperOS.Specs.Kvm;

/// <summary>pvclock_wall_clock, 12 bytes: the wall clock at system time zero. Linux, Documentation/virt/kvm/x86/msr.rst.</summary>
[StructLayout(LayoutKind.Explicit, Size = 12)]
public struct PvclockWallClock
{
    /// <summary>Odd while the host updates the record.</summary>
    [FieldOffset(0x0)] public uint version;

    /// <summary>Seconds since 1970.</summary>
    [FieldOffset(0x4)] public uint sec;

    /// <summary>And nanoseconds.</summary>
    [FieldOffset(0x8)] public uint nsec;
}
