using System.Globalization;
using System.Numerics;
using HyperOS.Specs.Intel;
using HyperOS.Specs.X86;

namespace HyperOS.Tests.Unit.Specs;

/// <summary>Values picked from the SDM's tables, above all the ends of runs, and the rules that its numbers follow.</summary>
public class VmxValueTests
{
    /// <summary>Ends of each run of the appendix "Field Encoding in VMCS".</summary>
    [Theory]
    [InlineData(VmcsField.VirtualProcessorIdentifier, 0x0000)]
    [InlineData(VmcsField.LastPidPointerIndex, 0x0008)]
    [InlineData(VmcsField.GuestEsSelector, 0x0800)]
    [InlineData(VmcsField.GuestTrSelector, 0x080E)]
    [InlineData(VmcsField.PmlIndex, 0x0812)]
    [InlineData(VmcsField.HostTrSelector, 0x0C0C)]
    [InlineData(VmcsField.AddressOfMsrBitmaps, 0x2004)]
    [InlineData(VmcsField.TscOffset, 0x2010)]
    [InlineData(VmcsField.VirtualApicAddress, 0x2012)]
    [InlineData(VmcsField.EptPointer, 0x201A)]
    [InlineData(VmcsField.EoiExitBitmap3, 0x2022)]
    [InlineData(VmcsField.XssExitingBitmap, 0x202C)]
    [InlineData(VmcsField.TscMultiplier, 0x2032)]
    [InlineData(VmcsField.TertiaryProcessorBasedVmExecutionControls, 0x2034)]
    [InlineData(VmcsField.SecondaryVmExitControls, 0x2044)]
    [InlineData(VmcsField.Ia32SpecCtrlShadow, 0x204C)]
    [InlineData(VmcsField.GuestPhysicalAddress, 0x2400)]
    [InlineData(VmcsField.VmcsLinkPointer, 0x2800)]
    [InlineData(VmcsField.GuestIa32Efer, 0x2806)]
    [InlineData(VmcsField.GuestPdpte3, 0x2810)]
    [InlineData(VmcsField.GuestIa32FredSsp3, 0x2828)]
    [InlineData(VmcsField.HostIa32Efer, 0x2C02)]
    [InlineData(VmcsField.HostIa32FredSsp3, 0x2C16)]
    [InlineData(VmcsField.PinBasedVmExecutionControls, 0x4000)]
    [InlineData(VmcsField.VmEntryInterruptionInformationField, 0x4016)]
    [InlineData(VmcsField.TprThreshold, 0x401C)]
    [InlineData(VmcsField.SecondaryProcessorBasedVmExecutionControls, 0x401E)]
    [InlineData(VmcsField.InstructionTimeoutControl, 0x4024)]
    [InlineData(VmcsField.VmInstructionError, 0x4400)]
    [InlineData(VmcsField.VmExitInstructionInformation, 0x440E)]
    [InlineData(VmcsField.GuestIdtrLimit, 0x4812)]
    [InlineData(VmcsField.GuestEsAccessRights, 0x4814)]
    [InlineData(VmcsField.GuestTrAccessRights, 0x4822)]
    [InlineData(VmcsField.GuestIa32SysenterCs, 0x482A)]
    [InlineData(VmcsField.VmxPreemptionTimerValue, 0x482E)]
    [InlineData(VmcsField.HostIa32SysenterCs, 0x4C00)]
    [InlineData(VmcsField.Cr3TargetValue3, 0x600E)]
    [InlineData(VmcsField.GuestLinearAddress, 0x640A)]
    [InlineData(VmcsField.GuestIdtrBase, 0x6818)]
    [InlineData(VmcsField.GuestRflags, 0x6820)]
    [InlineData(VmcsField.GuestIa32InterruptSspTableAddr, 0x682C)]
    [InlineData(VmcsField.HostRip, 0x6C16)]
    [InlineData(VmcsField.HostIa32InterruptSspTableAddr, 0x6C1C)]
    public void A_VMCS_field_has_the_encoding_of_the_manual(VmcsField field, int encoding) => Assert.Equal(encoding, (int)field);

    [Fact]
    public void Encodings_keep_to_the_format_and_the_names_to_the_areas()
    {
        const uint Control = 0, ReadOnly = 1, Guest = 2, Host = 3;
        VmcsField[] fields = Enum.GetValues<VmcsField>();
        Assert.Equal(fields.Length, fields.Distinct().Count());
        foreach (VmcsField field in fields)
        {
            Assert.Equal(0u, (uint)field & ~0x6FFEu);
            string name = field.ToString();
            uint area = (uint)field >> 10 & 3;
            Assert.Equal(name.StartsWith("Host", StringComparison.Ordinal), area == Host);
            if (area == Control)
                Assert.True(!name.StartsWith("Guest", StringComparison.Ordinal) || field == VmcsField.GuestDeadlineShadow, name);
            if (area == ReadOnly)
                Assert.True(!name.StartsWith("Guest", StringComparison.Ordinal) || name.StartsWith("GuestPhysical", StringComparison.Ordinal)
                    || name.StartsWith("GuestLinear", StringComparison.Ordinal), name);
            Assert.Equal(name.EndsWith("Selector", StringComparison.Ordinal), (uint)field is >= 0x800 and < 0x810 or >= 0xC00 and < 0xD00);
            Assert.Equal(name.EndsWith("AccessRights", StringComparison.Ordinal), (uint)field is >= 0x4814 and <= 0x4822 && area == Guest);
        }
    }

    [Theory]
    [InlineData(VmExitReason.ExceptionOrNmi, 0)]
    [InlineData(VmExitReason.InterruptWindow, 7)]
    [InlineData(VmExitReason.Cpuid, 10)]
    [InlineData(VmExitReason.Hlt, 12)]
    [InlineData(VmExitReason.Vmxon, 27)]
    [InlineData(VmExitReason.ControlRegisterAccess, 28)]
    [InlineData(VmExitReason.IoInstruction, 30)]
    [InlineData(VmExitReason.Wrmsr, 32)]
    [InlineData(VmExitReason.EntryFailureInvalidGuestState, 33)]
    [InlineData(VmExitReason.EntryFailureMsrLoading, 34)]
    [InlineData(VmExitReason.Mwait, 36)]
    [InlineData(VmExitReason.Monitor, 39)]
    [InlineData(VmExitReason.EntryFailureMachineCheck, 41)]
    [InlineData(VmExitReason.TprBelowThreshold, 43)]
    [InlineData(VmExitReason.ApicAccess, 44)]
    [InlineData(VmExitReason.EptViolation, 48)]
    [InlineData(VmExitReason.EptMisconfiguration, 49)]
    [InlineData(VmExitReason.VmxPreemptionTimerExpired, 52)]
    [InlineData(VmExitReason.Xsetbv, 55)]
    [InlineData(VmExitReason.ApicWrite, 56)]
    [InlineData(VmExitReason.Xrstors, 64)]
    [InlineData(VmExitReason.Loadiwkey, 69)]
    [InlineData(VmExitReason.BusLock, 74)]
    [InlineData(VmExitReason.Wrmsrlist, 79)]
    public void An_exit_reason_has_the_number_of_the_manual(VmExitReason reason, int number) => Assert.Equal(number, (int)reason);

    [Theory]
    [InlineData(VmInstructionError.VmlaunchNonClearVmcs, 4)]
    [InlineData(VmInstructionError.VmresumeNonLaunchedVmcs, 5)]
    [InlineData(VmInstructionError.EntryInvalidControlFields, 7)]
    [InlineData(VmInstructionError.EntryInvalidHostStateFields, 8)]
    [InlineData(VmInstructionError.VmptrldIncorrectRevision, 11)]
    [InlineData(VmInstructionError.VmwriteReadOnlyComponent, 13)]
    [InlineData(VmInstructionError.VmxonInRootOperation, 15)]
    [InlineData(VmInstructionError.VmcallInvalidVmExitControls, 20)]
    [InlineData(VmInstructionError.EntryBlockedByMovSs, 26)]
    [InlineData(VmInstructionError.InvalidOperandToInveptInvvpid, 28)]
    public void An_instruction_error_has_the_number_of_the_manual(VmInstructionError error, int number) => Assert.Equal(number, (int)error);

    [Theory]
    [InlineData(PinBasedControls.VirtualNmis, 5)]
    [InlineData(PinBasedControls.ActivateVmxPreemptionTimer, 6)]
    [InlineData(PrimaryProcessorBasedControls.InterruptWindowExiting, 2)]
    [InlineData(PrimaryProcessorBasedControls.Cr3LoadExiting, 15)]
    [InlineData(PrimaryProcessorBasedControls.UseTprShadow, 21)]
    [InlineData(PrimaryProcessorBasedControls.NmiWindowExiting, 22)]
    [InlineData(PrimaryProcessorBasedControls.UseMsrBitmaps, 28)]
    [InlineData(PrimaryProcessorBasedControls.ActivateSecondaryControls, 31)]
    [InlineData(SecondaryProcessorBasedControls.EnableEpt, 1)]
    [InlineData(SecondaryProcessorBasedControls.UnrestrictedGuest, 7)]
    [InlineData(SecondaryProcessorBasedControls.VirtualInterruptDelivery, 9)]
    [InlineData(SecondaryProcessorBasedControls.EnableInvpcid, 12)]
    [InlineData(SecondaryProcessorBasedControls.EnableXsavesXrstors, 20)]
    [InlineData(SecondaryProcessorBasedControls.UseTscScaling, 25)]
    [InlineData(SecondaryProcessorBasedControls.InstructionTimeout, 31)]
    [InlineData(TertiaryProcessorBasedControls.VirtualizeIa32SpecCtrl, 7)]
    [InlineData(VmExitControls.HostAddressSpaceSize, 9)]
    [InlineData(VmExitControls.AcknowledgeInterruptOnExit, 15)]
    [InlineData(VmExitControls.SaveVmxPreemptionTimerValue, 22)]
    [InlineData(VmExitControls.LoadPkrs, 29)]
    [InlineData(VmEntryControls.Ia32eModeGuest, 9)]
    [InlineData(VmEntryControls.LoadIa32Efer, 15)]
    [InlineData(VmEntryControls.LoadCetState, 20)]
    [InlineData(EptVpidCap.Page1GiB, 17)]
    [InlineData(EptVpidCap.AccessedDirty, 21)]
    [InlineData(EptVpidCap.InveptAllContext, 26)]
    [InlineData(EptVpidCap.InvvpidSingleContextRetainingGlobals, 43)]
    [InlineData(VmxBasic.TrueControls, 55)]
    [InlineData(VmxMisc.ActivityWaitForSipi, 8)]
    [InlineData(FeatureControl.VmxOutsideSmx, 2)]
    [InlineData(SegmentAccessRights.Unusable, 16)]
    [InlineData(SegmentAccessRights.L, 13)]
    [InlineData(EptEntry.Leaf, 7)]
    [InlineData(EptEntry.SuppressVe, 63)]
    [InlineData(EptViolationQualification.LinearAddressValid, 7)]
    [InlineData(PendingDebugExceptions.BS, 14)]
    [InlineData(InterruptibilityState.BlockingByNmi, 3)]
    public void A_flag_is_at_the_position_of_the_manual(Enum flag, int position) =>
        Assert.Equal(position, BitOperations.TrailingZeroCount(Convert.ToUInt64(flag, CultureInfo.InvariantCulture)));

    [Theory]
    [InlineData(Msr.IA32_FEATURE_CONTROL, 0x3A)]
    [InlineData(Msr.IA32_VMX_BASIC, 0x480)]
    [InlineData(Msr.IA32_VMX_MISC, 0x485)]
    [InlineData(Msr.IA32_VMX_CR4_FIXED1, 0x489)]
    [InlineData(Msr.IA32_VMX_EPT_VPID_CAP, 0x48C)]
    [InlineData(Msr.IA32_VMX_TRUE_ENTRY_CTLS, 0x490)]
    [InlineData(Msr.IA32_VMX_EXIT_CTLS2, 0x493)]
    public void A_capability_MSR_has_the_number_of_the_manual(uint msr, int number) => Assert.Equal(number, (int)msr);

    [Fact]
    public void The_fields_of_a_port_exit_are_those_of_the_manual()
    {
        const ulong OutToSerialPort = 0x03F8_0000; // OUT DX, AL, port 3F8h
        Assert.Equal(0x3F8ul, (OutToSerialPort & (ulong)IoQualification.PortMask) >> IoQualificationShift.Port);
        Assert.Equal(0ul, OutToSerialPort & (ulong)(IoQualification.In | IoQualification.SizeMask));
    }

    [Fact]
    public void The_MSR_bitmaps_are_four_quarters_of_a_page_with_a_bit_an_MSR()
    {
        const int Quarter = (int)MsrBitmap.MsrsPerRange / 8;
        Assert.Equal([0, Quarter, 2 * Quarter, 3 * Quarter, 4 * Quarter],
            [MsrBitmap.ReadLow, MsrBitmap.ReadHigh, MsrBitmap.WriteLow, MsrBitmap.WriteHigh, MsrBitmap.Size]);
    }
}
