using System;

namespace HyperOS.Specs.X86;

/// <summary>Debug control. AMD APM vol. 2, "Debug-Control Register (DR7)".</summary>
[Flags]
public enum Dr7 : ulong
{
    /// <summary>Breakpoint 0, local.</summary>
    L0 = 1ul << 0,

    /// <summary>Breakpoint 0, global.</summary>
    G0 = 1ul << 1,

    /// <summary>Breakpoint 1, local.</summary>
    L1 = 1ul << 2,

    /// <summary>Breakpoint 1, global.</summary>
    G1 = 1ul << 3,

    /// <summary>Breakpoint 2, local.</summary>
    L2 = 1ul << 4,

    /// <summary>Breakpoint 2, global.</summary>
    G2 = 1ul << 5,

    /// <summary>Breakpoint 3, local.</summary>
    L3 = 1ul << 6,

    /// <summary>Breakpoint 3, global.</summary>
    G3 = 1ul << 7,

    /// <summary>Exact, local; ignored.</summary>
    LE = 1ul << 8,

    /// <summary>Exact, global; ignored.</summary>
    GE = 1ul << 9,

    /// <summary>Value after reset: bit 10 reads as one.</summary>
    Reset = 0x400ul,

    /// <summary>Debug register accesses are #DB.</summary>
    GD = 1ul << 13,
}
