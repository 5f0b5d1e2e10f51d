using System;

namespace HyperOS.Specs.X86;

/// <summary>Control register 0. AMD APM vol. 2, "CR0 Register".</summary>
[Flags]
public enum Cr0 : ulong
{
    /// <summary>Protection enabled.</summary>
    PE = 1ul << 0,

    /// <summary>Monitor coprocessor.</summary>
    MP = 1ul << 1,

    /// <summary>Emulate coprocessor.</summary>
    EM = 1ul << 2,

    /// <summary>Task switched.</summary>
    TS = 1ul << 3,

    /// <summary>Extension type: always one.</summary>
    ET = 1ul << 4,

    /// <summary>x87 errors are #MF.</summary>
    NE = 1ul << 5,

    /// <summary>Supervisor writes honour read-only pages.</summary>
    WP = 1ul << 16,

    /// <summary>Alignment checks.</summary>
    AM = 1ul << 18,

    /// <summary>Not writethrough.</summary>
    NW = 1ul << 29,

    /// <summary>Cache disable.</summary>
    CD = 1ul << 30,

    /// <summary>Paging.</summary>
    PG = 1ul << 31,
}
