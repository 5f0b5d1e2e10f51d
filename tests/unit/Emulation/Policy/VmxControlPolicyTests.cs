using System.Numerics;
using System.Text;
using HyperOS.Emulation;
using HyperOS.Specs.Intel;
using HyperOS.Specs.X86;

namespace HyperOS.Tests.Unit.Emulation.Policy;

public class VmxControlPolicyTests
{
    private const VmxFeatures OfBochs = VmxFeatures.All & ~(VmxFeatures.EptViolationInformation | VmxFeatures.MonitorTrapFlag);

    private const VmxFeatures OfArrandale = VmxFeatures.EptPages2MiB | VmxFeatures.InveptSingleContext | VmxFeatures.Vpid
        | VmxFeatures.InvvpidIndividualAddress | VmxFeatures.InvvpidSingleContext | VmxFeatures.InvvpidSingleContextRetainingGlobals | VmxFeatures.TprShadow
        | VmxFeatures.Rdtscp | VmxFeatures.MonitorTrapFlag | VmxFeatures.ActivityHlt;

    public static TheoryData<int, VmxRefusal> Refusals => new()
    {
        { Array.IndexOf(VmxHost.All, VmxHost.Penryn), VmxRefusal.NoEpt },
        { Array.IndexOf(VmxHost.All, VmxHost.BochsLynnfield), VmxRefusal.NoUnrestrictedGuest },
        { Array.IndexOf(VmxHost.All, VmxHost.Arrandale), VmxRefusal.None },
        { Array.IndexOf(VmxHost.All, VmxHost.SandyBridge), VmxRefusal.None },
        { Array.IndexOf(VmxHost.All, VmxHost.BochsSkylakeX), VmxRefusal.None },
        { Array.IndexOf(VmxHost.All, VmxHost.SkylakeX), VmxRefusal.None },
        { Array.IndexOf(VmxHost.All, VmxHost.TigerLake), VmxRefusal.None },
        { Array.IndexOf(VmxHost.All, VmxHost.ArrowLake), VmxRefusal.None },
    };

    private static VmxPlan Plan(VmxHost host, VmxFeatures driven = VmxFeatures.All)
    {
        Assert.Equal(VmxRefusal.None, VmxControlPolicy.Decide(host.Capture(), driven, out VmxPlan plan));
        return plan;
    }

    private static VmxRefusal Decide(VmxCapabilities host) => VmxControlPolicy.Decide(host, VmxFeatures.All, out _);

    [Theory]
    [MemberData(nameof(Refusals))]
    public void Each_part_runs_guests_or_says_what_it_lacks(int host, VmxRefusal refusal) => Assert.Equal(refusal, Decide(VmxHost.All[host].Capture()));

    [Fact]
    public void Parts_offer_what_their_years_brought()
    {
        Assert.Equal(OfArrandale, Plan(VmxHost.Arrandale).Features);
        Assert.Equal(OfArrandale | VmxFeatures.PreemptionTimer, Plan(VmxHost.SandyBridge).Features);
        Assert.Equal(OfBochs, Plan(VmxHost.BochsSkylakeX).Features);
        Assert.Equal(VmxFeatures.All, Plan(VmxHost.TigerLake).Features);
        Assert.Equal(VmxFeatures.All, Plan(VmxHost.ArrowLake).Features);
    }

    [Fact]
    public void The_controls_of_Bochs_with_nothing_optional_are_the_needed_ones()
    {
        VmxPlan plan = Plan(VmxHost.BochsSkylakeX, VmxFeatures.None);
        Assert.Equal(0x0000_003Fu, (uint)plan.PinBased);
        Assert.Equal(0x0400_6172u | 1u << 3 | 1u << 7 | 1u << 10 | 1u << 11 | 3u << 19 | 1u << 23 | 1u << 24 | 1u << 28 | 1u << 29 | 1u << 31,
            (uint)plan.Primary);
        Assert.Equal(1u << 1 | 1u << 6 | 1u << 7, (uint)plan.Secondary);
        Assert.Equal(0x0003_6DFFu | 1u << 9 | 0xFu << 18, (uint)plan.Exit);
        Assert.Equal(0x0000_11FFu | 3u << 14, (uint)plan.Entry);
        Assert.Equal(0x2Bu, plan.Revision);
        Assert.Equal(Cr0.PE | Cr0.NE | Cr0.PG, plan.HostCr0);
        Assert.Equal(Cr0.NE, plan.GuestCr0);
        Assert.Equal(Cr4.VMXE, plan.RequiredCr4);
        Assert.Equal((Cr4)0, plan.RequiredCr4 & ~plan.AllowedCr4);
        Assert.Equal(0x1234_501Eul, plan.EptPointer(0x1234_5000));
    }

    [Theory]
    [InlineData(FeatureControl.Lock, VmxRefusal.Locked)]
    [InlineData(FeatureControl.Lock | FeatureControl.VmxInsideSmx, VmxRefusal.LockedToSmx)]
    [InlineData(FeatureControl.Lock | FeatureControl.VmxInsideSmx | FeatureControl.VmxOutsideSmx, VmxRefusal.None)]
    [InlineData((FeatureControl)0, VmxRefusal.None)]
    public void The_lock_decides_before_anything_else(FeatureControl value, VmxRefusal refusal)
    {
        VmxCapabilities host = VmxHost.SkylakeX.Capture();
        host.FeatureControl = value;
        Assert.Equal(refusal, Decide(host));
        host.Secondary = 0;
        Assert.Equal(refusal == VmxRefusal.None ? VmxRefusal.NoEpt : refusal, Decide(host));
    }

    [Fact]
    public void A_processor_without_VMX_is_asked_nothing_more()
    {
        TestHost host = TestHost.Amd();
        host[CpuidLeaf.Features] = new(0x00800F12, 0, 0, 0);
        Assert.Equal(VmxRefusal.NoVmx, Decide(VmxCapabilities.Read(host.Capture(), new VmxHost("nothing", 0, 0, []))));
    }

    [Fact]
    public void Each_thing_that_is_needed_is_named_when_it_is_missing()
    {
        VmxCapabilities whole = VmxHost.SkylakeX.Capture();
        VmxCapabilities host = whole;
        host.Primary &= ~(1ul << 63);
        Assert.Equal(VmxRefusal.NoSecondaryControls, Decide(host));
        host = whole;
        host.EptVpid &= ~EptVpidCap.EptpWB;
        Assert.Equal(VmxRefusal.NoEptWriteBack, Decide(host));
        host = whole;
        host.EptVpid &= ~EptVpidCap.Invept;
        Assert.Equal(VmxRefusal.NoInvept, Decide(host));
        host = whole;
        host.PinBased &= ~((ulong)PinBasedControls.VirtualNmis << 32);
        Assert.Equal(VmxRefusal.NoVirtualNmis, Decide(host));
        host = whole;
        host.Exit &= ~((ulong)VmExitControls.LoadIa32Efer << 32);
        Assert.Equal(VmxRefusal.ExitControls, VmxControlPolicy.Decide(host, VmxFeatures.All, out VmxPlan plan));
        Assert.Equal((uint)VmExitControls.LoadIa32Efer, plan.Refused);
        host = whole;
        host.Entry &= ~((ulong)VmEntryControls.Ia32eModeGuest << 32);
        Assert.Equal(VmxRefusal.EntryControls, VmxControlPolicy.Decide(host, VmxFeatures.All, out plan));
        Assert.Equal((uint)VmEntryControls.Ia32eModeGuest, plan.Refused);
        host = whole;
        host.Secondary &= ~((ulong)SecondaryProcessorBasedControls.WbinvdExiting << 32);
        Assert.Equal(VmxRefusal.SecondaryControls, VmxControlPolicy.Decide(host, VmxFeatures.All, out plan));
        Assert.Equal((uint)SecondaryProcessorBasedControls.WbinvdExiting, plan.Refused);
        host = whole;
        host.Primary &= ~((ulong)PrimaryProcessorBasedControls.NmiWindowExiting << 32);
        Assert.Equal(VmxRefusal.PrimaryControls, VmxControlPolicy.Decide(host, VmxFeatures.All, out plan));
        Assert.Equal((uint)PrimaryProcessorBasedControls.NmiWindowExiting, plan.Refused);
    }

    [Fact]
    public void A_control_that_must_be_1_and_is_not_wanted_is_refused()
    {
        VmxCapabilities host = VmxHost.SkylakeX.Capture();
        host.Primary |= (ulong)PrimaryProcessorBasedControls.Cr3LoadExiting;
        Assert.Equal(VmxRefusal.PrimaryControls, VmxControlPolicy.Decide(host, VmxFeatures.All, out VmxPlan plan));
        Assert.Equal((uint)PrimaryProcessorBasedControls.Cr3LoadExiting, plan.Refused);
    }

    [Fact]
    public void Every_refusal_has_its_text()
    {
        VmxRefusal[] refusals = [.. Enum.GetValues<VmxRefusal>().Where(refusal => refusal != VmxRefusal.None)];
        string[] texts = [.. refusals.Select(refusal => Encoding.UTF8.GetString(VmxControlPolicy.Text(refusal)))];
        Assert.Equal(refusals.Length, texts.Distinct().Count());
        Assert.All(texts, text => Assert.InRange(text.Length, 40, 160));
        Assert.True(VmxControlPolicy.Text(VmxRefusal.None).IsEmpty);
        Assert.Contains("enable Intel VT-x", texts[Array.IndexOf(refusals, VmxRefusal.Locked)], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(SecondaryProcessorBasedControls.VirtualizeApicAccesses)]
    [InlineData(SecondaryProcessorBasedControls.VirtualizeX2ApicMode)]
    [InlineData(SecondaryProcessorBasedControls.ApicRegisterVirtualization)]
    [InlineData(SecondaryProcessorBasedControls.VirtualInterruptDelivery)]
    public void A_processor_that_lacks_one_of_the_APIC_features_serves_nothing_of_the_APIC(SecondaryProcessorBasedControls lacking)
    {
        VmxCapabilities host = VmxHost.SkylakeX.Capture();
        host.Secondary &= ~((ulong)lacking << 32);
        Assert.Equal(VmxRefusal.None, VmxControlPolicy.Decide(host, VmxFeatures.All, out VmxPlan plan));
        Assert.Equal(VmxFeatures.TprShadow, plan.Features & (VmxFeatures.ApicVirtualization | VmxFeatures.TprShadow));
        const SecondaryProcessorBasedControls Apic = SecondaryProcessorBasedControls.VirtualizeApicAccesses
            | SecondaryProcessorBasedControls.VirtualizeX2ApicMode | SecondaryProcessorBasedControls.ApicRegisterVirtualization
            | SecondaryProcessorBasedControls.VirtualInterruptDelivery;
        Assert.Equal((SecondaryProcessorBasedControls)0, plan.Secondary & Apic);
    }

    [Fact]
    public void The_APIC_features_need_the_TPR_shadow_and_without_it_CR8_exits()
    {
        VmxPlan plan = Plan(VmxHost.SkylakeX, VmxFeatures.All & ~VmxFeatures.TprShadow);
        Assert.Equal((VmxFeatures)0,
            plan.Features & (VmxFeatures.VirtualInterruptDelivery | VmxFeatures.ApicRegisterVirtualization | VmxFeatures.VirtualizeX2ApicMode));
        Assert.Equal(PrimaryProcessorBasedControls.Cr8LoadExiting | PrimaryProcessorBasedControls.Cr8StoreExiting,
            plan.Primary & (PrimaryProcessorBasedControls.Cr8LoadExiting | PrimaryProcessorBasedControls.Cr8StoreExiting
                | PrimaryProcessorBasedControls.UseTprShadow));
        Assert.Equal((SecondaryProcessorBasedControls)0,
            plan.Secondary & (SecondaryProcessorBasedControls.VirtualInterruptDelivery | SecondaryProcessorBasedControls.ApicRegisterVirtualization));
    }

    [Fact]
    public void VPIDs_are_not_used_without_a_way_to_invalidate_them()
    {
        VmxCapabilities host = VmxHost.SkylakeX.Capture();
        host.EptVpid &= ~EptVpidCap.InvvpidAllContext;
        Assert.Equal(VmxRefusal.None, VmxControlPolicy.Decide(host, VmxFeatures.All, out VmxPlan plan));
        Assert.False(plan.Has(VmxFeatures.Vpid) || plan.Has(VmxFeatures.InvvpidIndividualAddress));
        Assert.Equal((SecondaryProcessorBasedControls)0, plan.Secondary & SecondaryProcessorBasedControls.EnableVpid);
    }

    [Fact]
    public void The_smallest_invalidation_that_is_offered_is_used()
    {
        VmxCapabilities host = VmxHost.SkylakeX.Capture();
        Assert.Equal(VmxRefusal.None, VmxControlPolicy.Decide(host, VmxFeatures.All, out VmxPlan plan));
        Assert.Equal((InveptType.SingleContext, InvvpidType.SingleContext), (plan.InveptType, plan.InvvpidType));
        Assert.Equal(0x5Eul, plan.EptPointer(0));
        host.EptVpid &= ~(EptVpidCap.InveptSingleContext | EptVpidCap.InvvpidSingleContext | EptVpidCap.AccessedDirty);
        Assert.Equal(VmxRefusal.None, VmxControlPolicy.Decide(host, VmxFeatures.All, out plan));
        Assert.Equal((InveptType.AllContext, InvvpidType.AllContext), (plan.InveptType, plan.InvvpidType));
        Assert.Equal(0x1Eul, plan.EptPointer(0));
        Assert.False(plan.Has(VmxFeatures.PageModificationLog));
    }

    [Fact]
    public void Parts_with_the_iTLB_erratum_get_small_executable_pages()
    {
        Assert.True(Plan(VmxHost.SandyBridge).SmallExecutablePages);
        Assert.True(Plan(VmxHost.SkylakeX).SmallExecutablePages);
        Assert.False(Plan(VmxHost.TigerLake).SmallExecutablePages);
        VmxCapabilities goldmont = VmxHost.SkylakeX.Capture();
        goldmont.Signature = 0x506C9;
        Assert.Equal(VmxRefusal.None, VmxControlPolicy.Decide(goldmont, VmxFeatures.All, out VmxPlan plan));
        Assert.False(plan.SmallExecutablePages);
    }

    [Fact]
    public void The_preemption_timer_is_left_alone_where_it_does_not_count_well()
    {
        Assert.Equal((PinBasedControls)0, Plan(VmxHost.Arrandale).PinBased & PinBasedControls.ActivateVmxPreemptionTimer);
        VmxPlan plan = Plan(VmxHost.SkylakeX);
        Assert.NotEqual((PinBasedControls)0, plan.PinBased & PinBasedControls.ActivateVmxPreemptionTimer);
        Assert.Equal(7, plan.PreemptionTimerShift);
        Assert.Equal(0, Plan(VmxHost.BochsSkylakeX).PreemptionTimerShift);
    }

    [Fact]
    public void A_plan_fits_its_processor_and_better_ones_but_not_worse_ones()
    {
        VmxPlan plan = Plan(VmxHost.SkylakeX);
        VmxCapabilities other = VmxHost.SkylakeX.Capture();
        Assert.True(VmxControlPolicy.Fits(plan, other));
        other.Secondary |= 1ul << 58;
        Assert.True(VmxControlPolicy.Fits(plan, other));
        other.EptVpid &= ~EptVpidCap.Page1GiB;
        Assert.False(VmxControlPolicy.Fits(plan, other));
        other = VmxHost.SkylakeX.Capture();
        other.Secondary &= ~((ulong)SecondaryProcessorBasedControls.EnableVpid << 32);
        Assert.False(VmxControlPolicy.Fits(plan, other));
        other = VmxHost.SkylakeX.Capture();
        other.FeatureControl = FeatureControl.Lock;
        Assert.False(VmxControlPolicy.Fits(plan, other));
        other = VmxHost.SkylakeX.Capture();
        other.Primary |= (ulong)PrimaryProcessorBasedControls.InterruptWindowExiting;
        Assert.False(VmxControlPolicy.Fits(plan, other));
    }

    /// <summary>What guests do not have needs no exit, and what would keep work from the host, or make exits that it does not know, stays off.</summary>
    [Fact]
    public void Nothing_is_on_that_the_host_does_not_know()
    {
        const SecondaryProcessorBasedControls Never = SecondaryProcessorBasedControls.EnableEnclsExiting | SecondaryProcessorBasedControls.EnableEnclvExiting
            | SecondaryProcessorBasedControls.VmmBusLockDetection | SecondaryProcessorBasedControls.InstructionTimeout
            | SecondaryProcessorBasedControls.EnableVmFunctions | SecondaryProcessorBasedControls.VmcsShadowing | SecondaryProcessorBasedControls.EptViolationVe
            | SecondaryProcessorBasedControls.EnableUserWaitAndPause | SecondaryProcessorBasedControls.EnablePconfig
            | SecondaryProcessorBasedControls.EnablePasidTranslation | SecondaryProcessorBasedControls.IntelPtUsesGuestPhysicalAddresses
            | SecondaryProcessorBasedControls.ModeBasedExecuteControlForEpt | SecondaryProcessorBasedControls.SubPageWritePermissionsForEpt;
        foreach (VmxHost part in VmxHost.All)
        {
            VmxCapabilities host = part.Capture();
            host.FeatureControl = 0;
            host.Secondary |= 0xFFFF_FFFFul << 32;
            if (VmxControlPolicy.Decide(host, VmxFeatures.All, out VmxPlan plan) == VmxRefusal.None)
                Assert.Equal((SecondaryProcessorBasedControls)0, plan.Secondary & Never);
            host.Secondary |= (ulong)SecondaryProcessorBasedControls.EnableEnclsExiting;
            Assert.NotEqual(VmxRefusal.None, VmxControlPolicy.Decide(host, VmxFeatures.All, out _));
        }
    }

    /// <summary>Whatever bits a processor takes away or demands: never a bit set that must be 0, nor one clear that must be 1.</summary>
    [Fact]
    public void No_plan_breaks_what_a_processor_demands()
    {
        Random random = new(1);
        int plans = 0;
        for (int i = 0; i < 100_000; i++)
        {
            VmxCapabilities host = VmxHost.All[random.Next(VmxHost.All.Length)].Capture();
            host.FeatureControl = (FeatureControl)random.Next(8);
            host.EptVpid &= (EptVpidCap)Sparse(random);
            host.PinBased = Change(random, host.PinBased);
            host.Primary = Change(random, host.Primary);
            host.Secondary = Change(random, host.Secondary);
            host.Exit = Change(random, host.Exit);
            host.Entry = Change(random, host.Entry);
            VmxFeatures driven = (VmxFeatures)random.Next();
            if (VmxControlPolicy.Decide(host, driven, out VmxPlan plan) != VmxRefusal.None)
                continue;
            plans++;
            AssertAllowed(host.PinBased, (uint)plan.PinBased);
            AssertAllowed(host.Primary, (uint)plan.Primary);
            AssertAllowed(host.Primary, (uint)(plan.Primary | PrimaryProcessorBasedControls.InterruptWindowExiting));
            AssertAllowed(host.Primary, (uint)(plan.Primary | PrimaryProcessorBasedControls.NmiWindowExiting));
            AssertAllowed(host.Secondary, (uint)plan.Secondary);
            AssertAllowed(host.Exit, (uint)plan.Exit);
            AssertAllowed(host.Entry, (uint)plan.Entry);
            AssertAllowed(host.Entry, (uint)(plan.Entry | VmEntryControls.Ia32eModeGuest));
            Assert.Equal(VmxFeatures.None, plan.Features & ~driven);
            Assert.True(VmxControlPolicy.Fits(plan, host));
        }
        Assert.InRange(plans, 1_000, 100_000);
    }

    private static void AssertAllowed(ulong capability, uint control)
    {
        Assert.Equal(0u, (uint)capability & ~control);
        Assert.Equal(0u, control & ~(uint)(capability >> 32));
    }

    /// <summary>All bits but a few.</summary>
    private static ulong Sparse(Random random)
    {
        ulong mask = ulong.MaxValue;
        for (int i = random.Next(3); i > 0; i--)
            mask &= ~(1ul << random.Next(64));
        return mask;
    }

    private static ulong Change(Random random, ulong capability) => random.Next(4) switch
    {
        0 => capability & Sparse(random),
        1 => capability | BitOperations.RotateLeft(1ul, random.Next(64)),
        _ => capability,
    };
}
