using System;

namespace HyperOS.Specs.X86;

/// <summary>
/// CPUID leaf 7 subleaf 0 ECX. Intel SDM vol. 2A, "CPUID"; AMD APM vol. 3, appendix "Obtaining Processor Information Via the CPUID Instruction".
/// </summary>
[Flags]
public enum Cpuid7Ecx : uint
{
    /// <summary>PREFETCHWT1.</summary>
    PREFETCHWT1 = 1u << 0,

    /// <summary>AVX-512 vector byte manipulation.</summary>
    AVX512_VBMI = 1u << 1,

    /// <summary>UMIP.</summary>
    UMIP = 1u << 2,

    /// <summary>Protection keys for user pages.</summary>
    PKU = 1u << 3,

    /// <summary>CR4.PKE.</summary>
    OSPKE = 1u << 4,

    /// <summary>UMONITOR, UMWAIT, TPAUSE.</summary>
    WAITPKG = 1u << 5,

    /// <summary>AVX-512 vector byte manipulation 2.</summary>
    AVX512_VBMI2 = 1u << 6,

    /// <summary>Shadow stacks.</summary>
    CET_SS = 1u << 7,

    /// <summary>Galois field instructions.</summary>
    GFNI = 1u << 8,

    /// <summary>Vector AES.</summary>
    VAES = 1u << 9,

    /// <summary>Vector carry-less multiplication.</summary>
    VPCLMULQDQ = 1u << 10,

    /// <summary>AVX-512 neural network instructions.</summary>
    AVX512_VNNI = 1u << 11,

    /// <summary>AVX-512 bit algorithms.</summary>
    AVX512_BITALG = 1u << 12,

    /// <summary>Total memory encryption.</summary>
    TME = 1u << 13,

    /// <summary>AVX-512 population count.</summary>
    AVX512_VPOPCNTDQ = 1u << 14,

    /// <summary>Five-level paging.</summary>
    LA57 = 1u << 16,

    /// <summary>RDPID.</summary>
    RDPID = 1u << 22,

    /// <summary>Key locker.</summary>
    KL = 1u << 23,

    /// <summary>Bus lock debug exceptions.</summary>
    BUS_LOCK_DETECT = 1u << 24,

    /// <summary>CLDEMOTE.</summary>
    CLDEMOTE = 1u << 25,

    /// <summary>MOVDIRI.</summary>
    MOVDIRI = 1u << 27,

    /// <summary>MOVDIR64B.</summary>
    MOVDIR64B = 1u << 28,

    /// <summary>ENQCMD.</summary>
    ENQCMD = 1u << 29,

    /// <summary>SGX launch configuration.</summary>
    SGX_LC = 1u << 30,

    /// <summary>Protection keys for supervisor pages.</summary>
    PKS = 1u << 31,
}
