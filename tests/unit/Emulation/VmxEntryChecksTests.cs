using System.Globalization;
using System.Text;
using HyperOS.Emulation;
using HyperOS.Specs.Intel;
using HyperOS.Tests.Unit.Emulation.Policy;

namespace HyperOS.Tests.Unit.Emulation;

public class VmxEntryChecksTests
{
    private static TestVmcs Base(string name) => name switch
    {
        "long" => TestVmcs.LongMode(),
        "real" => TestVmcs.RealMode(),
        "v86" => TestVmcs.Virtual8086(),
        _ => TestVmcs.ProtectedMode(),
    };

    /// <summary>Changes are "field=value", "field|bits" and "field-bits", in hexadecimal; the field found; a part of its rule.</summary>
    [Theory]
    // Reserved bits of controls.
    [InlineData("long", "PinBasedVmExecutionControls|100", "PinBasedVmExecutionControls", "PINBASED_CTLS")]
    [InlineData("long", "PrimaryProcessorBasedVmExecutionControls-2", "PrimaryProcessorBasedVmExecutionControls", "PROCBASED_CTLS")]
    [InlineData("long", "SecondaryProcessorBasedVmExecutionControls|8000", "SecondaryProcessorBasedVmExecutionControls", "PROCBASED_CTLS2")]
    [InlineData("long", "PrimaryVmExitControls|80000000", "PrimaryVmExitControls", "EXIT_CTLS")]
    [InlineData("long", "VmEntryControls|1000000", "VmEntryControls", "ENTRY_CTLS")]
    // What controls need of one another.
    [InlineData("long", "PinBasedVmExecutionControls-8", "PinBasedVmExecutionControls", "NMI exiting")]
    [InlineData("long", "PinBasedVmExecutionControls-20 PrimaryProcessorBasedVmExecutionControls|400000", "PrimaryProcessorBasedVmExecutionControls",
        "virtual NMIs")]
    [InlineData("long", "PrimaryProcessorBasedVmExecutionControls-200000", "SecondaryProcessorBasedVmExecutionControls", "TPR shadow")]
    [InlineData("long", "SecondaryProcessorBasedVmExecutionControls|10", "SecondaryProcessorBasedVmExecutionControls", "excludes")]
    [InlineData("long", "PinBasedVmExecutionControls-1", "PinBasedVmExecutionControls", "external-interrupt exiting")]
    [InlineData("long", "PinBasedVmExecutionControls|80", "PinBasedVmExecutionControls", "posted interrupts")]
    [InlineData("long", "SecondaryProcessorBasedVmExecutionControls-2", "SecondaryProcessorBasedVmExecutionControls", "EPT")]
    [InlineData("long", "PinBasedVmExecutionControls-40 PrimaryVmExitControls|400000", "PrimaryVmExitControls", "preemption timer")]
    [InlineData("long", "VmEntryControls|400", "VmEntryControls", "SMM")]
    [InlineData("long", "Cr3TargetCount=5", "Cr3TargetCount", "IA32_VMX_MISC")]
    [InlineData("long", "VirtualProcessorIdentifier=0", "VirtualProcessorIdentifier", "host")]
    [InlineData("long", "TscMultiplier=0", "TscMultiplier", "0")]
    // Addresses.
    [InlineData("long", "AddressOfMsrBitmaps=5001", "AddressOfMsrBitmaps", "aligned")]
    [InlineData("long", "AddressOfMsrBitmaps=400000000000", "AddressOfMsrBitmaps", "beyond")]
    [InlineData("long", "VirtualApicAddress=10", "VirtualApicAddress", "aligned")]
    [InlineData("long", "ApicAccessAddress=800", "ApicAccessAddress", "aligned")]
    [InlineData("long", "SecondaryProcessorBasedVmExecutionControls-200 TprThreshold=10", "TprThreshold", "31:4")]
    [InlineData("long", "EptPointer=805C", "EptPointer", "memory type")]
    [InlineData("long", "EptPointer=8056", "EptPointer", "page-walk length")]
    [InlineData("long", "EptPointer=811E", "EptPointer", "reserved")]
    [InlineData("long", "EptPointer=40000000801E", "EptPointer", "reserved")]
    [InlineData("long", "VmExitMsrStoreCount=1 VmExitMsrStoreAddress=8", "VmExitMsrStoreAddress", "aligned")]
    [InlineData("long", "VmEntryMsrLoadCount=2 VmEntryMsrLoadAddress=3FFFFFFFFFF0", "VmEntryMsrLoadAddress", "ends beyond")]
    // The event to inject.
    [InlineData("long", "VmEntryInterruptionInformationField=80000120", "VmEntryInterruptionInformationField", "reserved")]
    [InlineData("long", "VmEntryInterruptionInformationField=80000203", "VmEntryInterruptionInformationField", "vector 2")]
    [InlineData("long", "VmEntryInterruptionInformationField=80000320", "VmEntryInterruptionInformationField", "below 32")]
    [InlineData("long", "VmEntryInterruptionInformationField=80000701", "VmEntryInterruptionInformationField", "vector 0")]
    [InlineData("long", "VmEntryInterruptionInformationField=8000030D", "VmEntryInterruptionInformationField", "error code")]
    [InlineData("long", "VmEntryInterruptionInformationField=80000B06", "VmEntryInterruptionInformationField", "error code")]
    [InlineData("real", "VmEntryInterruptionInformationField=80000B0D", "VmEntryInterruptionInformationField", "protected mode")]
    [InlineData("long", "VmEntryInterruptionInformationField=80001020", "VmEntryInterruptionInformationField", "30:12")]
    [InlineData("long", "VmEntryInterruptionInformationField=80000B0E VmEntryExceptionErrorCode=10000", "VmEntryExceptionErrorCode", "31:16")]
    [InlineData("long", "VmEntryInterruptionInformationField=80000480 VmEntryInstructionLength=10", "VmEntryInstructionLength", "15 bytes")]
    public void A_wrong_control_is_named(string state, string changes, string field, string rule)
    {
        TestVmcs vmcs = Change(Base(state), changes);
        Assert.True(VmxEntryChecks.TryFindControl(vmcs, VmxHost.SkylakeX.Capture(), out VmxEntryFault fault));
        AssertNames(fault, vmcs, field, rule);
    }

    [Theory]
    [InlineData("HostCr0-20", "HostCr0", "CR0_FIXED")]
    [InlineData("HostCr4-2000", "HostCr4", "CR4_FIXED")]
    [InlineData("HostCr4|800000", "HostCr4", "CR4_FIXED")]
    [InlineData("HostCr4-20", "HostCr4", "PAE")]
    [InlineData("HostCr3|400000000000", "HostCr3", "beyond")]
    [InlineData("PrimaryVmExitControls-200", "PrimaryVmExitControls", "64-bit")]
    [InlineData("HostIa32SysenterEsp=800000000000", "HostIa32SysenterEsp", "canonical")]
    [InlineData("HostRip=FFFF000000000000", "HostRip", "canonical")]
    [InlineData("HostIa32Pat=2", "HostIa32Pat", "memory type")]
    [InlineData("HostIa32Efer|2", "HostIa32Efer", "reserved")]
    [InlineData("HostIa32Efer=401", "HostIa32Efer", "LMA and LME")]
    [InlineData("HostDsSelector=13", "HostDsSelector", "RPL and TI")]
    [InlineData("HostTrSelector=14", "HostTrSelector", "RPL and TI")]
    [InlineData("HostCsSelector=0", "HostCsSelector", "null")]
    [InlineData("HostTrSelector=0", "HostTrSelector", "null")]
    [InlineData("HostGsBase=1000000000000000", "HostGsBase", "canonical")]
    [InlineData("HostIdtrBase=800000000000", "HostIdtrBase", "canonical")]
    public void A_wrong_host_field_is_named(string changes, string field, string rule)
    {
        TestVmcs vmcs = Change(TestVmcs.LongMode(), changes);
        Assert.True(VmxEntryChecks.TryFindHost(vmcs, VmxHost.SkylakeX.Capture(), out VmxEntryFault fault));
        AssertNames(fault, vmcs, field, rule);
    }

    [Theory]
    // Control registers.
    [InlineData("long", "GuestCr0-20", "GuestCr0", "CR0_FIXED")]
    [InlineData("protected", "GuestCr0-1", "GuestCr0", "PG needs PE")]
    [InlineData("long", "GuestCr0-80000000", "GuestCr0", "IA-32e")]
    [InlineData("long", "GuestCr4-2000", "GuestCr4", "CR4_FIXED")]
    [InlineData("long", "GuestCr4-20", "GuestCr4", "PAE")]
    [InlineData("protected", "GuestCr4|20000", "GuestCr4", "PCIDE")]
    [InlineData("long", "GuestCr3|400000000000", "GuestCr3", "beyond")]
    [InlineData("protected", "SecondaryProcessorBasedVmExecutionControls-80 GuestCr0-80000001", "GuestCr0", "CR0_FIXED")]
    // Debug registers and MSRs.
    [InlineData("long", "GuestIa32Debugctl=8", "GuestIa32Debugctl", "reserved")]
    [InlineData("long", "GuestDr7|100000000", "GuestDr7", "63:32")]
    [InlineData("long", "GuestIa32SysenterEip=800000000000", "GuestIa32SysenterEip", "canonical")]
    [InlineData("long", "GuestIa32Pat=800000000000000", "GuestIa32Pat", "memory type")]
    [InlineData("long", "GuestIa32Efer|1000", "GuestIa32Efer", "reserved")]
    [InlineData("long", "GuestIa32Efer=901", "GuestIa32Efer", "IA-32e mode guest")]
    [InlineData("real", "GuestIa32Efer=500", "GuestIa32Efer", "IA-32e mode guest")]
    [InlineData("protected", "GuestIa32Efer=100", "GuestIa32Efer", "LME")]
    // Segments.
    [InlineData("long", "GuestTrSelector=44", "GuestTrSelector", "TI")]
    [InlineData("real", "GuestLdtrSelector=4", "GuestLdtrSelector", "TI")]
    [InlineData("protected", "SecondaryProcessorBasedVmExecutionControls-80 GuestSsSelector=20", "GuestSsSelector", "RPL")]
    [InlineData("v86", "GuestDsBase=0", "GuestDsBase", "16 times")]
    [InlineData("v86", "GuestSsLimit=FFFFF", "GuestSsLimit", "FFFFh")]
    [InlineData("v86", "GuestGsAccessRights=93", "GuestGsAccessRights", "F3h")]
    [InlineData("long", "GuestFsBase=800000000000", "GuestFsBase", "canonical")]
    [InlineData("long", "GuestGsAccessRights=10000 GuestGsBase=800000000000", "GuestGsBase", "canonical")]
    [InlineData("long", "GuestTrBase=800000000000", "GuestTrBase", "canonical")]
    [InlineData("long", "GuestCsBase=100000000", "GuestCsBase", "63:32")]
    [InlineData("long", "GuestDsBase=100000000", "GuestDsBase", "63:32")]
    [InlineData("long", "GuestCsAccessRights=A098", "GuestCsAccessRights", "type of CS")]
    [InlineData("protected", "SecondaryProcessorBasedVmExecutionControls-80 GuestCsAccessRights=C0F3", "GuestCsAccessRights", "type of CS")]
    [InlineData("long", "GuestSsAccessRights=C091", "GuestSsAccessRights", "type of SS")]
    [InlineData("long", "GuestEsAccessRights=C092", "GuestEsAccessRights", "accessed")]
    [InlineData("long", "GuestEsAccessRights=C099", "GuestEsAccessRights", "readable")]
    [InlineData("long", "GuestDsAccessRights=C083", "GuestDsAccessRights", "S must be 1")]
    [InlineData("long", "GuestCsAccessRights=A01B", "GuestCsAccessRights", "present")]
    [InlineData("long", "GuestFsAccessRights=C193", "GuestFsAccessRights", "11:8")]
    [InlineData("long", "GuestFsAccessRights=2C093", "GuestFsAccessRights", "31:17")]
    [InlineData("long", "GuestCsAccessRights=E09B", "GuestCsAccessRights", "D/B")]
    [InlineData("long", "GuestDsLimit=FFFFF000", "GuestDsAccessRights", "11:0")]
    [InlineData("real", "GuestDsLimit=100000", "GuestDsAccessRights", "31:20")]
    [InlineData("real", "GuestSsAccessRights=F3", "GuestSsAccessRights", "real mode")]
    [InlineData("protected", "GuestCsAccessRights=C093", "GuestSsAccessRights", "type 3")]
    [InlineData("protected", "GuestCsAccessRights=C09B", "GuestCsAccessRights", "DPL of CS")]
    [InlineData("protected", "SecondaryProcessorBasedVmExecutionControls-80 GuestSsAccessRights=C093", "GuestSsAccessRights", "DPL must be")]
    [InlineData("protected", "SecondaryProcessorBasedVmExecutionControls-80 GuestDsAccessRights=C093", "GuestDsAccessRights", "RPL")]
    [InlineData("long", "GuestTrAccessRights=83", "GuestTrAccessRights", "type of LDTR")]
    [InlineData("long", "GuestTrAccessRights=89", "GuestTrAccessRights", "type of LDTR")]
    [InlineData("long", "GuestTrAccessRights=9B", "GuestTrAccessRights", "S must be 0")]
    [InlineData("long", "GuestTrAccessRights=B", "GuestTrAccessRights", "present")]
    [InlineData("long", "GuestTrAccessRights=1008B", "GuestTrAccessRights", "31:16")]
    [InlineData("long", "GuestTrLimit=100000", "GuestTrAccessRights", "31:20")]
    [InlineData("real", "GuestLdtrAccessRights=83", "GuestLdtrAccessRights", "type of LDTR")]
    // Descriptor tables.
    [InlineData("long", "GuestGdtrBase=800000000000", "GuestGdtrBase", "canonical")]
    [InlineData("long", "GuestIdtrLimit=10000", "GuestIdtrLimit", "31:16")]
    // RIP and RFLAGS.
    [InlineData("protected", "GuestRip=100000000", "GuestRip", "63:32")]
    [InlineData("long", "GuestCsAccessRights=C09B", "GuestRip", "63:32")]
    [InlineData("long", "GuestRip=FF00000000000000", "GuestRip", "equal")]
    [InlineData("long", "GuestRflags|8", "GuestRflags", "reserved")]
    [InlineData("long", "GuestRflags=200", "GuestRflags", "bit 1")]
    [InlineData("v86", "GuestCr0=30", "GuestRflags", "VM needs")]
    [InlineData("long", "GuestRflags=2 VmEntryInterruptionInformationField=80000030", "GuestRflags", "IF")]
    // Activity, interruptibility, pending debug exceptions.
    [InlineData("long", "GuestActivityState=4", "GuestActivityState", "IA32_VMX_MISC")]
    [InlineData("protected", "GuestActivityState=1", "GuestActivityState", "privilege")]
    [InlineData("long", "GuestActivityState=1 GuestInterruptibilityState=1", "GuestActivityState", "shadow")]
    [InlineData("long", "GuestActivityState=1 VmEntryInterruptionInformationField=80000306", "GuestActivityState", "take")]
    [InlineData("long", "GuestActivityState=2 VmEntryInterruptionInformationField=80000030", "GuestActivityState", "take")]
    [InlineData("long", "GuestActivityState=3 VmEntryInterruptionInformationField=80000202", "GuestActivityState", "take")]
    [InlineData("long", "GuestInterruptibilityState=20", "GuestInterruptibilityState", "31:5")]
    [InlineData("long", "GuestInterruptibilityState=3", "GuestInterruptibilityState", "excludes")]
    [InlineData("long", "GuestInterruptibilityState=1 GuestRflags=2", "GuestInterruptibilityState", "IF")]
    [InlineData("long", "GuestInterruptibilityState=1 VmEntryInterruptionInformationField=80000030", "GuestInterruptibilityState", "external interrupt")]
    [InlineData("long", "GuestInterruptibilityState=2 VmEntryInterruptionInformationField=80000202", "GuestInterruptibilityState", "MOV SS")]
    [InlineData("long", "GuestInterruptibilityState=4", "GuestInterruptibilityState", "SMM")]
    [InlineData("long", "GuestInterruptibilityState=8 VmEntryInterruptionInformationField=80000202", "GuestInterruptibilityState", "virtual NMI")]
    [InlineData("long", "GuestInterruptibilityState=12", "GuestInterruptibilityState", "enclave")]
    [InlineData("long", "GuestPendingDebugExceptions=2000", "GuestPendingDebugExceptions", "reserved")]
    [InlineData("long", "GuestInterruptibilityState=1 GuestRflags=302", "GuestPendingDebugExceptions", "BS")]
    [InlineData("long", "GuestInterruptibilityState=2 GuestPendingDebugExceptions=4000", "GuestPendingDebugExceptions", "BS")]
    [InlineData("long", "GuestActivityState=1 GuestRflags=302 GuestIa32Debugctl=2 GuestPendingDebugExceptions=4000", "GuestPendingDebugExceptions", "BS")]
    [InlineData("long", "VmcsLinkPointer=1001", "VmcsLinkPointer", "aligned")]
    // PAE paging.
    [InlineData("protected", "GuestPdpte0=2003", "GuestPdpte0", "reserved")]
    [InlineData("protected", "GuestPdpte3=8000000000000001", "GuestPdpte3", "reserved")]
    public void A_wrong_guest_field_is_named(string state, string changes, string field, string rule)
    {
        TestVmcs vmcs = Change(Base(state), changes);
        Assert.True(VmxEntryChecks.TryFindGuest(vmcs, VmxHost.SkylakeX.Capture(), out VmxEntryFault fault));
        AssertNames(fault, vmcs, field, rule);
    }

    [Theory]
    [InlineData("long", "")]
    [InlineData("real", "")]
    [InlineData("v86", "")]
    [InlineData("protected", "")]
    [InlineData("long", "GuestCr0|60000000")]
    [InlineData("long", "GuestEsAccessRights=10000 GuestEsBase=FFFF000000000000 GuestDsAccessRights=10000 GuestSsAccessRights=10000")]
    [InlineData("long", "GuestActivityState=1 VmEntryInterruptionInformationField=80000030")]
    [InlineData("long", "GuestInterruptibilityState=1 GuestRflags=302 GuestPendingDebugExceptions=4000")]
    [InlineData("long", "GuestInterruptibilityState=8 VmEntryInterruptionInformationField=80000B0E VmEntryExceptionErrorCode=1F")]
    [InlineData("long", "VmEntryInterruptionInformationField=80000603 VmEntryInstructionLength=1")]
    [InlineData("long", "VmEntryInterruptionInformationField=80000480")]
    [InlineData("real", "VmEntryInterruptionInformationField=8000030D")]
    [InlineData("protected", "GuestPdpte1=FFFFFFFFFFFFFFFE")]
    [InlineData("protected", "SecondaryProcessorBasedVmExecutionControls-80")]
    [InlineData("protected", "GuestTrAccessRights=83")]
    [InlineData("real", "GuestCsAccessRights=93")]
    [InlineData("long", "VmcsLinkPointer=1000")]
    [InlineData("long", "VmExitMsrLoadCount=1 VmExitMsrLoadAddress=10")]
    public void A_good_VMCS_passes(string state, string changes)
    {
        TestVmcs vmcs = Change(Base(state), changes);
        VmxCapabilities processor = VmxHost.SkylakeX.Capture();
        AssertFinds(VmxEntryChecks.TryFindControl(vmcs, processor, out VmxEntryFault fault), fault);
        AssertFinds(VmxEntryChecks.TryFindHost(vmcs, processor, out fault), fault);
        AssertFinds(VmxEntryChecks.TryFindGuest(vmcs, processor, out fault), fault);

        static void AssertFinds(bool found, VmxEntryFault fault) => Assert.False(found, $"{fault.Field}: {Encoding.UTF8.GetString(fault.Rule)}");
    }

    [Fact]
    public void The_page_modification_log_needs_dirty_flags()
    {
        TestVmcs vmcs = Change(TestVmcs.LongMode(), "SecondaryProcessorBasedVmExecutionControls|20000 PmlAddress=9000 EptPointer=801E");
        VmxCapabilities processor = VmxHost.SkylakeX.Capture();
        processor.Secondary |= (ulong)SecondaryProcessorBasedControls.EnablePml << 32;
        Assert.True(VmxEntryChecks.TryFindControl(vmcs, processor, out VmxEntryFault fault));
        AssertNames(fault, vmcs, "EptPointer", "PML");
    }

    [Fact]
    public void Every_field_has_its_name()
    {
        foreach (VmcsField field in Enum.GetValues<VmcsField>())
            Assert.Equal(field.ToString(), Encoding.ASCII.GetString(VmcsFieldNames.Of(field)));
        Assert.True(VmcsFieldNames.Of((VmcsField)1).IsEmpty);
    }

    private static void AssertNames(VmxEntryFault fault, TestVmcs vmcs, string field, string rule)
    {
        string text = Encoding.UTF8.GetString(fault.Rule);
        Assert.Equal($"{field}: {rule}", $"{fault.Field}: {(text.Contains(rule, StringComparison.Ordinal) ? rule : text)}");
        Assert.Equal(vmcs[fault.Field], fault.Value);
    }

    private static TestVmcs Change(TestVmcs vmcs, string changes)
    {
        foreach (string change in changes.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            int at = change.IndexOfAny(['=', '|', '-']);
            VmcsField field = Enum.Parse<VmcsField>(change[..at]);
            ulong value = ulong.Parse(change[(at + 1)..], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            vmcs[field] = change[at] switch { '=' => value, '|' => vmcs[field] | value, _ => vmcs[field] & ~value };
        }
        return vmcs;
    }
}
