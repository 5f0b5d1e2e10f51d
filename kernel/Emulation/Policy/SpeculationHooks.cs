using System;

namespace HyperOS.Emulation;

/// <summary>What has to be done so that speculation does not carry data between guests, host and one another.</summary>
[Flags]
public enum SpeculationHooks : uint
{
    None = 0,

    /// <summary>Once a core: set <see cref="SpeculationPlan.HostSpecCtrl"/> in IA32_SPEC_CTRL.</summary>
    StartSpecCtrl = 1u << 0,

    /// <summary>Once a core: set EFER.AIBRSE.</summary>
    StartAutomaticIbrs = 1u << 1,

    /// <summary>Once a core: set DE_CFG bit 1, so that LFENCE serializes.</summary>
    StartLfenceSerializes = 1u << 2,

    /// <summary>At entry to a guest: VERW with a writable segment, as the last thing before it.</summary>
    EntryVerw = 1u << 3,

    /// <summary>At entry to a guest: IA32_FLUSH_CMD.L1D_FLUSH.</summary>
    EntryL1dFlush = 1u << 4,

    /// <summary>At exit, before the first indirect branch or return: write <see cref="SpeculationPlan.HostSpecCtrl"/>; at entry: the guest's value.</summary>
    ExitSpecCtrl = 1u << 5,

    /// <summary>At exit: fill the 32 entries of the return stack buffer with harmless targets.</summary>
    ExitRsbFill = 1u << 6,

    /// <summary>At exit: one call whose return is fenced, so that no unbalanced return uses the guest's entry.</summary>
    ExitRsbFence = 1u << 7,

    /// <summary>At exit: the loop of branches that clears the branch history.</summary>
    ExitBhbClear = 1u << 8,

    /// <summary>At exit: IA32_PRED_CMD.IBPB.</summary>
    ExitIbpb = 1u << 9,

    /// <summary>When a core goes from one VM to another, or to another process: IA32_PRED_CMD.IBPB.</summary>
    SwitchIbpb = 1u << 10,

    /// <summary>SMT siblings run nothing else: no hook closes what they share.</summary>
    ParkSiblings = 1u << 11,
}
