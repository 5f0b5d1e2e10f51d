using System;

namespace HyperOS.Specs.X86;

/// <summary>CPUID leaf 7 subleaf 1 EAX. Intel SDM vol. 2A, "CPUID".</summary>
[Flags]
public enum Cpuid7Sub1Eax : uint
{
    /// <summary>AVX neural network instructions.</summary>
    AVX_VNNI = 1u << 4,

    /// <summary>AVX-512 bfloat16.</summary>
    AVX512_BF16 = 1u << 5,

    /// <summary>Fast zero-length REP MOVSB.</summary>
    FZRM = 1u << 10,

    /// <summary>Fast short REP STOSB.</summary>
    FSRS = 1u << 11,

    /// <summary>Fast short REP CMPSB and SCASB.</summary>
    FSRCS = 1u << 12,

    /// <summary>AVX integer FMA.</summary>
    AVX_IFMA = 1u << 23,

    /// <summary>Linear address masking.</summary>
    LAM = 1u << 26,
}
