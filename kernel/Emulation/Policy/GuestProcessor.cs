using HyperOS.Specs.X86;

namespace HyperOS.Emulation;

/// <summary>What the kernel decides about the processors of one VM; the policies take the rest from the host. All vCPUs are alike.</summary>
public struct GuestProcessor
{
    /// <summary>vCPUs, each a core of one package; at least 1. APIC ids are 0 to the count less one.</summary>
    public uint VcpuCount;

    /// <summary>Of <see cref="ProcessorTraits.Offers"/>; others are ignored.</summary>
    public ProcessorTraits Offers;

    /// <summary>State components that the kernel switches between threads; 0: no XSAVE for the guest. Cut down to what the host has.</summary>
    public Xcr0 XCR0;

    /// <summary>Rate of the guest's TSC, in kHz; 0: not known, and the leaves that tell it are absent.</summary>
    public uint TscKHz;

    /// <summary>Guest-physical address width that the nested tables cover, in bits; cut down to the host's width.</summary>
    public uint PhysicalAddressBits;

    /// <summary>IA32_ARCH_CAPABILITIES for the guest, with <see cref="ProcessorTraits.ArchCapabilities"/>.</summary>
    public ArchCapabilities ArchCapabilities;

    /// <summary>Microcode revision that the guest reads (IA32_BIOS_SIGN_ID): the host's.</summary>
    public ulong MicrocodeRevision;
}
