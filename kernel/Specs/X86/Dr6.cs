using System;

namespace HyperOS.Specs.X86;

/// <summary>Debug status. AMD APM vol. 2, "Debug-Status Register (DR6)".</summary>
[Flags]
public enum Dr6 : ulong
{
    /// <summary>Breakpoint 0 met.</summary>
    B0 = 1ul << 0,

    /// <summary>Breakpoint 1 met.</summary>
    B1 = 1ul << 1,

    /// <summary>Breakpoint 2 met.</summary>
    B2 = 1ul << 2,

    /// <summary>Breakpoint 3 met.</summary>
    B3 = 1ul << 3,

    /// <summary>Clear after a bus lock was detected.</summary>
    BLD = 1ul << 11,

    /// <summary>Debug register access detected.</summary>
    BD = 1ul << 13,

    /// <summary>Single step.</summary>
    BS = 1ul << 14,

    /// <summary>Task switch.</summary>
    BT = 1ul << 15,

    /// <summary>Clear inside a transactional region; else one.</summary>
    RTM = 1ul << 16,

    /// <summary>Value after reset: the bits that read as one.</summary>
    Reset = 0xFFFF0FF0ul,
}
