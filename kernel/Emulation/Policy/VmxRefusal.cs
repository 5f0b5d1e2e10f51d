namespace HyperOS.Emulation;

/// <summary>Why a processor cannot run guests, in the order of the checks; <see cref="VmxControlPolicy.Text"/> says it and what to change.</summary>
public enum VmxRefusal
{
    /// <summary>It can.</summary>
    None,

    /// <summary>CPUID does not offer VMX.</summary>
    NoVmx,

    /// <summary>IA32_FEATURE_CONTROL is locked without VMX.</summary>
    Locked,

    /// <summary>IA32_FEATURE_CONTROL is locked with VMX in SMX operation alone.</summary>
    LockedToSmx,

    /// <summary>No secondary processor-based controls.</summary>
    NoSecondaryControls,

    /// <summary>No EPT.</summary>
    NoEpt,

    /// <summary>No four-level EPT structures in write-back memory.</summary>
    NoEptWriteBack,

    /// <summary>No INVEPT.</summary>
    NoInvept,

    /// <summary>No unrestricted guest.</summary>
    NoUnrestrictedGuest,

    /// <summary>No virtual NMIs.</summary>
    NoVirtualNmis,

    /// <summary>Pin-based controls that are needed must be 0, or unwanted ones 1: <see cref="VmxPlan.Refused"/>.</summary>
    PinBasedControls,

    /// <summary>Likewise primary processor-based ones.</summary>
    PrimaryControls,

    /// <summary>Likewise secondary processor-based ones.</summary>
    SecondaryControls,

    /// <summary>Likewise VM-exit ones.</summary>
    ExitControls,

    /// <summary>Likewise VM-entry ones.</summary>
    EntryControls,
}
