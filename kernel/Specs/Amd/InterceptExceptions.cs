using System;

namespace HyperOS.Specs.Amd;

/// <summary>Exception intercepts at VMCB offset 008h: bit n is vector n. AMD APM vol. 2, appendix "Layout of VMCB".</summary>
[Flags]
public enum InterceptExceptions : uint
{
    /// <summary>Vector 0.</summary>
    DE = 1u << 0,

    /// <summary>Vector 1.</summary>
    DB = 1u << 1,

    /// <summary>Vector 3.</summary>
    BP = 1u << 3,

    /// <summary>Vector 4.</summary>
    OF = 1u << 4,

    /// <summary>Vector 5.</summary>
    BR = 1u << 5,

    /// <summary>Vector 6.</summary>
    UD = 1u << 6,

    /// <summary>Vector 7.</summary>
    NM = 1u << 7,

    /// <summary>Vector 8.</summary>
    DF = 1u << 8,

    /// <summary>Vector 10.</summary>
    TS = 1u << 10,

    /// <summary>Vector 11.</summary>
    NP = 1u << 11,

    /// <summary>Vector 12.</summary>
    SS = 1u << 12,

    /// <summary>Vector 13.</summary>
    GP = 1u << 13,

    /// <summary>Vector 14.</summary>
    PF = 1u << 14,

    /// <summary>Vector 16.</summary>
    MF = 1u << 16,

    /// <summary>Vector 17.</summary>
    AC = 1u << 17,

    /// <summary>Vector 18.</summary>
    MC = 1u << 18,

    /// <summary>Vector 19.</summary>
    XF = 1u << 19,

    /// <summary>Vector 21.</summary>
    CP = 1u << 21,

    /// <summary>Vector 28.</summary>
    HV = 1u << 28,

    /// <summary>Vector 29.</summary>
    VC = 1u << 29,

    /// <summary>Vector 30.</summary>
    SX = 1u << 30,
}
