namespace HyperOS.Abi;

/// <summary>Why a guest stopped running, in one form for both vendors.</summary>
public enum VmExitKind : byte
{
    /// <summary>An interrupt or NMI of the host; already served.</summary>
    HostInterrupt,

    /// <summary>The guest can take an interrupt now.</summary>
    InterruptWindow,

    /// <summary>The guest's NMI handler is about to return.</summary>
    NmiWindow,
    Cpuid,
    Hlt,

    /// <summary>IN or OUT of one value.</summary>
    Port,

    /// <summary>INS or OUTS.</summary>
    StringPort,
    ReadMsr,
    WriteMsr,

    /// <summary>VMMCALL or VMCALL.</summary>
    Hypercall,

    /// <summary>No translation for a guest-physical address: memory not yet there, or a device's register.</summary>
    NestedFault,

    /// <summary>MOV to or from a control register, or an instruction that amounts to it.</summary>
    ControlRegister,

    /// <summary>MOV to or from a debug register.</summary>
    DebugRegister,
    Xsetbv,

    /// <summary>An exception that the host looks at first.</summary>
    Exception,

    /// <summary>WBINVD, INVD: nothing to do.</summary>
    NoOperation,

    /// <summary>The guest repeats PAUSE: it waits for another of its processors.</summary>
    PauseLoop,

    /// <summary>An instruction that this processor does not have, as far as the guest can know.</summary>
    Undefined,

    /// <summary>RDPMC: there are no counters.</summary>
    NotPermitted,

    /// <summary>The processor has stored to a register of the local APIC that means more than what it holds.</summary>
    ApicWrite,

    /// <summary>The processor has done the guest's EOI of a level-triggered interrupt, which the I/O APIC is to hear of.</summary>
    EndOfInterrupt,

    /// <summary>The guest switches to another task, in protected mode.</summary>
    TaskSwitch,

    /// <summary>Triple fault.</summary>
    Shutdown,

    /// <summary>The processor refused to enter the guest.</summary>
    EntryFailure,

    /// <summary>A reason that nothing here knows: stops the machine, never skips.</summary>
    Unknown,
}
