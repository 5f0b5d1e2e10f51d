using HyperOS.Emulation;
using HyperOS.Specs.Intel;
using HyperOS.Tests.Unit.Emulation.Policy;

namespace HyperOS.Tests.Unit.Emulation;

/// <summary>A VMCS in a table, that a Skylake-X would enter; a read of a field that its controls do not announce fails the test.</summary>
internal sealed class TestVmcs : VmcsReader
{
    private readonly Dictionary<VmcsField, ulong> _fields = [];

    public ulong this[VmcsField field]
    {
        get => _fields[field];
        set => _fields[field] = value;
    }

    public override ulong Read(VmcsField field) =>
        _fields.TryGetValue(field, out ulong value) ? value : throw new InvalidOperationException($"{field} is not in use.");

    /// <summary>A 64-bit guest at privilege 0.</summary>
    public static TestVmcs LongMode()
    {
        Assert.Equal(VmxRefusal.None, VmxControlPolicy.Decide(VmxHost.SkylakeX.Capture(), VmxFeatures.All, out VmxPlan plan));
        TestVmcs vmcs = new()
        {
            [VmcsField.PinBasedVmExecutionControls] = (ulong)plan.PinBased,
            [VmcsField.PrimaryProcessorBasedVmExecutionControls] = (ulong)plan.Primary,
            [VmcsField.SecondaryProcessorBasedVmExecutionControls] = (ulong)plan.Secondary,
            [VmcsField.PrimaryVmExitControls] = (ulong)plan.Exit,
            [VmcsField.VmEntryControls] = (ulong)(plan.Entry | VmEntryControls.Ia32eModeGuest),
            [VmcsField.VmEntryInterruptionInformationField] = 0,
            [VmcsField.VmEntryExceptionErrorCode] = 0,
            [VmcsField.VmEntryInstructionLength] = 0,
            [VmcsField.VirtualProcessorIdentifier] = 1,
            [VmcsField.Cr3TargetCount] = 0,
            [VmcsField.TscMultiplier] = VmxTsc.MultiplierOne,
            [VmcsField.AddressOfMsrBitmaps] = 0x5000,
            [VmcsField.VirtualApicAddress] = 0x6000,
            [VmcsField.ApicAccessAddress] = 0x7000,
            [VmcsField.TprThreshold] = 0,
            [VmcsField.EptPointer] = plan.EptPointer(0x8000),
            [VmcsField.VmExitMsrStoreCount] = 0, [VmcsField.VmExitMsrStoreAddress] = 0,
            [VmcsField.VmExitMsrLoadCount] = 0, [VmcsField.VmExitMsrLoadAddress] = 0,
            [VmcsField.VmEntryMsrLoadCount] = 0, [VmcsField.VmEntryMsrLoadAddress] = 0,
            [VmcsField.HostCr0] = 0x8001_0031, [VmcsField.HostCr3] = 0x10_0000, [VmcsField.HostCr4] = 0x0031_26A0,
            [VmcsField.HostIa32Pat] = 0x0007_0406_0007_0406, [VmcsField.HostIa32Efer] = 0xD01,
            [VmcsField.HostRip] = 0xFFFF_FFFF_8010_0000,
            [VmcsField.GuestCr0] = 0x8005_0033, [VmcsField.GuestCr3] = 0x1000, [VmcsField.GuestCr4] = 0x20A0,
            [VmcsField.GuestIa32Debugctl] = 0, [VmcsField.GuestDr7] = 0x400,
            [VmcsField.GuestIa32Pat] = 0x0007_0406_0007_0406, [VmcsField.GuestIa32Efer] = 0xD01,
            [VmcsField.GuestIa32SysenterEsp] = 0, [VmcsField.GuestIa32SysenterEip] = 0,
            [VmcsField.GuestGdtrBase] = 0xFFFF_8000_0000_0000, [VmcsField.GuestGdtrLimit] = 0x7F,
            [VmcsField.GuestIdtrBase] = 0xFFFF_8000_0000_1000, [VmcsField.GuestIdtrLimit] = 0xFFF,
            [VmcsField.GuestRip] = 0xFFFF_FFFF_8100_0000, [VmcsField.GuestRflags] = 0x202,
            [VmcsField.GuestActivityState] = 0, [VmcsField.GuestInterruptibilityState] = 0, [VmcsField.GuestPendingDebugExceptions] = 0,
            [VmcsField.VmcsLinkPointer] = ulong.MaxValue,
            [VmcsField.GuestPdpte0] = 0, [VmcsField.GuestPdpte1] = 0, [VmcsField.GuestPdpte2] = 0, [VmcsField.GuestPdpte3] = 0,
        };
        for (VmcsField field = VmcsField.HostEsSelector; field <= VmcsField.HostTrSelector; field += 2)
            vmcs[field] = 0x10;
        foreach (VmcsField field in (VmcsField[])[VmcsField.HostFsBase, VmcsField.HostGsBase, VmcsField.HostTrBase, VmcsField.HostGdtrBase,
            VmcsField.HostIdtrBase, VmcsField.HostIa32SysenterEsp, VmcsField.HostIa32SysenterEip])
            vmcs[field] = 0xFFFF_FFFF_8000_0000;
        vmcs.SetSegments(0, 0xFFFF_FFFF, 0xC093);
        vmcs.SetSegment(1, 0x10, 0, 0xFFFF_FFFF, 0xA09B);
        vmcs.SetSegment(6, 0, 0, 0, 0x10000);
        vmcs.SetSegment(7, 0x40, 0xFFFF_8000_0000_2000, 0x67, 0x8B);
        return vmcs;
    }

    /// <summary>After reset.</summary>
    public static TestVmcs RealMode()
    {
        TestVmcs vmcs = LongMode();
        vmcs.LeaveLongMode();
        vmcs[VmcsField.GuestCr0] = 0x30;
        vmcs[VmcsField.GuestCr4] = 0x2000;
        vmcs[VmcsField.GuestIa32Efer] = 0;
        vmcs[VmcsField.GuestRip] = 0xFFF0;
        vmcs[VmcsField.GuestRflags] = 2;
        vmcs.SetSegments(0, 0xFFFF, 0x93);
        vmcs.SetSegment(1, 0xF000, 0xFFFF_0000, 0xFFFF, 0x9B);
        vmcs.SetSegment(6, 0, 0, 0xFFFF, 0x82);
        vmcs.SetSegment(7, 0, 0, 0xFFFF, 0x8B);
        return vmcs;
    }

    /// <summary>A virtual-8086 task without paging.</summary>
    public static TestVmcs Virtual8086()
    {
        TestVmcs vmcs = RealMode();
        vmcs[VmcsField.GuestCr0] = 0x31;
        vmcs[VmcsField.GuestRflags] = 0x23202;
        for (int i = 0; i < 6; i++)
            vmcs.SetSegment(i, 0x1234, 0x12340, 0xFFFF, 0xF3);
        return vmcs;
    }

    /// <summary>32-bit code at privilege 3 with PAE paging.</summary>
    public static TestVmcs ProtectedMode()
    {
        TestVmcs vmcs = RealMode();
        vmcs[VmcsField.GuestCr0] = 0x8000_0031;
        vmcs[VmcsField.GuestCr4] = 0x2020;
        vmcs[VmcsField.GuestRip] = 0x0800_0000;
        vmcs[VmcsField.GuestRflags] = 0x202;
        vmcs.SetSegments(0x23, 0xFFFF_FFFF, 0xC0F3);
        vmcs.SetSegment(1, 0x1B, 0, 0xFFFF_FFFF, 0xC0FB);
        vmcs[VmcsField.GuestPdpte0] = 0x2001;
        return vmcs;
    }

    private void LeaveLongMode() => this[VmcsField.VmEntryControls] &= ~(ulong)VmEntryControls.Ia32eModeGuest;

    private void SetSegments(ulong selector, ulong limit, ulong rights)
    {
        for (int i = 0; i < 6; i++)
            SetSegment(i, selector, 0, limit, rights);
    }

    private void SetSegment(int segment, ulong selector, ulong start, ulong limit, ulong rights)
    {
        uint index = (uint)(2 * segment);
        this[VmcsField.GuestEsSelector + index] = selector;
        this[VmcsField.GuestEsBase + index] = start;
        this[VmcsField.GuestEsLimit + index] = limit;
        this[VmcsField.GuestEsAccessRights + index] = rights;
    }
}
