using HyperOS.Specs.X86;

namespace HyperOS.Emulation;

/// <summary>
/// Speculation mitigations as a table: which processor needs which hook at start, entry, exit and switch, and why. Sources: Intel,
/// "Affected Processors: Transient Execution Attacks"; AMD, "Software Techniques for Managing Speculation" and the vendor's security
/// bulletins. Untested on hardware: no emulator speculates, so tests show that the table says what it should, not that it suffices.
/// </summary>
public static class SpeculationPolicy
{
    /// <summary>Rows of the table.</summary>
    public const int RowCount = 14;

    /// <summary>Goes through the table.</summary>
    public static SpeculationPlan Decide(in SpeculationHost host, Mitigations mitigations)
    {
        SpeculationPlan plan = default;
        for (int index = 0; index < RowCount; index++)
        {
            SpeculationRow row = Row(index, host);
            bool applies = mitigations switch
            {
                Mitigations.Off => false,
                Mitigations.All => HasMeans(row, host),
                _ => row.Applies && !host.IsTranslated,
            };
            if (!applies)
                continue;
            plan.Hooks |= row.Hooks;
            plan.HostSpecCtrl |= row.HostSpecCtrl;
            plan.Rows |= 1u << index;
        }
        plan.GuestArchCapabilities = host.Capabilities & GuestImmunities;
        if (host.HasSpecCtrl)
            plan.GuestOffers |= ProcessorTraits.SpecCtrl;
        if (host.HasIbpb)
            plan.GuestOffers |= ProcessorTraits.PredCmd;
        if (host.Has(Cpuid7Edx.ARCH_CAPABILITIES))
            plan.GuestOffers |= ProcessorTraits.ArchCapabilities;
        return plan;
    }

    // Facts about the processor, good and bad; not the bits that announce MSRs.
    private const ArchCapabilities GuestImmunities = ArchCapabilities.RDCL_NO | ArchCapabilities.IBRS_ALL | ArchCapabilities.RSBA
        | ArchCapabilities.SKIP_L1DFL_VMENTRY | ArchCapabilities.SSB_NO | ArchCapabilities.MDS_NO | ArchCapabilities.IF_PSCHANGE_MC_NO
        | ArchCapabilities.TAA_NO | ArchCapabilities.SBDR_SSDP_NO | ArchCapabilities.FBSDP_NO | ArchCapabilities.PSDP_NO
        | ArchCapabilities.FB_CLEAR | ArchCapabilities.RRSBA | ArchCapabilities.BHI_NO | ArchCapabilities.PBRSB_NO
        | ArchCapabilities.GDS_NO | ArchCapabilities.RFDS_NO | ArchCapabilities.RFDS_CLEAR;

    /// <summary>The row at <paramref name="index"/>, judged for a host.</summary>
    public static SpeculationRow Row(int index, in SpeculationHost host) => index switch
    {
        0 => new(true, SpeculationHooks.ParkSiblings, 0,
            "Siblings share caches, buffers and predictors; there is no core scheduling yet."),
        1 => new(host.IsAmd, SpeculationHooks.StartLfenceSerializes, 0,
            "LFENCE stops speculation past a bounds check on AMD only when DE_CFG says so."),
        2 => new(host.Has(Cpuid80000021Eax.AutomaticIBRS), SpeculationHooks.StartAutomaticIbrs, 0,
            "Spectre v2, AMD with automatic IBRS: the host's indirect branches ignore what guests trained, at no cost an exit."),
        3 => new(host.Has(ArchCapabilities.IBRS_ALL), SpeculationHooks.StartSpecCtrl, SpecCtrl.IBRS,
            "Spectre v2, Intel with enhanced IBRS: set once."),
        4 => new(host.HasIbrs && !host.HasStandingIbrs, SpeculationHooks.ExitSpecCtrl, SpecCtrl.IBRS,
            "Spectre v2, older processors: compiled C# has plain indirect calls, so IBRS is set at each exit."),
        5 => new(!host.HasStandingIbrs, SpeculationHooks.ExitRsbFill, 0,
            "Returns of the host must not use entries that the guest left."),
        6 => new(host.IsIntel && host.Has(ArchCapabilities.IBRS_ALL) && !host.Has(ArchCapabilities.PBRSB_NO), SpeculationHooks.ExitRsbFence, 0,
            "Post-barrier RSB: enhanced IBRS leaves one entry that an unbalanced return could use."),
        7 => new(host.IsIntel && host.Has(ArchCapabilities.IBRS_ALL) && !host.Has(ArchCapabilities.BHI_NO) && !HasBhiControl(host),
            SpeculationHooks.ExitBhbClear, 0, "Branch history injection, without a control bit: clear the history in software."),
        8 => new(host.IsIntel && HasBhiControl(host) && !host.Has(ArchCapabilities.BHI_NO), SpeculationHooks.StartSpecCtrl, SpecCtrl.BHI_DIS_S,
            "Branch history injection: the host does not use history from user mode and guests."),
        9 => new(host.HasIbpb, SpeculationHooks.SwitchIbpb, 0,
            "One VM must not train the branches of the next, nor of a process."),
        10 => new(host.IsAmd && host.HasIbpb && host.Family is 0x17 or 0x18 && !host.Has(Cpuid80000008Ebx.BTC_NO), SpeculationHooks.ExitIbpb, 0,
            "Branch type confusion (Zen, Zen 2): returns mispredict to trained targets; only a barrier at exit covers compiled code."),
        11 => new(host.IsAmd && host.Family == 0x19 && host.Has(Cpuid80000021Eax.IBPB_BRTYPE) && !host.Has(Cpuid80000021Eax.SRSO_NO),
            SpeculationHooks.ExitIbpb, 0, "Speculative return stack overflow (Zen 3, Zen 4): likewise."),
        12 => new(host.IsIntel && NeedsBufferClear(host), SpeculationHooks.EntryVerw, 0,
            "Microarchitectural data sampling, TSX abort, stale MMIO data, register file data: VERW overwrites what the host left in buffers."),
        13 => new(host.IsIntel && host.Has(Cpuid7Edx.L1D_FLUSH) && !host.Has(ArchCapabilities.RDCL_NO) && !host.Has(ArchCapabilities.SKIP_L1DFL_VMENTRY),
            SpeculationHooks.EntryL1dFlush, 0, "L1 terminal fault: a guest's not-present entries reach whatever lies in L1D."),
        _ => default,
    };

    // Whether the row's measures can be taken here, needed or not.
    private static bool HasMeans(in SpeculationRow row, in SpeculationHost host) => row.Applies || row.Hooks switch
    {
        SpeculationHooks.ExitSpecCtrl => host.HasIbrs,
        SpeculationHooks.ExitIbpb => host.HasIbpb,
        SpeculationHooks.ExitRsbFill or SpeculationHooks.ExitRsbFence or SpeculationHooks.ExitBhbClear => true,
        SpeculationHooks.EntryVerw => host.IsIntel,
        SpeculationHooks.EntryL1dFlush => host.Has(Cpuid7Edx.L1D_FLUSH),
        _ => false,
    };

    private static bool HasBhiControl(in SpeculationHost host) => (host.Structured2 & Cpuid7Sub2Edx.BHI_CTRL) != 0;

    private static bool NeedsBufferClear(in SpeculationHost host) =>
        host.Has(Cpuid7Edx.MD_CLEAR) && (!host.Has(ArchCapabilities.MDS_NO) || host.Has(ArchCapabilities.TSX_CTRL) && !host.Has(ArchCapabilities.TAA_NO))
        || host.Has(ArchCapabilities.FB_CLEAR) && !host.Has(ArchCapabilities.FBSDP_NO)
        || host.Has(ArchCapabilities.RFDS_CLEAR) && !host.Has(ArchCapabilities.RFDS_NO);
}
