using HyperOS.Specs.Intel;
using HyperOS.Specs.X86;

namespace HyperOS.Emulation;

/// <summary>
/// What one processor says of its VMX. For controls, bits 31:0 are those that must be 1, and zeros in bits 63:32 those that must be 0; the TRUE
/// MSRs stand in for the older ones where they are there. Intel SDM vol. 3, appendix "VMX Capability Reporting Facility".
/// </summary>
public struct VmxCapabilities
{
    /// <summary>CPUID.1:ECX.VMX; no MSR is read without.</summary>
    public bool HasVmx;

    /// <summary>Made by Intel: its errata are looked up.</summary>
    public bool IsIntel;

    /// <summary>CPUID.1:EAX: type, family, model, stepping.</summary>
    public uint Signature;

    /// <summary>Width of physical addresses in bits.</summary>
    public int PhysicalAddressBits;

    /// <summary>IA32_ARCH_CAPABILITIES; 0 where it is not there.</summary>
    public ArchCapabilities ArchCapabilities;

    /// <summary>IA32_FEATURE_CONTROL.</summary>
    public FeatureControl FeatureControl;

    /// <summary>IA32_VMX_BASIC.</summary>
    public VmxBasic Basic;

    /// <summary>IA32_VMX_MISC.</summary>
    public VmxMisc Misc;

    /// <summary>Pin-based controls.</summary>
    public ulong PinBased;

    /// <summary>Primary processor-based controls.</summary>
    public ulong Primary;

    /// <summary>Secondary processor-based controls; 0 where they are not there.</summary>
    public ulong Secondary;

    /// <summary>VM-exit controls.</summary>
    public ulong Exit;

    /// <summary>VM-entry controls.</summary>
    public ulong Entry;

    /// <summary>IA32_VMX_EPT_VPID_CAP; 0 where it is not there.</summary>
    public EptVpidCap EptVpid;

    /// <summary>IA32_VMX_CR0_FIXED0: bits that must be 1.</summary>
    public Cr0 Cr0Fixed0;

    /// <summary>IA32_VMX_CR0_FIXED1: zeros must be 0.</summary>
    public Cr0 Cr0Fixed1;

    /// <summary>IA32_VMX_CR4_FIXED0: bits that must be 1.</summary>
    public Cr4 Cr4Fixed0;

    /// <summary>IA32_VMX_CR4_FIXED1: zeros must be 0.</summary>
    public Cr4 Cr4Fixed1;

    /// <summary>Reads them from the calling core, no MSR that is not there.</summary>
    public static VmxCapabilities Read(HostCpuid host, MsrSource msrs)
    {
        CpuidResult features = host.Read(CpuidLeaf.Features, 0);
        VmxCapabilities found = new()
        {
            HasVmx = (features.Ecx & (uint)Cpuid1Ecx.VMX) != 0,
            IsIntel = host.IsIntel,
            Signature = features.Eax,
            PhysicalAddressBits = (int)(host.Read(CpuidLeaf.AddressSizes, 0).Eax & 0xFF),
        };
        if (!found.HasVmx)
            return found;
        if ((host.Read(CpuidLeaf.StructuredFeatures, 0).Edx & (uint)Cpuid7Edx.ARCH_CAPABILITIES) != 0)
            found.ArchCapabilities = (ArchCapabilities)msrs.Read(Msr.IA32_ARCH_CAPABILITIES);
        found.FeatureControl = (FeatureControl)msrs.Read(Msr.IA32_FEATURE_CONTROL);
        found.Basic = (VmxBasic)msrs.Read(Msr.IA32_VMX_BASIC);
        found.Misc = (VmxMisc)msrs.Read(Msr.IA32_VMX_MISC);
        bool isTrue = (found.Basic & VmxBasic.TrueControls) != 0;
        found.PinBased = msrs.Read(isTrue ? Msr.IA32_VMX_TRUE_PINBASED_CTLS : Msr.IA32_VMX_PINBASED_CTLS);
        found.Primary = msrs.Read(isTrue ? Msr.IA32_VMX_TRUE_PROCBASED_CTLS : Msr.IA32_VMX_PROCBASED_CTLS);
        found.Exit = msrs.Read(isTrue ? Msr.IA32_VMX_TRUE_EXIT_CTLS : Msr.IA32_VMX_EXIT_CTLS);
        found.Entry = msrs.Read(isTrue ? Msr.IA32_VMX_TRUE_ENTRY_CTLS : Msr.IA32_VMX_ENTRY_CTLS);
        found.Cr0Fixed0 = (Cr0)msrs.Read(Msr.IA32_VMX_CR0_FIXED0);
        found.Cr0Fixed1 = (Cr0)msrs.Read(Msr.IA32_VMX_CR0_FIXED1);
        found.Cr4Fixed0 = (Cr4)msrs.Read(Msr.IA32_VMX_CR4_FIXED0);
        found.Cr4Fixed1 = (Cr4)msrs.Read(Msr.IA32_VMX_CR4_FIXED1);
        if (Allows(found.Primary, (uint)PrimaryProcessorBasedControls.ActivateSecondaryControls))
            found.Secondary = msrs.Read(Msr.IA32_VMX_PROCBASED_CTLS2);
        if (found.Allows(SecondaryProcessorBasedControls.EnableEpt) || found.Allows(SecondaryProcessorBasedControls.EnableVpid))
            found.EptVpid = (EptVpidCap)msrs.Read(Msr.IA32_VMX_EPT_VPID_CAP);
        return found;
    }

    /// <summary>Whether all these bits of a control may be 1.</summary>
    internal static bool Allows(ulong capability, uint bits) => ((uint)(capability >> 32) & bits) == bits;

    /// <summary>Whether a control has all bits that must be 1, and none that must be 0.</summary>
    internal static bool Takes(ulong capability, uint control) =>
        (unchecked((uint)capability) & ~control | control & ~(uint)(capability >> 32)) == 0;

    internal readonly bool Allows(SecondaryProcessorBasedControls bit) => Allows(Secondary, (uint)bit);

    internal readonly bool Has(EptVpidCap bits) => (EptVpid & bits) == bits;
}
