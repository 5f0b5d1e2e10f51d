using HyperOS.Specs.X86;

namespace HyperOS.Emulation;

/// <summary>What a host needs, as <see cref="SpeculationPolicy"/> finds it.</summary>
public struct SpeculationPlan
{
    /// <summary>All that is to be done.</summary>
    public SpeculationHooks Hooks;

    /// <summary>IA32_SPEC_CTRL while the host runs.</summary>
    public SpecCtrl HostSpecCtrl;

    /// <summary>IA32_ARCH_CAPABILITIES for guests: the host's immunities that a guest may rely on.</summary>
    public ArchCapabilities GuestArchCapabilities;

    /// <summary>Of SpecCtrl, PredCmd and ArchCapabilities: what may be offered to guests once the entry code does what <see cref="Hooks"/> says.</summary>
    public ProcessorTraits GuestOffers;

    /// <summary>Rows of the table that applied, by bit.</summary>
    public uint Rows;
}
