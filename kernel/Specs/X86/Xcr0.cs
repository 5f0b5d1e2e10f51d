using System;

namespace HyperOS.Specs.X86;

/// <summary>State components that XSAVE manages. Intel SDM vol. 1, "XSAVE-Managed State"; AMD APM vol. 2, "XFEATURE_ENABLED_MASK".</summary>
[Flags]
public enum Xcr0 : ulong
{
    /// <summary>x87; must be set.</summary>
    X87 = 1ul << 0,

    /// <summary>XMM registers and MXCSR.</summary>
    SSE = 1ul << 1,

    /// <summary>Upper halves of the YMM registers.</summary>
    AVX = 1ul << 2,

    /// <summary>MPX bounds.</summary>
    BNDREGS = 1ul << 3,

    /// <summary>MPX control.</summary>
    BNDCSR = 1ul << 4,

    /// <summary>AVX-512 k registers.</summary>
    Opmask = 1ul << 5,

    /// <summary>Upper halves of ZMM0-15.</summary>
    ZMM_Hi256 = 1ul << 6,

    /// <summary>ZMM16-31.</summary>
    Hi16_ZMM = 1ul << 7,

    /// <summary>Protection keys.</summary>
    PKRU = 1ul << 9,

    /// <summary>AMX configuration.</summary>
    TILECFG = 1ul << 17,

    /// <summary>AMX tiles.</summary>
    TILEDATA = 1ul << 18,

    /// <summary>AMD lightweight profiling.</summary>
    LWP = 1ul << 62,
}
