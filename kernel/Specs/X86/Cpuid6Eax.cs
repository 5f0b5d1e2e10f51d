using System;

namespace HyperOS.Specs.X86;

/// <summary>CPUID leaf 6 EAX. Intel SDM vol. 2A, "CPUID".</summary>
[Flags]
public enum Cpuid6Eax : uint
{
    /// <summary>Digital thermal sensor.</summary>
    DTS = 1u << 0,

    /// <summary>Turbo boost.</summary>
    TurboBoost = 1u << 1,

    /// <summary>The APIC timer runs in all power states.</summary>
    ARAT = 1u << 2,

    /// <summary>Power limit notification.</summary>
    PLN = 1u << 4,

    /// <summary>Clock modulation in finer steps.</summary>
    ECMD = 1u << 5,

    /// <summary>Package thermal management.</summary>
    PTM = 1u << 6,

    /// <summary>Hardware-controlled performance states.</summary>
    HWP = 1u << 7,
}
