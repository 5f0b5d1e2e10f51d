using System;

namespace HyperOS.Specs.X86;

/// <summary>Error code of #PF. AMD APM vol. 2, "Page-Fault Error Code".</summary>
[Flags]
public enum PageFaultErrorCode : uint
{
    /// <summary>A protection violation; clear: not present.</summary>
    P = 1u << 0,

    /// <summary>A write.</summary>
    RW = 1u << 1,

    /// <summary>From user mode.</summary>
    US = 1u << 2,

    /// <summary>A reserved bit was set.</summary>
    RSV = 1u << 3,

    /// <summary>An instruction fetch.</summary>
    ID = 1u << 4,

    /// <summary>A protection key.</summary>
    PK = 1u << 5,

    /// <summary>A shadow stack access.</summary>
    SS = 1u << 6,

    /// <summary>The reverse map check.</summary>
    RMP = 1u << 31,
}
