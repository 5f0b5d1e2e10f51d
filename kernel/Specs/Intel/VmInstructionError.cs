namespace HyperOS.Specs.Intel;

/// <summary>VM-instruction error numbers, after VMfailValid. Intel SDM vol. 3, "VM Instruction Error Numbers".</summary>
public enum VmInstructionError : uint
{
    /// <summary>No error was reported.</summary>
    None = 0,

    /// <summary>VMCALL executed in VMX root operation.</summary>
    VmcallInRootOperation = 1,

    /// <summary>VMCLEAR with invalid physical address.</summary>
    VmclearInvalidAddress = 2,

    /// <summary>VMCLEAR with VMXON pointer.</summary>
    VmclearVmxonPointer = 3,

    /// <summary>VMLAUNCH with non-clear VMCS.</summary>
    VmlaunchNonClearVmcs = 4,

    /// <summary>VMRESUME with non-launched VMCS.</summary>
    VmresumeNonLaunchedVmcs = 5,

    /// <summary>VMRESUME after VMXOFF.</summary>
    VmresumeAfterVmxoff = 6,

    /// <summary>VM entry with invalid control fields.</summary>
    EntryInvalidControlFields = 7,

    /// <summary>VM entry with invalid host-state fields.</summary>
    EntryInvalidHostStateFields = 8,

    /// <summary>VMPTRLD with invalid physical address.</summary>
    VmptrldInvalidAddress = 9,

    /// <summary>VMPTRLD with VMXON pointer.</summary>
    VmptrldVmxonPointer = 10,

    /// <summary>VMPTRLD with incorrect VMCS revision identifier.</summary>
    VmptrldIncorrectRevision = 11,

    /// <summary>VMREAD or VMWRITE from or to an unsupported VMCS component.</summary>
    UnsupportedVmcsComponent = 12,

    /// <summary>VMWRITE to a read-only VMCS component.</summary>
    VmwriteReadOnlyComponent = 13,

    /// <summary>VMXON executed in VMX root operation.</summary>
    VmxonInRootOperation = 15,

    /// <summary>VM entry with invalid executive-VMCS pointer.</summary>
    EntryInvalidExecutiveVmcsPointer = 16,

    /// <summary>VM entry with non-launched executive VMCS.</summary>
    EntryNonLaunchedExecutiveVmcs = 17,

    /// <summary>VM entry with executive-VMCS pointer that is not the VMXON pointer.</summary>
    EntryExecutiveVmcsPointerNotVmxonPointer = 18,

    /// <summary>VMCALL with non-clear VMCS, for dual-monitor treatment.</summary>
    VmcallNonClearVmcs = 19,

    /// <summary>VMCALL with invalid VM-exit control fields.</summary>
    VmcallInvalidVmExitControls = 20,

    /// <summary>VMCALL with incorrect MSEG revision identifier.</summary>
    VmcallIncorrectMsegRevision = 22,

    /// <summary>VMXOFF under dual-monitor treatment.</summary>
    VmxoffUnderDualMonitor = 23,

    /// <summary>VMCALL with invalid SMM-monitor features.</summary>
    VmcallInvalidSmmMonitorFeatures = 24,

    /// <summary>VM entry with invalid VM-execution controls in the executive VMCS.</summary>
    EntryInvalidControlsInExecutiveVmcs = 25,

    /// <summary>VM entry with events blocked by MOV SS.</summary>
    EntryBlockedByMovSs = 26,

    /// <summary>Invalid operand to INVEPT or INVVPID.</summary>
    InvalidOperandToInveptInvvpid = 28,
}
