using HyperOS.Specs.X86;

namespace HyperOS.Emulation;

/// <summary>What is known of the host, in one word per source.</summary>
public struct SpeculationHost
{
    /// <summary>AMD, or a maker that builds on AMD's core.</summary>
    public bool IsAmd;

    /// <summary>Intel.</summary>
    public bool IsIntel;

    /// <summary>Emulated by a translator, which speculates on nothing.</summary>
    public bool IsTranslated;

    /// <summary>Family, extended family added.</summary>
    public uint Family;

    /// <summary>CPUID leaf 7 EDX.</summary>
    public Cpuid7Edx Structured;

    /// <summary>CPUID leaf 7 subleaf 2 EDX.</summary>
    public Cpuid7Sub2Edx Structured2;

    /// <summary>CPUID Fn8000_0008 EBX.</summary>
    public Cpuid80000008Ebx Amd;

    /// <summary>CPUID Fn8000_0021 EAX.</summary>
    public Cpuid80000021Eax Amd2;

    /// <summary>IA32_ARCH_CAPABILITIES; 0 where it is not there.</summary>
    public ArchCapabilities Capabilities;

    /// <summary><paramref name="capabilities"/> counts only where CPUID says that the MSR is there.</summary>
    public SpeculationHost(HostCpuid host, ArchCapabilities capabilities)
    {
        IsAmd = host.IsAmd;
        IsIntel = host.IsIntel;
        IsTranslated = host.IsTranslated;
        Family = host.Family;
        Structured = (Cpuid7Edx)host.Read(CpuidLeaf.StructuredFeatures, 0).Edx;
        Structured2 = (Cpuid7Sub2Edx)host.Read(CpuidLeaf.StructuredFeatures, 2).Edx;
        Amd = (Cpuid80000008Ebx)host.Read(CpuidLeaf.AddressSizes, 0).Ebx;
        Amd2 = (Cpuid80000021Eax)host.Read(CpuidLeaf.ExtendedFeatures2, 0).Eax;
        Capabilities = (Structured & Cpuid7Edx.ARCH_CAPABILITIES) != 0 ? capabilities : 0;
    }

    internal readonly bool Has(ArchCapabilities bit) => (Capabilities & bit) != 0;

    internal readonly bool Has(Cpuid7Edx bit) => (Structured & bit) != 0;

    internal readonly bool Has(Cpuid80000008Ebx bit) => (Amd & bit) != 0;

    internal readonly bool Has(Cpuid80000021Eax bit) => (Amd2 & bit) != 0;

    internal readonly bool HasIbpb => Has(Cpuid80000008Ebx.IBPB) || Has(Cpuid7Edx.IBRS_IBPB);

    internal readonly bool HasIbrs => Has(Cpuid80000008Ebx.IBRS) || Has(Cpuid7Edx.IBRS_IBPB);

    internal readonly bool HasSpecCtrl => HasIbrs || Has(Cpuid7Edx.STIBP | Cpuid7Edx.SSBD) || Has(Cpuid80000008Ebx.STIBP | Cpuid80000008Ebx.SSBD);

    /// <summary>The host's branches are shielded from guests without a write at each exit.</summary>
    internal readonly bool HasStandingIbrs => Has(ArchCapabilities.IBRS_ALL) || Has(Cpuid80000021Eax.AutomaticIBRS);
}
