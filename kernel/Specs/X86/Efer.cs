using System;

namespace HyperOS.Specs.X86;

/// <summary>Extended feature enable register, MSR C000_0080h. AMD APM vol. 2, "Extended Feature Enable Register (EFER)".</summary>
[Flags]
public enum Efer : ulong
{
    /// <summary>SYSCALL and SYSRET.</summary>
    SCE = 1ul << 0,

    /// <summary>Long mode enabled.</summary>
    LME = 1ul << 8,

    /// <summary>Long mode active: LME and CR0.PG.</summary>
    LMA = 1ul << 10,

    /// <summary>No-execute pages.</summary>
    NXE = 1ul << 11,

    /// <summary>SVM.</summary>
    SVME = 1ul << 12,

    /// <summary>Long mode segment limits.</summary>
    LMSLE = 1ul << 13,

    /// <summary>Fast FXSAVE and FXRSTOR.</summary>
    FFXSR = 1ul << 14,

    /// <summary>Translation cache extension.</summary>
    TCE = 1ul << 15,

    /// <summary>MCOMMIT.</summary>
    MCOMMIT = 1ul << 17,

    /// <summary>WBINVD and WBNOINVD are interruptible.</summary>
    INTWB = 1ul << 18,

    /// <summary>Upper address ignore.</summary>
    UAIE = 1ul << 20,

    /// <summary>Automatic IBRS.</summary>
    AIBRSE = 1ul << 21,
}
