using System.Numerics;
using System.Runtime.CompilerServices;
using System.Threading;
using HyperOS.Abi.State;

namespace HyperOS.Devices;

/// <summary>
/// A vCPU's local APIC, xAPIC and x2APIC: Intel SDM vol. 3A, chapter "Advanced Programmable Interrupt Controller (APIC)". The APIC ID is
/// the vCPU's number and cannot be changed.
/// </summary>
/// <remarks>
/// <para>Any core may send: it sets bits in IRR and TMR and in <see cref="_pending"/>, atomically, and kicks. All else belongs to the
/// owning vCPU's thread, whose loop runs, before each entry to the guest: <see cref="Advance"/> where a timer is due, then
/// <see cref="Poll"/>, then for what it finds one of <see cref="TakeInit"/>, <see cref="TakeStartUp"/>, <see cref="TakeNmi"/> or, once the
/// vector is injected, <see cref="Acknowledge"/>.</para>
/// <para>Time enters as parameters: guest time in nanoseconds, which never goes back, and the guest's TSC. The timer's clock is 1 GHz before
/// the divider.</para>
/// <para>Choices where the manual leaves them: version 14H with six LVT entries (no CMCI) and EOI-broadcast suppression, since the I/O APIC
/// has an EOI register; APR and RRD read as zero; DFR, LDR and ID take no effect in x2APIC mode; the delivery status bits read as idle,
/// for messages arrive at once; SMI is ignored, for there is no SMM.</para>
/// </remarks>
public sealed partial class LocalApic
{
    /// <summary>Elements of the register page.</summary>
    public const int PageLength = 1024;

    // Bits of _pending: which words of IRR may be non-zero, then LocalApicPending, on top the vector of a start-up IPI.
    private const uint RequestWords = 0xFF;
    private const int FlagShift = 8;
    private const uint InitFlag = (uint)LocalApicPending.Init << FlagShift;
    private const uint StartUpFlag = (uint)LocalApicPending.StartUp << FlagShift;
    private const uint NmiFlag = (uint)LocalApicPending.Nmi << FlagShift;
    private const uint ExternalInterruptFlag = (uint)LocalApicPending.ExternalInterrupt << FlagShift;
    private const uint Lint0Flag = (uint)LocalApicPending.Lint0 << FlagShift;
    private const uint Lint0EdgeFlag = (uint)LocalApicPending.Lint0Edge << FlagShift;
    private const uint Lint1Flag = (uint)LocalApicPending.Lint1 << FlagShift;
    private const uint Lint1EdgeFlag = (uint)LocalApicPending.Lint1Edge << FlagShift;
    private const uint AllFlags = 0xFFu << FlagShift;
    private const uint LineFlags = Lint0Flag | Lint0EdgeFlag | Lint1Flag | Lint1EdgeFlag;
    private const int StartUpVectorShift = 24;

    private const int FirstLegalVector = 16;

    // Configuration.
    private readonly int _vcpu;

    // Wiring.
    private readonly ApicBus _bus;

    // Guest-visible state: the page, IA32_APIC_BASE, the timer (LocalApic.Timer.cs), and what the page does not show.
    private readonly uint[] _registers;
    private ApicMode _mode;
    private uint _pending;
    private uint _errors;

    // Which words of ISR are not zero: derived from the page.
    private uint _inServiceWords;

    /// <summary>The APIC of vCPU <paramref name="vcpu"/>, reset as at power-on; it attaches itself to the bus.</summary>
    /// <param name="registers">The register page, of <see cref="PageLength"/> elements.</param>
    public LocalApic(ApicBus bus, int vcpu, uint[] registers)
    {
        _bus = bus;
        _vcpu = vcpu;
        _registers = registers;
        bus.Attach(this, vcpu);
        Reset();
    }

    /// <summary>Number of the owning vCPU, and APIC ID in both modes.</summary>
    public int Vcpu => _vcpu;

    /// <summary>Disabled, xAPIC or x2APIC. CPUID.01H:EDX.APIC is clear while it is disabled.</summary>
    public ApicMode Mode => _mode;

    /// <summary>The task priority as CR8 shows it: TPR bits 7:4. Intel SDM vol. 3A, "Interaction of Task Priorities between CR8 and APIC".</summary>
    public uint Cr8
    {
        get => Register(ApicRegister.TPR) >> 4 & 0xF;
        set => SetTaskPriority((value & 0xF) << 4);
    }

    /// <summary>TPR. Intel SDM vol. 3A, "Task and Processor Priorities".</summary>
    public uint TaskPriority
    {
        get => Register(ApicRegister.TPR);
        set => SetTaskPriority(value & 0xFF);
    }

    /// <summary>Nothing at all waits: one load, for the vCPU loop's usual case.</summary>
    public bool IsQuiet => Volatile.Read(ref _pending) == 0;

    /// <summary>
    /// An EOI of the vector in service may be skipped and applied later by <see cref="EndOfInterrupt"/>: it is edge-triggered and no other
    /// vector waits for it. See <see cref="KvmRecords"/>.
    /// </summary>
    public bool CanSkipEndOfInterrupt =>
        _inServiceWords != 0 && (Volatile.Read(ref _pending) & RequestWords) == 0 && !IsSet(ApicRegister.TMR, HighestInService());

    /// <summary>What waits for the vCPU; <paramref name="vector"/> is that of <see cref="ApicEvents.Interrupt"/>, else 0.</summary>
    public ApicEvents Poll(out int vector)
    {
        vector = 0;
        return Volatile.Read(ref _pending) == 0 ? ApicEvents.None : FindPending(out vector);
    }

    /// <summary>The highest vector that may be delivered now, given the processor's priority.</summary>
    public bool TryGetPending(out int vector) => (Poll(out vector) & ApicEvents.Interrupt) != 0;

    /// <summary>The vector that <see cref="Poll"/> gave goes to the processor: from IRR to ISR.</summary>
    public void Acknowledge(int vector)
    {
        uint bit = Bit(vector);
        if (Interlocked.And(ref Word(ApicRegister.IRR, vector), ~bit) == bit)
            ForgetRequestWord(vector >> 5);
        Word(ApicRegister.ISR, vector) |= bit;
        _inServiceWords |= 1u << (vector >> 5);
        Register(ApicRegister.PPR) = (uint)vector & 0xF0; // above the task's priority and all that was in service, or it would still wait
    }

    /// <summary>
    /// The guest's EOI: takes the highest vector out of service; a level-triggered one is broadcast unless SVR suppresses that. Without a
    /// vector in service nothing happens.
    /// </summary>
    public void EndOfInterrupt()
    {
        if (_inServiceWords == 0)
            return;
        int vector = HighestInService();
        ref uint word = ref Word(ApicRegister.ISR, vector);
        word &= ~Bit(vector);
        if (word == 0)
            _inServiceWords &= ~(1u << (vector >> 5));
        UpdateProcessorPriority();
        if (IsSet(ApicRegister.TMR, vector))
            EndLevelTriggered(vector);
    }

    /// <summary>Takes a pending NMI.</summary>
    public bool TakeNmi() => Take(NmiFlag);

    /// <summary>
    /// Takes a pending INIT and puts the APIC into its state after INIT, which keeps mode and ID. An application processor then waits for a
    /// start-up IPI; one that came after the INIT is kept.
    /// </summary>
    public bool TakeInit()
    {
        if (!Take(InitFlag))
            return false;
        Interlocked.And(ref _pending, StartUpFlag | Lint0Flag | Lint1Flag | 0xFFu << StartUpVectorShift);
        ResetRegisters();
        return true;
    }

    /// <summary>Takes a pending start-up IPI: the processor starts in real mode at <paramref name="vector"/> times 1000H.</summary>
    public bool TakeStartUp(out int vector)
    {
        uint before = Interlocked.And(ref _pending, ~(StartUpFlag | 0xFFu << StartUpVectorShift));
        vector = (int)(before >> StartUpVectorShift);
        return (before & StartUpFlag) != 0;
    }

    /// <summary>An ExtINT message has been answered by asking the 8259A pair; its INTR pin needs no such call.</summary>
    public void AcknowledgeExternalInterrupt() => Take(ExternalInterruptFlag);

    /// <summary>Drives LINT0, to which the 8259A pair's INTR is wired. Any core.</summary>
    public void SetLint0(bool asserted) => SetLine(ApicRegister.LVTLint0, Lint0Flag, Lint0EdgeFlag, asserted);

    /// <summary>Drives LINT1, the NMI pin of a PC. Any core.</summary>
    public void SetLint1(bool asserted) => SetLine(ApicRegister.LVTLint1, Lint1Flag, Lint1EdgeFlag, asserted);

    /// <summary>
    /// What firmware leaves on the bootstrap processor, for guests that start without: the APIC enabled, LINT0 ExtINT, LINT1 NMI.
    /// Intel MultiProcessor Specification 1.4, "Virtual Wire Mode".
    /// </summary>
    public void EnterVirtualWireMode()
    {
        Register(ApicRegister.SVR) |= SvrEnable;
        Register(ApicRegister.LVTLint0) = (uint)DeliveryMode.ExtINT << LvtModeShift;
        Register(ApicRegister.LVTLint1) = (uint)DeliveryMode.NMI << LvtModeShift;
    }

    /// <summary>As at power-on: xAPIC mode, software-disabled. Other vCPUs do not run meanwhile, or do not send.</summary>
    public void Reset()
    {
        SetMode(ApicMode.XApic);
        Volatile.Write(ref _pending, _pending & (Lint0Flag | Lint1Flag));
        ResetRegisters();
    }

    /// <summary>The state, once the vCPU has stopped and no one sends.</summary>
    public void Save(out LocalApicState state)
    {
        state = default;
        state.Version = LocalApicState.CurrentVersion;
        state.Pending = (LocalApicPending)((_pending & AllFlags) >> FlagShift);
        state.StartUpVector = (byte)(_pending >> StartUpVectorShift);
        state.Errors = _errors;
        state.ApicBase = ApicBase;
        state.TimerDeadline = _deadline;
        for (int i = 0; i < LocalApicRegisters.Count; i++)
            state.Registers[i] = _registers[i << 2];
    }

    /// <summary>
    /// Restores a saved state. Restore a VM's legacy devices first, then the 8259A pair and the I/O APIC, and local APICs last: what the
    /// others send while they drive their lines anew is in the saved state already.
    /// </summary>
    public RestoreStatus Restore(in LocalApicState state)
    {
        if (state.Version != LocalApicState.CurrentVersion)
            return RestoreStatus.UnknownVersion;
        if (!TryDecodeBase(state.ApicBase, out ApicMode mode) || (state.Errors & ~ErrorBits) != 0 ||
            (state.Pending & ~(LocalApicPending)(AllFlags >> FlagShift)) != 0 || !AreValid(state.Registers, mode))
        {
            return RestoreStatus.InvalidValue;
        }
        SetMode(mode);
        for (int i = 0; i < LocalApicRegisters.Count; i++)
            _registers[i << 2] = state.Registers[i];
        _errors = state.Errors;
        _deadline = state.TimerDeadline;
        _period = (ulong)Register(ApicRegister.InitialCount) << DivideShift;
        Volatile.Write(ref _pending, (uint)state.Pending << FlagShift | (uint)state.StartUpVector << StartUpVectorShift);
        Resynchronize();
        return RestoreStatus.Restored;
    }

    /// <summary>
    /// Derives anew from the page what is kept beside it: after a restore, and after hardware has worked on it (LocalApic.Hardware.cs).
    /// </summary>
    private void Resynchronize()
    {
        _inServiceWords = 0;
        uint requestWords = 0;
        for (int i = 0; i < 8; i++)
        {
            if (Word(ApicRegister.ISR, i << 5) != 0)
                _inServiceWords |= 1u << i;
            if (Volatile.Read(ref Word(ApicRegister.IRR, i << 5)) != 0)
                requestWords |= 1u << i;
        }
        Interlocked.Or(ref _pending, requestWords);
        UpdateProcessorPriority();
    }

    /// <summary>Fixed and lowest-priority messages are accepted only by an APIC that software has enabled. Any core.</summary>
    public bool IsSoftwareEnabled => (Volatile.Read(ref Register(ApicRegister.SVR)) & SvrEnable) != 0;

    /// <summary>The processor's priority, for lowest-priority arbitration. Any core.</summary>
    internal uint ProcessorPriority => Volatile.Read(ref Register(ApicRegister.PPR));

    /// <summary>Whether xAPIC logical address <paramref name="destination"/> names this APIC: SDM vol. 3A, "Logical Destination Mode". Any core.</summary>
    internal bool MatchesLogical(uint destination)
    {
        uint address = Volatile.Read(ref Register(ApicRegister.LDR)) >> 24;
        return (Volatile.Read(ref Register(ApicRegister.DFR)) >> 28) switch
        {
            0xF => (address & destination) != 0,
            0x0 => address >> 4 == destination >> 4 && (address & destination & 0xF) != 0,
            _ => false,
        };
    }

    /// <summary>A message arrives from the bus. Any core.</summary>
    /// <param name="isNews">The vCPU has something to look at that it had not before.</param>
    /// <returns>False: the APIC does not accept the message.</returns>
    internal bool Accept(in InterruptMessage message, out bool isNews)
    {
        isNews = false;
        switch (message.Mode)
        {
            case DeliveryMode.Fixed:
            case DeliveryMode.LowestPriority:
                if (!IsSoftwareEnabled)
                    return false;
                isNews = Request(message.Vector, message.IsLevel);
                return true;
            case DeliveryMode.NMI:
                isNews = Post(NmiFlag);
                return true;
            case DeliveryMode.ExtINT:
                isNews = Post(ExternalInterruptFlag);
                return true;
            case DeliveryMode.INIT:
                // A start-up IPI from before the INIT means nothing after it.
                Interlocked.And(ref _pending, ~StartUpFlag);
                isNews = Post(InitFlag);
                return true;
            case DeliveryMode.StartUp:
                isNews = PostStartUp(message.Vector);
                return true;
            default:
                return false;
        }
    }

    private ApicEvents FindPending(out int vector)
    {
        vector = 0;
        if ((Volatile.Read(ref _pending) & LineFlags) != 0)
            ServeLines();
        uint pending = Volatile.Read(ref _pending);
        ApicEvents events = ApicEvents.None;
        if ((pending & InitFlag) != 0)
            events |= ApicEvents.Init;
        if ((pending & StartUpFlag) != 0)
            events |= ApicEvents.StartUp;
        if ((pending & NmiFlag) != 0)
            events |= ApicEvents.Nmi;
        if ((pending & ExternalInterruptFlag) != 0 || (pending & Lint0Flag) != 0 && PassesExternalInterrupt)
            events |= ApicEvents.ExternalInterrupt;
        if ((pending & RequestWords) != 0)
        {
            int highest = HighestRequested();
            if (highest > (int)(Register(ApicRegister.PPR) | 0xF))
            {
                vector = highest;
                events |= ApicEvents.Interrupt;
            }
        }
        return events;
    }

    /// <summary>A disabled APIC connects LINT0 to the processor's INTR and LINT1 to its NMI: SDM vol. 3A, "Presence of the Local APIC".</summary>
    private bool PassesExternalInterrupt =>
        _mode == ApicMode.Disabled ||
        IsUnmasked(Register(ApicRegister.LVTLint0)) && LvtMode(Register(ApicRegister.LVTLint0)) == DeliveryMode.ExtINT;

    /// <summary>The highest vector in IRR, or -1. A word's bit in _pending may outlive the word's last vector and is dropped here.</summary>
    private int HighestRequested()
    {
        for (uint words = Volatile.Read(ref _pending) & RequestWords; words != 0; words = Volatile.Read(ref _pending) & RequestWords)
        {
            int word = HighestBit(words);
            uint requests = Volatile.Read(ref Word(ApicRegister.IRR, word << 5));
            if (requests != 0)
                return word << 5 | HighestBit(requests);
            ForgetRequestWord(word);
        }
        return -1;
    }

    /// <summary>Senders set IRR first and then look at the word's bit here; looking at IRR after clearing it therefore misses none.</summary>
    private void ForgetRequestWord(int word)
    {
        Interlocked.And(ref _pending, ~(1u << word));
        if (Volatile.Read(ref Word(ApicRegister.IRR, word << 5)) != 0)
            Interlocked.Or(ref _pending, 1u << word);
    }

    private int HighestInService()
    {
        int word = HighestBit(_inServiceWords);
        return word << 5 | HighestBit(Word(ApicRegister.ISR, word << 5));
    }

    private void SetTaskPriority(uint value)
    {
        Register(ApicRegister.TPR) = value;
        UpdateProcessorPriority();
    }

    /// <summary>SDM vol. 3A, "Task and Processor Priorities".</summary>
    private void UpdateProcessorPriority()
    {
        uint task = Register(ApicRegister.TPR);
        uint service = _inServiceWords == 0 ? 0 : (uint)HighestInService() & 0xF0;
        Register(ApicRegister.PPR) = (task & 0xF0) >= service ? task : service;
    }

    private void EndLevelTriggered(int vector)
    {
        EndLine(ref Register(ApicRegister.LVTLint0), vector);
        EndLine(ref Register(ApicRegister.LVTLint1), vector);
        if ((Register(ApicRegister.SVR) & SvrSuppressEoiBroadcast) == 0)
            _bus.BroadcastEndOfInterrupt(vector);
    }

    /// <summary>Vector <paramref name="vector"/> waits in IRR from now on. Any core.</summary>
    /// <returns>Whether it did not wait already.</returns>
    private bool Request(int vector, bool isLevel)
    {
        if (vector < FirstLegalVector)
            return LogError(ErrorReceiveIllegalVector);
        uint bit = Bit(vector);
        ref uint trigger = ref Word(ApicRegister.TMR, vector);
        if ((Volatile.Read(ref trigger) & bit) != 0 != isLevel)
        {
            if (isLevel)
                Interlocked.Or(ref trigger, bit);
            else
                Interlocked.And(ref trigger, ~bit);
        }
        if ((Interlocked.Or(ref Word(ApicRegister.IRR, vector), bit) & bit) != 0)
            return false;
        uint word = 1u << (vector >> 5);
        if ((Volatile.Read(ref _pending) & word) == 0)
            Interlocked.Or(ref _pending, word);
        return true;
    }

    /// <summary>The first error since ESR was written raises the error interrupt: SDM vol. 3A, "Error Handling". Any core.</summary>
    /// <returns>Whether a vector waits that did not before.</returns>
    private bool LogError(uint error) =>
        Interlocked.Or(ref _errors, error) == 0 && IsUnmasked(Volatile.Read(ref Register(ApicRegister.LVTError))) &&
        Request((int)(Volatile.Read(ref Register(ApicRegister.LVTError)) & 0xFF), isLevel: false);

    private bool Post(uint flag) => (Interlocked.Or(ref _pending, flag) & flag) == 0;

    private bool Take(uint flag) =>
        (Volatile.Read(ref _pending) & flag) != 0 && (Interlocked.And(ref _pending, ~flag) & flag) != 0;

    private bool PostStartUp(uint vector)
    {
        for (uint seen = Volatile.Read(ref _pending); (seen & StartUpFlag) == 0;)
        {
            uint posted = seen & ~(0xFFu << StartUpVectorShift) | StartUpFlag | vector << StartUpVectorShift;
            uint before = Interlocked.CompareExchange(ref _pending, posted, seen);
            if (before == seen)
                return true;
            seen = before;
        }
        return false;
    }

    /// <summary>The owner looks at its pins' edges and levels in <see cref="ServeLines"/>; this only notes them. Any core.</summary>
    private void SetLine(ApicRegister entry, uint level, uint edge, bool asserted)
    {
        if (!asserted)
            Interlocked.And(ref _pending, ~level);
        else if ((Interlocked.Or(ref _pending, level | edge) & level) == 0 &&
            (IsUnmasked(Volatile.Read(ref Register(entry))) || _mode == ApicMode.Disabled))
        {
            _bus.Kick(_vcpu);
        }
    }

    private void ServeLines()
    {
        if (_mode == ApicMode.Disabled)
        {
            Take(Lint0EdgeFlag);
            if (Take(Lint1EdgeFlag))
                Post(NmiFlag);
            return;
        }
        ServeLine(ref Register(ApicRegister.LVTLint0), Lint0Flag, Lint0EdgeFlag);
        ServeLine(ref Register(ApicRegister.LVTLint1), Lint1Flag, Lint1EdgeFlag);
    }

    private void ServeLine(ref uint entry, uint level, uint edge)
    {
        bool rose = Take(edge);
        if (!IsUnmasked(entry))
            return;
        if (LvtMode(entry) == DeliveryMode.Fixed && (entry & LvtLevelTriggered) != 0)
        {
            if ((_pending & level) == 0 || (entry & LvtRemoteIrr) != 0)
                return;
            entry |= LvtRemoteIrr;
            Request((int)(entry & 0xFF), isLevel: true);
        }
        else if (rose)
        {
            DeliverLocally(entry);
        }
    }

    private static void EndLine(ref uint entry, int vector)
    {
        if ((entry & LvtRemoteIrr) != 0 && (int)(entry & 0xFF) == vector)
            entry &= ~LvtRemoteIrr;
    }

    /// <summary>An interrupt of the APIC's own, by its unmasked LVT entry. ExtINT is a level of LINT0's and no event.</summary>
    private void DeliverLocally(uint entry)
    {
        switch (LvtMode(entry))
        {
            case DeliveryMode.Fixed:
                Request((int)(entry & 0xFF), isLevel: false);
                break;
            case DeliveryMode.NMI:
                Post(NmiFlag);
                break;
            case DeliveryMode.INIT:
                Post(InitFlag);
                break;
        }
    }

    private ref uint Register(ApicRegister register) => ref _registers[(int)register << 2];

    /// <summary>The word that holds <paramref name="vector"/> in ISR, TMR or IRR.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ref uint Word(ApicRegister set, int vector) => ref _registers[((int)set + (vector >> 5)) << 2];

    private bool IsSet(ApicRegister set, int vector) => (Volatile.Read(ref Word(set, vector)) & Bit(vector)) != 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Bit(int vector) => 1u << (vector & 31);

    private static int HighestBit(uint value) => 31 ^ BitOperations.LeadingZeroCount(value);
}
