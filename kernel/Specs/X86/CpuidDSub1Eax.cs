using System;

namespace HyperOS.Specs.X86;

/// <summary>
/// CPUID leaf 0Dh subleaf 1 EAX. Intel SDM vol. 2A, "CPUID"; AMD APM vol. 3, appendix "Obtaining Processor Information Via the CPUID Instruction".
/// </summary>
[Flags]
public enum CpuidDSub1Eax : uint
{
    /// <summary>XSAVEOPT.</summary>
    XSAVEOPT = 1u << 0,

    /// <summary>XSAVEC and the compacted format.</summary>
    XSAVEC = 1u << 1,

    /// <summary>XGETBV with ECX 1.</summary>
    XGETBV1 = 1u << 2,

    /// <summary>XSAVES and IA32_XSS.</summary>
    XSAVES = 1u << 3,

    /// <summary>Extended feature disable.</summary>
    XFD = 1u << 4,
}
