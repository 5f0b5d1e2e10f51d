using HyperOS.Abi;
using HyperOS.Core;
using HyperOS.Emulation;

namespace HyperOS.Virtualization;

/// <summary>What the vendor's code made of an exit. Fields mean something for the kinds that they name.</summary>
public struct VmExit
{
    public VmExitKind Kind;

    /// <summary>Port, StringPort.</summary>
    public ushort Port;

    /// <summary>Port, StringPort: in bytes.</summary>
    public byte Size;

    /// <summary>Port, StringPort: IN or INS. NestedFault: a write. Exception, TaskSwitch: has an error code.</summary>
    public bool Flag;

    /// <summary>Exception, EndOfInterrupt, TaskSwitch by an event: the vector.</summary>
    public byte Vector;

    /// <summary>Exception, TaskSwitch: its error code.</summary>
    public uint ErrorCode;

    /// <summary>ApicWrite: what the register now holds.</summary>
    public uint Value;

    /// <summary>NestedFault, ApicWrite: what the guest accessed.</summary>
    public GuestPhysicalAddress Address;

    /// <summary>TaskSwitch: of the new task's TSS.</summary>
    public ushort Selector;

    /// <summary>TaskSwitch.</summary>
    public TaskSwitchCause Cause;

    /// <summary>TaskSwitch: an event, that is no instruction's, is delivered by it.</summary>
    public bool IsEvent;

    /// <summary>NestedFault: of an instruction.</summary>
    public bool IsFetch;

    /// <summary>NestedFault: the access itself, not the processor's walk through the guest's tables.</summary>
    public bool IsFinalAccess;

    /// <summary>What the handlers that need the length or operands of an instruction must find at RIP.</summary>
    public InterceptedOperation Instruction;
}

/// <summary>An exit in the vendor's own terms, for reports and the trace.</summary>
public struct RawExit
{
    /// <summary>SVM: EXITCODE. VMX: exit reason.</summary>
    public ulong Code;

    /// <summary>SVM: EXITINFO1 and EXITINFO2. VMX: exit qualification and guest-physical address.</summary>
    public ulong Info1, Info2;

    /// <summary>The guest's RIP, not yet past an instruction that exited.</summary>
    public ulong InstructionPointer;
}

/// <summary>What the loop does after an exit; up to <see cref="Stop"/> it leaves RIP where it is.</summary>
public enum ExitAction : byte
{
    /// <summary>Enter the guest again where it is.</summary>
    Resume,

    /// <summary>The machine stops; its stop reason is set.</summary>
    Stop,

    /// <summary>The instruction is done: go past it, and enter.</summary>
    AdvanceRip,

    /// <summary>The same, of a port access that breakpoints are to be compared with.</summary>
    AdvanceRipAndMatch,

    /// <summary>Wait until there is something for the vCPU; then go past the HLT.</summary>
    Halt,

    /// <summary>Go past the instruction, and let another of the machine's processors go first that waits for its turn.</summary>
    Yield,
}
