using HyperOS.Specs.X86;

namespace HyperOS.Emulation;

/// <summary>The part of a vCPU's state that CPUID shows.</summary>
public struct CpuidVcpuState
{
    /// <summary>The (x2)APIC id.</summary>
    public uint ApicId;

    /// <summary>IA32_APIC_BASE.EN.</summary>
    public bool ApicEnabled;

    /// <summary>The guest's CR4.</summary>
    public Cr4 CR4;

    /// <summary>The guest's XCR0.</summary>
    public Xcr0 XCR0;
}
