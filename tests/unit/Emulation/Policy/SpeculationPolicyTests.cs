using HyperOS.Emulation;
using HyperOS.Specs.X86;

namespace HyperOS.Tests.Unit.Emulation.Policy;

public class SpeculationPolicyTests
{
    private const SpeculationHooks Always = SpeculationHooks.ParkSiblings;
    private const SpeculationHooks AlwaysAmd = Always | SpeculationHooks.StartLfenceSerializes;

    private static SpeculationHost Amd(uint family, Cpuid80000008Ebx features, Cpuid80000021Eax features2 = 0) =>
        new() { IsAmd = true, Family = family, Amd = features, Amd2 = features2 };

    private static SpeculationHost Intel(Cpuid7Edx features, ArchCapabilities capabilities, Cpuid7Sub2Edx features2 = 0) =>
        new() { IsIntel = true, Family = 6, Structured = features, Structured2 = features2, Capabilities = capabilities };

    private const Cpuid80000008Ebx ModernAmd = Cpuid80000008Ebx.IBPB | Cpuid80000008Ebx.IBRS | Cpuid80000008Ebx.STIBP | Cpuid80000008Ebx.SSBD;
    private const Cpuid7Edx ModernIntel = Cpuid7Edx.IBRS_IBPB | Cpuid7Edx.STIBP | Cpuid7Edx.SSBD | Cpuid7Edx.MD_CLEAR | Cpuid7Edx.L1D_FLUSH
        | Cpuid7Edx.ARCH_CAPABILITIES;

    private static SpeculationPlan Decide(SpeculationHost host) => SpeculationPolicy.Decide(host, Mitigations.Auto);

    [Fact]
    public void Every_row_has_a_reason_and_hooks()
    {
        for (int row = 0; row < SpeculationPolicy.RowCount; row++)
        {
            Assert.EndsWith(".", SpeculationPolicy.Row(row, default).Reason, StringComparison.Ordinal);
            Assert.NotEqual(SpeculationHooks.None, SpeculationPolicy.Row(row, default).Hooks);
        }
        Assert.Null(SpeculationPolicy.Row(SpeculationPolicy.RowCount, default).Reason);
    }

    [Fact]
    public void Every_hook_is_asked_for_by_some_row()
    {
        SpeculationHooks all = 0;
        for (int row = 0; row < SpeculationPolicy.RowCount; row++)
            all |= SpeculationPolicy.Row(row, default).Hooks;
        Assert.Equal(Enum.GetValues<SpeculationHooks>().Aggregate((left, right) => left | right), all);
    }

    [Fact]
    public void A_translator_needs_nothing()
    {
        SpeculationHost host = Amd(0x17, ModernAmd);
        host.IsTranslated = true;
        Assert.Equal(SpeculationHooks.None, Decide(host).Hooks);
    }

    [Fact]
    public void Zen_2_needs_a_barrier_at_every_exit()
    {
        SpeculationPlan plan = Decide(Amd(0x17, ModernAmd));
        Assert.Equal(AlwaysAmd | SpeculationHooks.ExitSpecCtrl | SpeculationHooks.ExitRsbFill | SpeculationHooks.ExitIbpb | SpeculationHooks.SwitchIbpb,
            plan.Hooks);
        Assert.Equal(SpecCtrl.IBRS, plan.HostSpecCtrl);
        Assert.Equal(ProcessorTraits.SpecCtrl | ProcessorTraits.PredCmd, plan.GuestOffers);
    }

    [Fact]
    public void Zen_5_stands_on_automatic_IBRS()
    {
        SpeculationPlan plan = Decide(
            Amd(0x1A, ModernAmd | Cpuid80000008Ebx.BTC_NO, Cpuid80000021Eax.AutomaticIBRS | Cpuid80000021Eax.SRSO_NO));
        Assert.Equal(AlwaysAmd | SpeculationHooks.StartAutomaticIbrs | SpeculationHooks.SwitchIbpb, plan.Hooks);
        Assert.Equal((SpecCtrl)0, plan.HostSpecCtrl);
    }

    [Fact]
    public void Zen_4_needs_the_barrier_for_its_return_stack()
    {
        SpeculationPlan plan = Decide(
            Amd(0x19, ModernAmd | Cpuid80000008Ebx.BTC_NO, Cpuid80000021Eax.AutomaticIBRS | Cpuid80000021Eax.IBPB_BRTYPE));
        Assert.Equal(AlwaysAmd | SpeculationHooks.StartAutomaticIbrs | SpeculationHooks.ExitIbpb | SpeculationHooks.SwitchIbpb, plan.Hooks);
    }

    [Fact]
    public void An_old_Intel_processor_needs_everything_at_the_edge()
    {
        SpeculationPlan plan = Decide(Intel(ModernIntel & ~Cpuid7Edx.ARCH_CAPABILITIES, 0));
        Assert.Equal(Always | SpeculationHooks.ExitSpecCtrl | SpeculationHooks.ExitRsbFill | SpeculationHooks.SwitchIbpb | SpeculationHooks.EntryVerw
            | SpeculationHooks.EntryL1dFlush, plan.Hooks);
        Assert.Equal((ProcessorTraits)0, plan.GuestOffers & ProcessorTraits.ArchCapabilities);
    }

    [Fact]
    public void A_new_Intel_processor_sets_its_control_once()
    {
        SpeculationPlan plan = Decide(Intel(ModernIntel,
            ArchCapabilities.IBRS_ALL | ArchCapabilities.RDCL_NO | ArchCapabilities.SKIP_L1DFL_VMENTRY | ArchCapabilities.MDS_NO | ArchCapabilities.TAA_NO
            | ArchCapabilities.FB_CLEAR | ArchCapabilities.FBSDP_NO | ArchCapabilities.PBRSB_NO | ArchCapabilities.TSX_CTRL, Cpuid7Sub2Edx.BHI_CTRL));
        Assert.Equal(Always | SpeculationHooks.StartSpecCtrl | SpeculationHooks.SwitchIbpb, plan.Hooks);
        Assert.Equal(SpecCtrl.IBRS | SpecCtrl.BHI_DIS_S, plan.HostSpecCtrl);
        Assert.Equal((ArchCapabilities)0, plan.GuestArchCapabilities & ArchCapabilities.TSX_CTRL);
        Assert.NotEqual((ArchCapabilities)0, plan.GuestArchCapabilities & ArchCapabilities.MDS_NO);
    }

    [Fact]
    public void Enhanced_IBRS_without_the_newer_immunities_adds_a_fence_and_the_clearing_loop()
    {
        SpeculationPlan plan = Decide(Intel(ModernIntel, ArchCapabilities.IBRS_ALL | ArchCapabilities.RDCL_NO | ArchCapabilities.MDS_NO));
        Assert.Equal(Always | SpeculationHooks.StartSpecCtrl | SpeculationHooks.ExitRsbFence | SpeculationHooks.ExitBhbClear | SpeculationHooks.SwitchIbpb,
            plan.Hooks);
    }

    [Fact]
    public void Off_does_nothing_and_all_does_what_the_processor_has_the_means_for()
    {
        SpeculationHost zen5 = Amd(0x1A, ModernAmd | Cpuid80000008Ebx.BTC_NO, Cpuid80000021Eax.AutomaticIBRS | Cpuid80000021Eax.SRSO_NO);
        Assert.Equal(SpeculationHooks.None, SpeculationPolicy.Decide(zen5, Mitigations.Off).Hooks);
        Assert.Equal(AlwaysAmd | SpeculationHooks.StartAutomaticIbrs | SpeculationHooks.SwitchIbpb | SpeculationHooks.ExitSpecCtrl
            | SpeculationHooks.ExitRsbFill | SpeculationHooks.ExitRsbFence | SpeculationHooks.ExitBhbClear | SpeculationHooks.ExitIbpb,
            SpeculationPolicy.Decide(zen5, Mitigations.All).Hooks);
        SpeculationHost bare = new() { IsAmd = true, IsTranslated = true };
        Assert.Equal(AlwaysAmd | SpeculationHooks.ExitRsbFill | SpeculationHooks.ExitRsbFence | SpeculationHooks.ExitBhbClear,
            SpeculationPolicy.Decide(bare, Mitigations.All).Hooks);
    }

    [Fact]
    public void The_host_is_read_from_CPUID()
    {
        SpeculationHost amd = new(TestHost.Amd().Capture(), ArchCapabilities.MDS_NO);
        Assert.True(amd.IsAmd);
        Assert.False(amd.IsTranslated);
        Assert.Equal(0x17u, amd.Family);
        TestHost tcg = TestHost.Amd();
        tcg[CpuidLeaf.Features] = new(0x00800F12, 0, (uint)Cpuid1Ecx.HYPERVISOR, 0);
        tcg[CpuidLeaf.Hypervisor] = new(0x40000001, 0x54474354, 0x43544743, 0x47435447);
        Assert.True(new SpeculationHost(tcg.Capture(), 0).IsTranslated);
        TestHost intel = TestHost.Intel();
        Assert.Equal(ArchCapabilities.MDS_NO, new SpeculationHost(intel.Capture(), ArchCapabilities.MDS_NO).Capabilities);
    }
}
