using System;

namespace HyperOS.Specs.X86;

/// <summary>CPUID leaf 1 EDX. Intel SDM vol. 2A, "CPUID"; AMD APM vol. 3, appendix "Obtaining Processor Information Via the CPUID Instruction".</summary>
[Flags]
public enum Cpuid1Edx : uint
{
    /// <summary>x87.</summary>
    FPU = 1u << 0,

    /// <summary>Virtual-8086 extensions.</summary>
    VME = 1u << 1,

    /// <summary>Debugging extensions.</summary>
    DE = 1u << 2,

    /// <summary>Large pages.</summary>
    PSE = 1u << 3,

    /// <summary>Time stamp counter.</summary>
    TSC = 1u << 4,

    /// <summary>RDMSR and WRMSR.</summary>
    MSR = 1u << 5,

    /// <summary>Physical address extension.</summary>
    PAE = 1u << 6,

    /// <summary>Machine check exception.</summary>
    MCE = 1u << 7,

    /// <summary>CMPXCHG8B.</summary>
    CX8 = 1u << 8,

    /// <summary>A local APIC, enabled.</summary>
    APIC = 1u << 9,

    /// <summary>SYSENTER and SYSEXIT.</summary>
    SEP = 1u << 11,

    /// <summary>Memory type ranges.</summary>
    MTRR = 1u << 12,

    /// <summary>Global pages.</summary>
    PGE = 1u << 13,

    /// <summary>Machine check architecture.</summary>
    MCA = 1u << 14,

    /// <summary>Conditional moves.</summary>
    CMOV = 1u << 15,

    /// <summary>Page attribute table.</summary>
    PAT = 1u << 16,

    /// <summary>36-bit large pages.</summary>
    PSE36 = 1u << 17,

    /// <summary>Serial number.</summary>
    PSN = 1u << 18,

    /// <summary>CLFLUSH.</summary>
    CLFSH = 1u << 19,

    /// <summary>Debug store.</summary>
    DS = 1u << 21,

    /// <summary>Thermal MSRs.</summary>
    ACPI = 1u << 22,

    /// <summary>MMX.</summary>
    MMX = 1u << 23,

    /// <summary>FXSAVE and FXRSTOR.</summary>
    FXSR = 1u << 24,

    /// <summary>SSE.</summary>
    SSE = 1u << 25,

    /// <summary>SSE2.</summary>
    SSE2 = 1u << 26,

    /// <summary>Self snoop.</summary>
    SS = 1u << 27,

    /// <summary>More than one logical processor in the package.</summary>
    HTT = 1u << 28,

    /// <summary>Thermal monitor.</summary>
    TM = 1u << 29,

    /// <summary>Pending break.</summary>
    PBE = 1u << 31,
}
