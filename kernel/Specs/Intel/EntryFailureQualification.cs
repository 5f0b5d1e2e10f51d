namespace HyperOS.Specs.Intel;

/// <summary>
/// Exit qualification of VM-entry failures due to invalid guest state. Intel SDM vol. 3, "VM-Entry Failures During or After Loading Guest
/// State".
/// </summary>
public enum EntryFailureQualification : ulong
{
    /// <summary>Not one of those below.</summary>
    None = 0,

    /// <summary>Loading the PDPTEs failed.</summary>
    Pdpte = 2,

    /// <summary>An NMI cannot be injected while MOV SS blocks.</summary>
    Nmi = 3,

    /// <summary>The VMCS link pointer is bad.</summary>
    VmcsLinkPointer = 4,
}
