using System.Runtime.CompilerServices;
using HyperOS.Core;
using HyperOS.Specs.X86;

namespace HyperOS.Emulation;

/// <summary>What is left to do after the policy has seen a RDMSR or WRMSR.</summary>
public enum MsrOutcome : byte
{
    /// <summary>Inject #GP(0). The MSR may be unknown: worth a rate-limited log line.</summary>
    Fault,

    /// <summary>Nothing: the value is there, or taken.</summary>
    Done,

    /// <summary>The vCPU answers: EFER, PAT, TSC_AUX, SPEC_CTRL, PRED_CMD, and the pass-through MSRs should they exit.</summary>
    VirtualProcessor,

    /// <summary>The local APIC answers.</summary>
    LocalApic,

    /// <summary>The VM's clock answers.</summary>
    Clock,

    /// <summary>The KVM interface answers.</summary>
    Paravirtual,
}

/// <summary>
/// Decides RDMSR and WRMSR of one VM by <see cref="MsrRules"/>. Values that reach an owner have passed the reserved bits and type
/// checks of their rule.
/// </summary>
public sealed class MsrPolicy
{
    // Bit n is set when n is a memory type: UC, WC, WT, WP, WB; the PAT has UC- too.
    private const uint MemoryTypes = 0b0111_0011;
    private const uint PageAttributes = 0b1111_0011;

    private readonly ProcessorTraits _traits;
    private readonly ulong _microcodeRevision;
    private readonly ulong _archCapabilities;
    private readonly ulong _aboveAddresses;
    private readonly ulong _specCtrlReserved;
    private readonly ulong _predCmdReserved;

    /// <summary>Follows what <paramref name="cpuid"/> offers, so that the two never disagree.</summary>
    public MsrPolicy(CpuidPolicy cpuid, in GuestProcessor guest)
    {
        _traits = cpuid.Traits;
        _microcodeRevision = guest.MicrocodeRevision;
        _archCapabilities = (ulong)guest.ArchCapabilities;
        _aboveAddresses = ~((1ul << (int)cpuid.PhysicalAddressBits) - 1);
        _specCtrlReserved = ~(ulong)OfferedSpecCtrl(cpuid);
        _predCmdReserved = ~(ulong)OfferedPredCmd(cpuid);
    }

    /// <summary>RDMSR. <paramref name="value"/> counts after <see cref="MsrOutcome.Done"/> only.</summary>
    public MsrOutcome Read(uint msr, GuestMsrs stored, out ulong value)
    {
        FaultPoint.Hit(FaultPlace.MsrPolicy);
        value = 0;
        if (IsApicRegister(msr))
            return MsrOutcome.LocalApic;
        MsrRule rule = MsrRules.Find(msr);
        if ((rule.Needs & ~_traits) != 0 || rule.WriteOnly)
            return MsrOutcome.Fault;
        switch (rule.Handling)
        {
            case MsrHandling.Constant or MsrHandling.ReadOnly:
                value = msr switch
                {
                    Msr.IA32_BIOS_SIGN_ID => _microcodeRevision,
                    Msr.IA32_ARCH_CAPABILITIES => _archCapabilities,
                    _ => rule.Value,
                };
                return MsrOutcome.Done;
            case MsrHandling.Stored:
                value = stored[msr];
                return MsrOutcome.Done;
            default:
                return Owner(rule.Handling);
        }
    }

    /// <summary>WRMSR.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public MsrOutcome Write(uint msr, GuestMsrs stored, ulong value) => IsApicRegister(msr) ? MsrOutcome.LocalApic : WriteByRule(msr, stored, value);

    private MsrOutcome WriteByRule(uint msr, GuestMsrs stored, ulong value)
    {
        MsrRule rule = MsrRules.Find(msr);
        if (!IsAcceptable(rule, msr, value))
            return MsrOutcome.Fault;
        switch (rule.Handling)
        {
            case MsrHandling.Constant:
                return MsrOutcome.Done;
            case MsrHandling.Stored:
                stored[msr] = value;
                return MsrOutcome.Done;
            default:
                return Owner(rule.Handling);
        }
    }

    /// <summary>Whether a guest could write the value.</summary>
    public bool IsAcceptable(uint msr, ulong value) => IsAcceptable(MsrRules.Find(msr), msr, value);

    /// <summary>Each byte is a PAT memory type. AMD APM vol. 2, "PAT Register".</summary>
    public static bool ArePageAttributes(ulong value) => AreTypes(value, PageAttributes);

    // The most frequent ones, before the table that says the same of them.
    private bool IsApicRegister(uint msr) =>
        unchecked(msr - Msr.IA32_X2APIC_FIRST) <= Msr.IA32_X2APIC_LAST - Msr.IA32_X2APIC_FIRST && (_traits & ProcessorTraits.X2Apic) != 0
        || msr == Msr.IA32_TSC_DEADLINE && (_traits & ProcessorTraits.TscDeadline) != 0;

    private bool IsAcceptable(in MsrRule rule, uint msr, ulong value)
    {
        ulong reserved = rule.ReservedBits | msr switch
        {
            >= Msr.IA32_MTRR_PHYSBASE0 and <= MsrRules.LastVariableRange => _aboveAddresses,
            Msr.IA32_SPEC_CTRL => _specCtrlReserved,
            Msr.IA32_PRED_CMD => _predCmdReserved,
            _ => 0,
        };
        if ((rule.Needs & ~_traits) != 0 || rule.Handling is MsrHandling.Fault or MsrHandling.ReadOnly || (value & reserved) != 0)
            return false;
        return rule.Check switch
        {
            MsrCheck.PageAttributes => ArePageAttributes(value),
            MsrCheck.MemoryTypes => AreTypes(value, MemoryTypes),
            MsrCheck.MemoryType => AreTypes(value & 0xFF, MemoryTypes),
            _ => true,
        };
    }

    /// <summary>What the guest's CPUID announces: the processor itself faults on other bits.</summary>
    private static SpecCtrl OfferedSpecCtrl(CpuidPolicy cpuid)
    {
        Cpuid7Edx structured = (Cpuid7Edx)cpuid.Result(CpuidLeaf.StructuredFeatures, 0).Edx;
        Cpuid80000008Ebx amd = (Cpuid80000008Ebx)cpuid.Result(CpuidLeaf.AddressSizes, 0).Ebx;
        SpecCtrl offered = 0;
        if ((structured & Cpuid7Edx.IBRS_IBPB) != 0 || (amd & Cpuid80000008Ebx.IBRS) != 0)
            offered |= SpecCtrl.IBRS;
        if ((structured & Cpuid7Edx.STIBP) != 0 || (amd & Cpuid80000008Ebx.STIBP) != 0)
            offered |= SpecCtrl.STIBP;
        if ((structured & Cpuid7Edx.SSBD) != 0 || (amd & Cpuid80000008Ebx.SSBD) != 0)
            offered |= SpecCtrl.SSBD;
        if ((amd & Cpuid80000008Ebx.PSFD) != 0)
            offered |= SpecCtrl.PSFD;
        return offered;
    }

    private static PredCmd OfferedPredCmd(CpuidPolicy cpuid)
    {
        PredCmd offered = 0;
        if ((cpuid.Result(CpuidLeaf.StructuredFeatures, 0).Edx & (uint)Cpuid7Edx.IBRS_IBPB) != 0
            || (cpuid.Result(CpuidLeaf.AddressSizes, 0).Ebx & (uint)Cpuid80000008Ebx.IBPB) != 0)
            offered |= PredCmd.IBPB;
        if ((cpuid.Result(CpuidLeaf.ExtendedFeatures2, 0).Eax & (uint)Cpuid80000021Eax.SBPB) != 0)
            offered |= PredCmd.SBPB;
        return offered;
    }

    private static bool AreTypes(ulong value, uint valid)
    {
        for (; value != 0; value >>= 8)
        {
            uint type = (uint)(value & 0xFF);
            if (type > 7 || (valid >> (int)type & 1) == 0)
                return false;
        }
        return true;
    }

    private static MsrOutcome Owner(MsrHandling handling) => handling switch
    {
        MsrHandling.PassThrough or MsrHandling.VirtualProcessor => MsrOutcome.VirtualProcessor,
        MsrHandling.LocalApic => MsrOutcome.LocalApic,
        MsrHandling.Clock => MsrOutcome.Clock,
        MsrHandling.Paravirtual => MsrOutcome.Paravirtual,
        _ => MsrOutcome.Fault,
    };
}
