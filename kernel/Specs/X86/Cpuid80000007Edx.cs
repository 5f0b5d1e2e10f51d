using System;

namespace HyperOS.Specs.X86;

/// <summary>CPUID Fn8000_0007 EDX. AMD APM vol. 3, appendix "Obtaining Processor Information Via the CPUID Instruction".</summary>
[Flags]
public enum Cpuid80000007Edx : uint
{
    /// <summary>The TSC runs at one rate in all states.</summary>
    TscInvariant = 1u << 8,
}
