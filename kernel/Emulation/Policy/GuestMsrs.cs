using HyperOS.Abi.State;
using HyperOS.Specs.X86;

namespace HyperOS.Emulation;

/// <summary>A vCPU's MSRs of <see cref="MsrHandling.Stored"/>: values that have no effect beyond being read back.</summary>
public sealed class GuestMsrs
{
    private const int VariableRanges = 0;
    private const int FixedRanges = 16;
    private const int FixedRanges4K = FixedRanges + 3;
    private const int DefaultType = FixedRanges4K + 8;
    private const int MachineCheckStatus = DefaultType + 1;
    private const int MachineCheckControl = DefaultType + 2;
    private const int HardwareConfiguration = DefaultType + 3;
    private const int Count = GuestMsrState.ValueCount;

    private readonly ulong[] _values = new ulong[Count];

    /// <summary>Values after reset.</summary>
    public GuestMsrs() => Reset();

    /// <summary>Values after reset.</summary>
    public void Reset()
    {
        for (int slot = 0; slot < Count; slot++)
            _values[slot] = MsrRules.Find(MsrAt(slot)).Value;
    }

    /// <summary>Copies the values out.</summary>
    public void Save(out GuestMsrState state)
    {
        state = default;
        state.Version = GuestMsrState.CurrentVersion;
        for (int slot = 0; slot < Count; slot++)
            state.Values[slot] = _values[slot];
    }

    /// <returns>False, with nothing changed, when the record is of another version or holds a value that a guest could not have written.</returns>
    public bool Restore(in GuestMsrState state, MsrPolicy policy)
    {
        if (state.Version != GuestMsrState.CurrentVersion)
            return false;
        for (int slot = 0; slot < Count; slot++)
        {
            uint msr = MsrAt(slot);
            if (state.Values[slot] != MsrRules.Find(msr).Value && !policy.IsAcceptable(msr, state.Values[slot]))
                return false;
        }
        for (int slot = 0; slot < Count; slot++)
            _values[slot] = state.Values[slot];
        return true;
    }

    internal ulong this[uint msr]
    {
        get => _values[SlotOf(msr)];
        set => _values[SlotOf(msr)] = value;
    }

    private static int SlotOf(uint msr) => msr switch
    {
        >= Msr.IA32_MTRR_PHYSBASE0 and <= MsrRules.LastVariableRange => VariableRanges + (int)(msr - Msr.IA32_MTRR_PHYSBASE0),
        Msr.IA32_MTRR_FIX64K_00000 => FixedRanges,
        Msr.IA32_MTRR_FIX16K_80000 => FixedRanges + 1,
        Msr.IA32_MTRR_FIX16K_A0000 => FixedRanges + 2,
        >= Msr.IA32_MTRR_FIX4K_C0000 and <= Msr.IA32_MTRR_FIX4K_F8000 => FixedRanges4K + (int)(msr - Msr.IA32_MTRR_FIX4K_C0000),
        Msr.IA32_MTRR_DEF_TYPE => DefaultType,
        Msr.IA32_MCG_STATUS => MachineCheckStatus,
        Msr.IA32_MC0_CTL => MachineCheckControl,
        _ => HardwareConfiguration,
    };

    private static uint MsrAt(int slot) => slot switch
    {
        < FixedRanges => Msr.IA32_MTRR_PHYSBASE0 + (uint)slot,
        FixedRanges => Msr.IA32_MTRR_FIX64K_00000,
        FixedRanges + 1 => Msr.IA32_MTRR_FIX16K_80000,
        FixedRanges + 2 => Msr.IA32_MTRR_FIX16K_A0000,
        < DefaultType => Msr.IA32_MTRR_FIX4K_C0000 + (uint)(slot - FixedRanges4K),
        DefaultType => Msr.IA32_MTRR_DEF_TYPE,
        MachineCheckStatus => Msr.IA32_MCG_STATUS,
        MachineCheckControl => Msr.IA32_MC0_CTL,
        _ => Msr.HWCR,
    };
}
