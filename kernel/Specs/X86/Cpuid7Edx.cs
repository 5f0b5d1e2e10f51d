using System;

namespace HyperOS.Specs.X86;

/// <summary>
/// CPUID leaf 7 subleaf 0 EDX. Intel SDM vol. 2A, "CPUID"; AMD APM vol. 3, appendix "Obtaining Processor Information Via the CPUID Instruction".
/// </summary>
[Flags]
public enum Cpuid7Edx : uint
{
    /// <summary>AVX-512 4VNNIW.</summary>
    AVX512_4VNNIW = 1u << 2,

    /// <summary>AVX-512 4FMAPS.</summary>
    AVX512_4FMAPS = 1u << 3,

    /// <summary>Fast short REP MOVSB.</summary>
    FSRM = 1u << 4,

    /// <summary>User interrupts.</summary>
    UINTR = 1u << 5,

    /// <summary>AVX-512 VP2INTERSECT.</summary>
    AVX512_VP2INTERSECT = 1u << 8,

    /// <summary>Special register buffer sampling control.</summary>
    SRBDS_CTRL = 1u << 9,

    /// <summary>VERW overwrites buffers.</summary>
    MD_CLEAR = 1u << 10,

    /// <summary>SERIALIZE.</summary>
    SERIALIZE = 1u << 14,

    /// <summary>Hybrid part.</summary>
    HYBRID = 1u << 15,

    /// <summary>TSX load tracking.</summary>
    TSXLDTRK = 1u << 16,

    /// <summary>Indirect branch tracking.</summary>
    CET_IBT = 1u << 20,

    /// <summary>AMX bfloat16.</summary>
    AMX_BF16 = 1u << 22,

    /// <summary>AVX-512 half precision.</summary>
    AVX512_FP16 = 1u << 23,

    /// <summary>AMX tiles.</summary>
    AMX_TILE = 1u << 24,

    /// <summary>AMX integers.</summary>
    AMX_INT8 = 1u << 25,

    /// <summary>IA32_SPEC_CTRL.IBRS and IA32_PRED_CMD.IBPB.</summary>
    IBRS_IBPB = 1u << 26,

    /// <summary>IA32_SPEC_CTRL.STIBP.</summary>
    STIBP = 1u << 27,

    /// <summary>IA32_FLUSH_CMD.</summary>
    L1D_FLUSH = 1u << 28,

    /// <summary>IA32_ARCH_CAPABILITIES.</summary>
    ARCH_CAPABILITIES = 1u << 29,

    /// <summary>IA32_CORE_CAPABILITIES.</summary>
    CORE_CAPABILITIES = 1u << 30,

    /// <summary>IA32_SPEC_CTRL.SSBD.</summary>
    SSBD = 1u << 31,
}
