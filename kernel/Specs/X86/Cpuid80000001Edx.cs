using System;

namespace HyperOS.Specs.X86;

/// <summary>
/// CPUID Fn8000_0001 EDX; bits 0-9, 12-17, 23 and 24 repeat leaf 1 EDX. AMD APM vol. 3, appendix "Obtaining Processor Information Via the CPUID
/// Instruction".
/// </summary>
[Flags]
public enum Cpuid80000001Edx : uint
{
    /// <summary>SYSCALL and SYSRET.</summary>
    SysCallSysRet = 1u << 11,

    /// <summary>No-execute pages.</summary>
    NX = 1u << 20,

    /// <summary>AMD MMX extensions.</summary>
    MmxExt = 1u << 22,

    /// <summary>Fast FXSAVE and FXRSTOR.</summary>
    FFXSR = 1u << 25,

    /// <summary>1 GiB pages.</summary>
    Page1GB = 1u << 26,

    /// <summary>RDTSCP.</summary>
    RDTSCP = 1u << 27,

    /// <summary>Long mode.</summary>
    LM = 1u << 29,

    /// <summary>3DNow! extensions.</summary>
    ThreeDNowExt = 1u << 30,

    /// <summary>3DNow!.</summary>
    ThreeDNow = 1u << 31,
}
