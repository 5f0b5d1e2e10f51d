using HyperOS.Core;
using HyperOS.Emulation;

namespace HyperOS.Virtualization;

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

    /// <summary>WBINVD, INVD, PAUSE: nothing to do, or a hint.</summary>
    NoOperation,

    /// <summary>An instruction that this processor does not have, as far as the guest can know.</summary>
    Undefined,

    /// <summary>RDPMC: there are no counters.</summary>
    NotPermitted,

    /// <summary>Triple fault.</summary>
    Shutdown,

    /// <summary>The processor refused to enter the guest.</summary>
    EntryFailure,

    /// <summary>A reason that nothing here knows: stops the machine, never skips.</summary>
    Unknown,
}

/// <summary>What the vendor's code made of an exit. Fields mean something for the kinds that they name.</summary>
public struct VmExit
{
    public const int KindCount = (int)VmExitKind.Unknown + 1;

    public VmExitKind Kind;

    /// <summary>Port, StringPort.</summary>
    public ushort Port;

    /// <summary>Port, StringPort: in bytes.</summary>
    public byte Size;

    /// <summary>Port, StringPort: IN or INS. NestedFault: a write. Exception: has an error code.</summary>
    public bool Flag;

    /// <summary>Exception: the vector.</summary>
    public byte Vector;

    /// <summary>Exception: its error code.</summary>
    public uint ErrorCode;

    /// <summary>NestedFault: what the guest accessed.</summary>
    public GuestPhysicalAddress Address;

    /// <summary>NestedFault: the access itself, not the processor's walk through the guest's tables.</summary>
    public bool IsFinalAccess;

    /// <summary>What the handlers that need the length or operands of an instruction must find at RIP.</summary>
    public InterceptedOperation Instruction;

    /// <summary>The vendor's own exit code, for reports.</summary>
    public ulong RawCode, RawInfo1, RawInfo2;
}

/// <summary>What the loop does after an exit.</summary>
public enum ExitAction : byte
{
    /// <summary>Enter the guest again where it is.</summary>
    Resume,

    /// <summary>The instruction is done: go past it, and enter.</summary>
    AdvanceRip,

    /// <summary>Wait until there is something for the vCPU; then go past the HLT.</summary>
    Halt,

    /// <summary>The machine stops; its stop reason is set.</summary>
    Stop,
}
