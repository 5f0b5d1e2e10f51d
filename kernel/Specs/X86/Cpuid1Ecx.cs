using System;

namespace HyperOS.Specs.X86;

/// <summary>CPUID leaf 1 ECX. Intel SDM vol. 2A, "CPUID"; AMD APM vol. 3, appendix "Obtaining Processor Information Via the CPUID Instruction".</summary>
[Flags]
public enum Cpuid1Ecx : uint
{
    /// <summary>SSE3.</summary>
    SSE3 = 1u << 0,

    /// <summary>Carry-less multiplication.</summary>
    PCLMULQDQ = 1u << 1,

    /// <summary>64-bit debug store.</summary>
    DTES64 = 1u << 2,

    /// <summary>MONITOR and MWAIT.</summary>
    MONITOR = 1u << 3,

    /// <summary>CPL-qualified debug store.</summary>
    DS_CPL = 1u << 4,

    /// <summary>VMX.</summary>
    VMX = 1u << 5,

    /// <summary>SMX.</summary>
    SMX = 1u << 6,

    /// <summary>Enhanced SpeedStep.</summary>
    EIST = 1u << 7,

    /// <summary>Thermal monitor 2.</summary>
    TM2 = 1u << 8,

    /// <summary>SSSE3.</summary>
    SSSE3 = 1u << 9,

    /// <summary>L1 context id.</summary>
    CNXT_ID = 1u << 10,

    /// <summary>Silicon debug.</summary>
    SDBG = 1u << 11,

    /// <summary>FMA.</summary>
    FMA = 1u << 12,

    /// <summary>CMPXCHG16B.</summary>
    CMPXCHG16B = 1u << 13,

    /// <summary>Task priority messages.</summary>
    XTPR = 1u << 14,

    /// <summary>Performance capabilities MSR.</summary>
    PDCM = 1u << 15,

    /// <summary>Process context identifiers.</summary>
    PCID = 1u << 17,

    /// <summary>Direct cache access.</summary>
    DCA = 1u << 18,

    /// <summary>SSE4.1.</summary>
    SSE4_1 = 1u << 19,

    /// <summary>SSE4.2.</summary>
    SSE4_2 = 1u << 20,

    /// <summary>x2APIC mode.</summary>
    X2APIC = 1u << 21,

    /// <summary>MOVBE.</summary>
    MOVBE = 1u << 22,

    /// <summary>POPCNT.</summary>
    POPCNT = 1u << 23,

    /// <summary>APIC timer deadline mode.</summary>
    TSC_DEADLINE = 1u << 24,

    /// <summary>AES instructions.</summary>
    AES = 1u << 25,

    /// <summary>XSAVE.</summary>
    XSAVE = 1u << 26,

    /// <summary>CR4.OSXSAVE.</summary>
    OSXSAVE = 1u << 27,

    /// <summary>AVX.</summary>
    AVX = 1u << 28,

    /// <summary>Half-precision conversion.</summary>
    F16C = 1u << 29,

    /// <summary>RDRAND.</summary>
    RDRAND = 1u << 30,

    /// <summary>A hypervisor is present.</summary>
    HYPERVISOR = 1u << 31,
}
