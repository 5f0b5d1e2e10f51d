using System;

namespace HyperOS.Specs.X86;

/// <summary>CPUID Fn8000_0001 ECX. AMD APM vol. 3, appendix "Obtaining Processor Information Via the CPUID Instruction".</summary>
[Flags]
public enum Cpuid80000001Ecx : uint
{
    /// <summary>LAHF and SAHF in 64-bit mode.</summary>
    LahfSahf = 1u << 0,

    /// <summary>Legacy multi-core mode: HTT counts cores.</summary>
    CmpLegacy = 1u << 1,

    /// <summary>SVM.</summary>
    SVM = 1u << 2,

    /// <summary>Extended APIC registers.</summary>
    ExtApicSpace = 1u << 3,

    /// <summary>LOCK MOV CR0 is MOV CR8.</summary>
    AltMovCr8 = 1u << 4,

    /// <summary>LZCNT.</summary>
    ABM = 1u << 5,

    /// <summary>SSE4A.</summary>
    SSE4A = 1u << 6,

    /// <summary>Misaligned SSE mode.</summary>
    MisAlignSse = 1u << 7,

    /// <summary>PREFETCH and PREFETCHW.</summary>
    ThreeDNowPrefetch = 1u << 8,

    /// <summary>OS visible workarounds.</summary>
    OSVW = 1u << 9,

    /// <summary>Instruction based sampling.</summary>
    IBS = 1u << 10,

    /// <summary>XOP.</summary>
    XOP = 1u << 11,

    /// <summary>SKINIT and STGI.</summary>
    SKINIT = 1u << 12,

    /// <summary>Watchdog timer.</summary>
    WDT = 1u << 13,

    /// <summary>Lightweight profiling.</summary>
    LWP = 1u << 15,

    /// <summary>FMA4.</summary>
    FMA4 = 1u << 16,

    /// <summary>Translation cache extension.</summary>
    TCE = 1u << 17,

    /// <summary>Trailing bit manipulation.</summary>
    TBM = 1u << 21,

    /// <summary>Leaves 8000_001D and 8000_001E.</summary>
    TopologyExtensions = 1u << 22,

    /// <summary>Six core performance counters.</summary>
    PerfCtrExtCore = 1u << 23,

    /// <summary>Northbridge performance counters.</summary>
    PerfCtrExtNB = 1u << 24,

    /// <summary>Data breakpoint masks.</summary>
    DataBkptExt = 1u << 26,

    /// <summary>Performance TSC.</summary>
    PerfTsc = 1u << 27,

    /// <summary>L3 performance counters.</summary>
    PerfCtrExtLLC = 1u << 28,

    /// <summary>MONITORX and MWAITX.</summary>
    MONITORX = 1u << 29,

    /// <summary>Wider breakpoint address masks.</summary>
    AddrMaskExt = 1u << 30,
}
