using System;

namespace HyperOS.Specs.X86;

/// <summary>
/// CPUID leaf 7 subleaf 0 EBX. Intel SDM vol. 2A, "CPUID"; AMD APM vol. 3, appendix "Obtaining Processor Information Via the CPUID Instruction".
/// </summary>
[Flags]
public enum Cpuid7Ebx : uint
{
    /// <summary>RDFSBASE and its kin.</summary>
    FSGSBASE = 1u << 0,

    /// <summary>IA32_TSC_ADJUST.</summary>
    TSC_ADJUST = 1u << 1,

    /// <summary>SGX.</summary>
    SGX = 1u << 2,

    /// <summary>Bit manipulation 1.</summary>
    BMI1 = 1u << 3,

    /// <summary>Hardware lock elision.</summary>
    HLE = 1u << 4,

    /// <summary>AVX2.</summary>
    AVX2 = 1u << 5,

    /// <summary>x87 data pointer updated on exceptions only.</summary>
    FDP_EXCPTN_ONLY = 1u << 6,

    /// <summary>SMEP.</summary>
    SMEP = 1u << 7,

    /// <summary>Bit manipulation 2.</summary>
    BMI2 = 1u << 8,

    /// <summary>Fast REP MOVSB and STOSB.</summary>
    ERMS = 1u << 9,

    /// <summary>INVPCID.</summary>
    INVPCID = 1u << 10,

    /// <summary>Transactional memory.</summary>
    RTM = 1u << 11,

    /// <summary>Resource monitoring.</summary>
    PQM = 1u << 12,

    /// <summary>x87 CS and DS read as zero.</summary>
    FPU_CS_DS_DEPRECATED = 1u << 13,

    /// <summary>MPX.</summary>
    MPX = 1u << 14,

    /// <summary>Resource allocation.</summary>
    PQE = 1u << 15,

    /// <summary>AVX-512 foundation.</summary>
    AVX512F = 1u << 16,

    /// <summary>AVX-512 doubleword and quadword.</summary>
    AVX512DQ = 1u << 17,

    /// <summary>RDSEED.</summary>
    RDSEED = 1u << 18,

    /// <summary>ADCX and ADOX.</summary>
    ADX = 1u << 19,

    /// <summary>SMAP.</summary>
    SMAP = 1u << 20,

    /// <summary>AVX-512 integer FMA.</summary>
    AVX512_IFMA = 1u << 21,

    /// <summary>CLFLUSHOPT.</summary>
    CLFLUSHOPT = 1u << 23,

    /// <summary>CLWB.</summary>
    CLWB = 1u << 24,

    /// <summary>Processor trace.</summary>
    PT = 1u << 25,

    /// <summary>AVX-512 prefetch.</summary>
    AVX512PF = 1u << 26,

    /// <summary>AVX-512 exponential and reciprocal.</summary>
    AVX512ER = 1u << 27,

    /// <summary>AVX-512 conflict detection.</summary>
    AVX512CD = 1u << 28,

    /// <summary>SHA instructions.</summary>
    SHA = 1u << 29,

    /// <summary>AVX-512 byte and word.</summary>
    AVX512BW = 1u << 30,

    /// <summary>AVX-512 vector lengths.</summary>
    AVX512VL = 1u << 31,
}
