using System.Diagnostics;

namespace HyperOS.Core;

/// <summary>Kinds of places where the test kernel can be made to fail. The values are the command line's: `fault=` in docs/containment.md.</summary>
public enum FaultPlace : byte
{
    None,

    // Work for a guest that holds no lock.
    CpuidPolicy,
    MsrPolicy,
    ControlRegisterPolicy,
    ExitDecoder,
    InstructionDecoder,
    StringInstruction,
    PageWalk,
    NestedFault,
    GuestMemory,
    LocalApic,
    LocalApicTimer,
    ExtendedState,

    // Work for a guest under the lock of its board.
    Uart,
    Pit,
    Rtc,
    Pic,
    IoApic,
    FirmwareConfig,
    AcpiPowerManagement,
    TestExit,
    BoardTimers,

    // The same at its PCI functions: configuration space, registers of virtio devices, a message.
    PciConfiguration,
    MsixTable,
    MsixMessage,
    VirtioRegisters,

    // Work for a guest at its virtqueues, without the board's lock: the service of a device, a chain being taken, one being given back.
    QueueService,
    Virtqueue,
    VirtqueueUse,
    GuestBuffers,
    Disk,

    // Work for a guest on the threads of others.
    Definition,
    Loader,
    AcpiTables,
    ImageCopy,
    ConsoleOutput,
    ConsoleInput,

    /// <summary>What a guest's thread says after a first fault.</summary>
    Obituary,

    // Work for the guest that receives a frame, on the sender's thread: at its port, with a lock of its queue.
    FrameDelivery,
    FrameReceive,

    /// <summary>Work for the guest that sends frames, before the switch's lock is taken.</summary>
    FrameInspection,

    // The host's own.
    Scheduler,
    FrameAllocator,
    AddressSpace,
    Log,
    TimerInterrupt,
    FaultReport,
    TakingApart,

    /// <summary>Under a switch's lock.</summary>
    Switch,

    // Work for a process: a system call that holds no lock, a page under the process' lock, a signal.
    SystemCall,
    ProcessMemory,
    Signal,
}

/// <summary>What fails there.</summary>
public enum FaultKind : byte
{
    IndexOutOfRange,
    NullReference,
    Overflow,
    DivideByZero,
    InvalidCast,
    StackOverflow,
}

/// <summary>Decides in the test kernel whether a place fails.</summary>
public abstract class FaultInjector
{
    /// <summary>Code came to the place. Any context. Returns, or fails as real code would.</summary>
    public abstract void Hit(FaultPlace place);
}

/// <summary>
/// Where faults can be made, to see that they are contained. Only in kernels built with FaultInjection=true: elsewhere the compiler leaves the
/// calls out.
/// </summary>
public static class FaultPoint
{
    private static FaultInjector? s_injector;

    public static void Install(FaultInjector injector) => s_injector = injector;

    /// <summary>Code comes to a place.</summary>
    [Conditional("FAULT_INJECTION")]
    public static void Hit(FaultPlace place) => s_injector?.Hit(place);
}
