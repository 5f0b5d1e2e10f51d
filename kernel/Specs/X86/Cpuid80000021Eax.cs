using System;

namespace HyperOS.Specs.X86;

/// <summary>CPUID Fn8000_0021 EAX. AMD APM vol. 3, appendix "Obtaining Processor Information Via the CPUID Instruction".</summary>
[Flags]
public enum Cpuid80000021Eax : uint
{
    /// <summary>No nested data breakpoints.</summary>
    NoNestedDataBp = 1u << 0,

    /// <summary>FS, GS and kernel GS base writes do not serialize.</summary>
    FsGsKernelGsBaseNonSerializing = 1u << 1,

    /// <summary>LFENCE serializes dispatch.</summary>
    LFenceAlwaysSerializing = 1u << 2,

    /// <summary>SMM paging configuration lock.</summary>
    SmmPgCfgLock = 1u << 3,

    /// <summary>Loading a null selector clears base and limit.</summary>
    NullSelectClearsBase = 1u << 6,

    /// <summary>Upper address ignore.</summary>
    UpperAddressIgnore = 1u << 7,

    /// <summary>EFER.AIBRSE.</summary>
    AutomaticIBRS = 1u << 8,

    /// <summary>SMM_CTL is not there.</summary>
    NoSmmCtlMSR = 1u << 9,

    /// <summary>Prefetch control MSR.</summary>
    PrefetchCtlMsr = 1u << 13,

    /// <summary>CPUID can be made privileged.</summary>
    CpuidUserDis = 1u << 17,

    /// <summary>Selective branch predictor barrier.</summary>
    SBPB = 1u << 27,

    /// <summary>IBPB flushes branch type predictions.</summary>
    IBPB_BRTYPE = 1u << 28,

    /// <summary>No speculative return stack overflow.</summary>
    SRSO_NO = 1u << 29,
}
