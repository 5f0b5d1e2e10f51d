using System.Reflection;
using HyperOS.Abi.State;
using HyperOS.Emulation;
using HyperOS.Specs.Amd;
using HyperOS.Specs.Kvm;
using HyperOS.Specs.X86;

namespace HyperOS.Tests.Unit.Emulation.Policy;

public class MsrPolicyTests
{
    private readonly GuestMsrs _stored = new();
    private readonly MsrPolicy _amd = Create(TestHost.Amd(), TestHost.Guest());
    private readonly MsrPolicy _bare = Create(TestHost.Amd(), TestHost.Guest(offers: 0));
    private readonly MsrPolicy _intel = Create(TestHost.Intel(), TestHost.Guest());

    private static MsrPolicy Create(TestHost host, GuestProcessor guest) => new(TestHost.Policy(host, guest), guest);

    /// <summary>Every number in or near a range that has MSRs.</summary>
    private static IEnumerable<uint> Numbers() => new[] { PermissionMaps.MsrRange0, PermissionMaps.MsrRange1, PermissionMaps.MsrRange2, 0x4B564D00u }
        .SelectMany(first => Enumerable.Range(0, (int)PermissionMaps.MsrsPerRange).Select(i => first + (uint)i));

    [Fact]
    public void Every_rule_has_a_reason() => Assert.All(Numbers(), msr => Assert.EndsWith(".", MsrRules.Find(msr).Reason, StringComparison.Ordinal));

    [Fact]
    public void The_permission_map_opens_what_the_table_passes_through_and_nothing_else()
    {
        uint[] rules = [.. Numbers().Where(msr => MsrRules.Find(msr).Handling == MsrHandling.PassThrough).Order()];
        uint[] map = [.. MsrRules.PassThrough.ToArray().Order()];
        Assert.Equal(rules, map);
    }

    [Fact]
    public void Every_MSR_can_be_read_and_written_without_surprise_and_unlisted_ones_fault()
    {
        foreach (uint msr in Numbers())
        {
            MsrHandling handling = MsrRules.Find(msr).Handling;
            MsrOutcome read = _amd.Read(msr, _stored, out _);
            MsrOutcome write = _amd.Write(msr, _stored, 0);
            if (handling == MsrHandling.Fault)
                Assert.Equal((MsrOutcome.Fault, MsrOutcome.Fault), (read, write));
        }
    }

    [Theory]
    [InlineData(Msr.IA32_FEATURE_CONTROL)]
    [InlineData(Msr.IA32_MPERF)]
    [InlineData(Msr.IA32_MCG_CTL)]
    [InlineData(Msr.IA32_MISC_ENABLE)]
    [InlineData(Msr.IA32_XSS)]
    [InlineData(Msr.IA32_VMX_BASIC)]
    [InlineData(Msr.IA32_MC0_CTL + 4)]
    [InlineData(Msr.IA32_MTRR_PHYSBASE0 + 16)]
    [InlineData(Msr.TSC_RATIO)]
    [InlineData(Msr.VM_HSAVE_PA)]
    [InlineData(Msr.LS_CFG)]
    [InlineData(Msr.PERF_CTL0)]
    [InlineData(Msr.SEV_STATUS)]
    [InlineData(Msr.MCA_CTL0)]
    [InlineData(KvmMsr.MSR_KVM_ASYNC_PF_EN)]
    public void An_MSR_that_is_not_offered_faults(uint msr)
    {
        Assert.Equal(MsrOutcome.Fault, _amd.Read(msr, _stored, out ulong value));
        Assert.Equal(0ul, value);
        Assert.Equal(MsrOutcome.Fault, _amd.Write(msr, _stored, 0));
    }

    [Theory]
    [InlineData(Msr.EFER, MsrOutcome.VirtualProcessor)]
    [InlineData(Msr.IA32_PAT, MsrOutcome.VirtualProcessor)]
    [InlineData(Msr.TSC_AUX, MsrOutcome.VirtualProcessor)]
    [InlineData(Msr.FS_BASE, MsrOutcome.VirtualProcessor)]
    [InlineData(Msr.IA32_SPEC_CTRL, MsrOutcome.VirtualProcessor)]
    [InlineData(Msr.IA32_APIC_BASE, MsrOutcome.LocalApic)]
    [InlineData(Msr.IA32_TSC_DEADLINE, MsrOutcome.LocalApic)]
    [InlineData(Msr.IA32_X2APIC_ICR, MsrOutcome.LocalApic)]
    [InlineData(Msr.IA32_X2APIC_LAST, MsrOutcome.LocalApic)]
    [InlineData(Msr.IA32_TIME_STAMP_COUNTER, MsrOutcome.Clock)]
    [InlineData(Msr.IA32_TSC_ADJUST, MsrOutcome.Clock)]
    [InlineData(KvmMsr.MSR_KVM_SYSTEM_TIME, MsrOutcome.Paravirtual)]
    [InlineData(KvmMsr.MSR_KVM_SYSTEM_TIME_NEW, MsrOutcome.Paravirtual)]
    [InlineData(KvmMsr.MSR_KVM_PV_EOI_EN, MsrOutcome.Paravirtual)]
    public void An_emulated_MSR_goes_to_its_owner(uint msr, MsrOutcome owner)
    {
        Assert.Equal(owner, _amd.Read(msr, _stored, out _));
        Assert.Equal(owner, _amd.Write(msr, _stored, 0));
    }

    [Theory]
    [InlineData(Msr.IA32_MTRRCAP, 0x508ul)]
    [InlineData(Msr.IA32_MCG_CAP, 1ul)]
    [InlineData(Msr.HWCR, 0x01000000ul)]
    [InlineData(Msr.SYSCFG, 0ul)]
    [InlineData(Msr.DE_CFG, 2ul)]
    [InlineData(Msr.VM_CR, 0x18ul)]
    [InlineData(Msr.IA32_BIOS_SIGN_ID, 0x0800126Cul)]
    [InlineData(Msr.IA32_ARCH_CAPABILITIES, 1ul)]
    [InlineData(Msr.IA32_MTRR_DEF_TYPE, 0ul)]
    [InlineData(Msr.PERF_LEGACY_CTR3, 0ul)]
    [InlineData(Msr.TOP_MEM2, 0ul)]
    public void A_value_that_the_policy_holds_is_read_back(uint msr, ulong expected)
    {
        Assert.Equal(MsrOutcome.Done, _amd.Read(msr, _stored, out ulong value));
        Assert.Equal(expected, value);
    }

    [Theory]
    [InlineData(Msr.IA32_MTRR_PHYSBASE0, 0x3FFF_C000_0006ul, true)]
    [InlineData(Msr.IA32_MTRR_PHYSBASE0, 0x4000_0000_0006ul, false)]
    [InlineData(Msr.IA32_MTRR_PHYSBASE0, 0x2ul, false)]
    [InlineData(Msr.IA32_MTRR_PHYSBASE0 + 15, 0x3FFF_C000_0800ul, true)]
    [InlineData(Msr.IA32_MTRR_PHYSBASE0 + 15, 0x400ul, false)]
    [InlineData(Msr.IA32_MTRR_FIX64K_00000, 0x0606060606060606ul, true)]
    [InlineData(Msr.IA32_MTRR_FIX4K_F8000, 0x0606060603060606ul, false)]
    [InlineData(Msr.IA32_MTRR_DEF_TYPE, 0xC06ul, true)]
    [InlineData(Msr.IA32_MTRR_DEF_TYPE, 0x1006ul, false)]
    [InlineData(Msr.IA32_MTRR_DEF_TYPE, 0x10ul, false)]
    [InlineData(Msr.IA32_MC0_CTL, ulong.MaxValue, true)]
    [InlineData(Msr.IA32_MC0_CTL + 1, 0ul, true)]
    [InlineData(Msr.IA32_MC0_CTL + 1, 1ul, false)]
    [InlineData(Msr.IA32_MCG_CAP, 1ul, false)]
    [InlineData(Msr.IA32_MTRRCAP, 0x508ul, false)]
    [InlineData(Msr.HWCR, 0x01000018ul, true)]
    [InlineData(Msr.HWCR, 0x1ul, false)]
    [InlineData(Msr.IA32_DEBUGCTL, 2ul, true)]
    [InlineData(Msr.IA32_DEBUGCTL, 0x40ul, false)]
    [InlineData(Msr.IA32_BIOS_SIGN_ID, 0ul, true)]
    public void A_write_is_taken_or_faults(uint msr, ulong value, bool taken) =>
        Assert.Equal(taken ? MsrOutcome.Done : MsrOutcome.Fault, _amd.Write(msr, _stored, value));

    [Theory]
    [InlineData(0x0007040600070406ul, true)]
    [InlineData(0x0007010600070106ul, true)]
    [InlineData(0x0000000000000002ul, false)]
    [InlineData(0x0800000000000000ul, false)]
    public void PAT_takes_no_bad_type(ulong value, bool taken) =>
        Assert.Equal(taken ? MsrOutcome.VirtualProcessor : MsrOutcome.Fault, _amd.Write(Msr.IA32_PAT, _stored, value));

    [Theory]
    [InlineData(Msr.TSC_AUX, 0x1_0000_0000ul)]
    [InlineData(KvmMsr.MSR_KVM_SYSTEM_TIME_NEW, 0x2ul)]
    [InlineData(KvmMsr.MSR_KVM_STEAL_TIME, 0x3ul)]
    [InlineData(KvmMsr.MSR_KVM_PV_EOI_EN, 0x2ul)]
    [InlineData(Msr.IA32_SPEC_CTRL, 0x8ul)]
    [InlineData(Msr.IA32_PRED_CMD, 0x2ul)]
    public void Reserved_bits_do_not_reach_an_owner(uint msr, ulong value) => Assert.Equal(MsrOutcome.Fault, _amd.Write(msr, _stored, value));

    [Theory]
    [InlineData(Msr.IA32_SPEC_CTRL)]
    [InlineData(Msr.IA32_PRED_CMD)]
    [InlineData(Msr.IA32_ARCH_CAPABILITIES)]
    [InlineData(Msr.IA32_TSC_DEADLINE)]
    [InlineData(Msr.IA32_TSC_ADJUST)]
    [InlineData(Msr.IA32_X2APIC_EOI)]
    [InlineData(KvmMsr.MSR_KVM_STEAL_TIME)]
    [InlineData(KvmMsr.MSR_KVM_PV_EOI_EN)]
    public void What_CPUID_does_not_offer_the_MSR_table_does_not_offer(uint msr)
    {
        Assert.Equal(MsrOutcome.Fault, _bare.Read(msr, _stored, out _));
        Assert.Equal(MsrOutcome.Fault, _bare.Write(msr, _stored, 0));
    }

    [Fact]
    public void A_command_cannot_be_read()
    {
        Assert.Equal(MsrOutcome.Fault, _amd.Read(Msr.IA32_PRED_CMD, _stored, out _));
        Assert.Equal(MsrOutcome.VirtualProcessor, _amd.Write(Msr.IA32_PRED_CMD, _stored, 1));
    }

    [Fact]
    public void Intel_guests_get_their_own_MSRs_and_not_those_of_AMD()
    {
        Assert.Equal(MsrOutcome.Done, _intel.Read(Msr.IA32_MISC_ENABLE, _stored, out ulong value));
        Assert.Equal(1ul, value);
        Assert.Equal(MsrOutcome.Fault, _intel.Read(Msr.HWCR, _stored, out _));
        Assert.Equal(MsrOutcome.Fault, _intel.Read(Msr.SYSCFG, _stored, out _));
    }

    [Fact]
    public void Stored_values_are_kept_apart()
    {
        uint[] stored = [.. Numbers().Where(msr => MsrRules.Find(msr).Handling == MsrHandling.Stored)];
        Assert.Equal(GuestMsrState.ValueCount, stored.Length);
        foreach (uint msr in stored)
        {
            _stored.Reset();
            ulong value = msr == Msr.HWCR ? 0x01000010ul : MsrRules.Find(msr).Check != MsrCheck.None ? 0x6ul : msr == Msr.IA32_MCG_STATUS ? 4ul : 0x800ul;
            Assert.Equal(MsrOutcome.Done, _amd.Write(msr, _stored, value));
            Assert.All(stored, other =>
            {
                _amd.Read(other, _stored, out ulong read);
                Assert.Equal(other == msr ? value : MsrRules.Find(other).Value, read);
            });
        }
    }

    [Fact]
    public void Stored_values_survive_save_and_restore_and_bad_records_change_nothing()
    {
        _amd.Write(Msr.IA32_MTRR_DEF_TYPE, _stored, 0xC06);
        _stored.Save(out GuestMsrState state);
        GuestMsrs other = new();
        Assert.True(other.Restore(state, _amd));
        _amd.Read(Msr.IA32_MTRR_DEF_TYPE, other, out ulong value);
        Assert.Equal(0xC06ul, value);

        GuestMsrState bad = state;
        bad.Values[0] = 0x2;
        bad.Values[27] = 0;
        Assert.False(other.Restore(bad, _amd));
        bad = state;
        bad.Version = 2;
        Assert.False(other.Restore(bad, _amd));
        _amd.Read(Msr.IA32_MTRR_DEF_TYPE, other, out value);
        Assert.Equal(0xC06ul, value);
        Assert.True(new GuestMsrs().Restore(state, _intel));
    }

    [Fact]
    public void No_two_MSRs_of_Specs_have_one_number()
    {
        uint[] numbers = [.. typeof(Msr).GetFields(BindingFlags.Public | BindingFlags.Static).Select(field => (uint)field.GetRawConstantValue()!)];
        Assert.Equal(numbers.Distinct(), numbers);
    }
}
