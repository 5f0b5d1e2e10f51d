using System;
using System.Threading;
using HyperOS.Abi;
using HyperOS.Core;
using HyperOS.Devices;
using HyperOS.Diagnostics;
using HyperOS.Emulation;
using HyperOS.Loaders;
using HyperOS.Memory;
using HyperOS.Platform;
using HyperOS.Scheduling;
using HyperOS.Specs.Pci;

namespace HyperOS.Virtualization;

/// <summary>
/// A running machine: memory, board, interrupt controllers, vCPUs. All of it lives in the machine's arena and goes with it; what outlasts a
/// run is <see cref="VirtualMachineSlot"/>. The legacy devices share one lock, which is never held while waiting.
/// </summary>
public sealed class VirtualMachine
{
    private const uint Stopping = 1, Pausing = 2, QueueWork = 4;
    private const int OutputBurst = 1024;
    private const VmDevices PciDevices = VmDevices.Rng | VmDevices.Console;
    private const int MostDiskQueues = 4;
    private const ulong OutputPatience = 2_000_000;

    // Configuration.
    public readonly FrameOwner Owner;

    /// <summary>Its number among the machines.</summary>
    public readonly int Index;

    public readonly VmLog Log;
    public readonly CpuidPolicy Cpuid;
    public readonly MsrPolicy Msrs;
    public readonly ControlRegisterPolicy ControlRegisters;
    private readonly bool _hasConsole;

    // Wiring.
    public readonly GuestMemory Memory;
    public readonly NestedPageTable NestedTables;
    public readonly GuestClock Clock;

    /// <summary>Its vCPUs' threads, with the machine's shares and limit.</summary>
    public readonly ThreadGroup Threads;
    private readonly MicrovmBoard _board;
    private readonly GuestDisk? _firstDisk;
    private readonly GuestLine? _line;

    /// <summary>Takes the memory that the guest gives back, where it has a device for that.</summary>
    internal readonly GuestBalloon? Balloon;

    // State.
    private readonly Vcpu[] _vcpus;
    private GuestLock _boardLock;
    private volatile StopReason _stopReason;

    // What vCPUs are to see to before they enter the guest, and how many are out because it is to pause.
    private uint _calls;
    private int _outside;

    private volatile bool _isPoisoned;
    private uint _exitCode;

    // The board's next event as the timers know it, and whether it may have moved since.
    private ulong _boardNextEvent = ulong.MaxValue;
    private volatile bool _boardChanged = true;

    // Those who serve the queues of virtio devices.
    private readonly QueueService[] _queueServices = new QueueService[PciConfiguration.DeviceCount];
    private int _queueServiceCount;

    // When queues whose back ends are busy go on, on the host's clock.
    private ulong _queuesResumeAt = ulong.MaxValue;

    // When output that is no whole line yet is the console's too. Written with the board's lock held.
    private ulong _outputDue = ulong.MaxValue;

    // The console was told that there is output, and has not come for it yet.
    private volatile bool _outputAnnounced;

    internal VirtualMachine(
        VirtualMachineSlot slot, in VmDefinition definition, VmLog log, GuestMemory memory, NestedPageTable nestedTables,
        in TscScale tscScale, ReadOnlySpan<HostPhysicalAddress> extendedStates)
    {
        Owner = slot.Owner;
        Index = slot.Index;
        _hasConsole = definition.Console != VmConsole.None;
        Log = log;
        Memory = memory;
        NestedTables = nestedTables;
        Clock = new GuestClock(WallClock.Now, in tscScale);
        Threads = new ThreadGroup(definition.CpuShares, definition.CpuLimit);
        GuestProcessor processor = GuestProcessors.Describe(definition.CpuCount, tscScale.Frequency);
        Cpuid = new CpuidPolicy(GuestProcessors.Host, in processor);
        Msrs = new MsrPolicy(Cpuid, in processor);
        ControlRegisters = new ControlRegisterPolicy(Cpuid);
        ApicBus bus = new(extendedStates.Length, new Kicker(this), new Listener(this));
        _vcpus = new Vcpu[extendedStates.Length];
        for (int i = 0; i < _vcpus.Length; i++)
            _vcpus[i] = new Vcpu(this, i, new LocalApic(bus, i, new uint[LocalApic.PageLength]), extendedStates[i]);
        ulong high = memory.Length > GuestMemoryLayout.HoleStart ? memory.Length - GuestMemoryLayout.HoleStart : 0;
        MicrovmBoardConfiguration board = new()
        {
            Vcpus = _vcpus.Length,
            LowRamBytes = memory.Length - high,
            HighRamBytes = high,
            RtcBaseSeconds = (long)(Clock.WallClockAtPowerOn / 1_000_000_000),
            HasTestExit = (definition.Devices & VmDevices.TestExit) != 0,
            HasPci = (definition.Devices & PciDevices) != 0 || (definition.Options & VmOptions.Balloon) != 0 || slot.FirstNic is not null || slot.FirstDisk is not null,
        };
        _board = new MicrovmBoard(in board, bus, BootVcpu.Apic);
        BootVcpu.Apic.EnterVirtualWireMode();
        if ((definition.Devices & VmDevices.Rng) != 0)
        {
            if (HostEntropy.IsThere)
                AddDevice(new VirtioEntropyDevice(memory, new HostEntropy()));
            else
                log.Write($"has no rng: the processor has no RDRAND");
        }
        for (NicSlot? nic = slot.FirstNic; nic is not null; nic = nic.Next)
            AddNic(nic);
        _firstDisk = slot.FirstDisk;
        for (GuestDisk? disk = _firstDisk; disk is not null; disk = disk.Next)
        {
            disk.Connect(AddDevice(disk.CreateDevice(memory, Math.Min(_vcpus.Length, MostDiskQueues))));
        }
        if ((definition.Devices & VmDevices.Console) != 0)
        {
            _line = new GuestLine(this, _hasConsole);
            _line.Device = new VirtioConsoleDevice(memory, _line);
            AddDevice(_line.Device);
        }
        if ((definition.Options & VmOptions.Balloon) != 0)
        {
            Balloon = new GuestBalloon(this, memory);
            Balloon.Device = new VirtioBalloonDevice(memory, Balloon, deflatesOnOom: false);
            AddDevice(Balloon.Device);
        }
    }

    /// <summary>Its processors. Each belongs to its thread, but for what <see cref="Virtualization.Vcpu"/> says.</summary>
    public ReadOnlySpan<Vcpu> Vcpus => _vcpus;

    /// <summary>The processor that the loader starts, and whose thread keeps the time of the board's devices.</summary>
    public Vcpu BootVcpu => _vcpus[0];

    /// <summary>Its PCI bus, where it has one.</summary>
    internal PciBus? Pci => _board.Pci;

    /// <summary>Whether vCPUs may be in the guest. Where not, they look at <see cref="IsStopping"/> and <see cref="IsPausing"/>.</summary>
    internal bool MayRun => (Volatile.Read(ref _calls) & (Stopping | Pausing)) == 0;

    /// <summary>Whether vCPUs are to look at <see cref="MayRun"/> and <see cref="HasQueueWork"/> before they enter the guest: one load for the usual case.</summary>
    internal bool HasCalls => Volatile.Read(ref _calls) != 0;

    /// <summary>Whether vCPUs are to leave the guest and stay out until they may go on.</summary>
    internal bool IsPausing => (Volatile.Read(ref _calls) & Pausing) != 0;

    /// <summary>Whether all of them have left, and the clock stands still.</summary>
    internal bool IsPaused => IsPausing && Volatile.Read(ref _outside) == _vcpus.Length;

    /// <summary>Some of its vCPUs are on their way out of the guest, or back in: it can neither be paused nor go on.</summary>
    internal bool IsBetween => IsPausing ? !IsPaused : Volatile.Read(ref _outside) != 0;

    /// <summary>Set once, by the first cause; the vCPUs leave their loops on it.</summary>
    public bool IsStopping => _stopReason != StopReason.None;

    public StopReason StopReason => _stopReason;

    public uint ExitCode => _exitCode;

    /// <summary>The processor with an APIC ID, if there is one.</summary>
    internal bool TryGetVcpu(uint apicId, out Vcpu? vcpu)
    {
        vcpu = apicId < _vcpus.Length ? _vcpus[(int)apicId] : null;
        return vcpu is not null;
    }

    /// <summary>Ends the HLT of the processor with an APIC ID, or that which it is about to do. Any vCPU's thread.</summary>
    internal void Unhalt(uint apicId)
    {
        if (!TryGetVcpu(apicId, out Vcpu? vcpu))
            return;
        vcpu!.Unhalt();
        Wake(vcpu);
    }

    /// <summary>
    /// A processor that waits for its turn, but for <paramref name="self"/>; each gets its turn to be found, and one that only waits in a loop itself
    /// comes last.
    /// </summary>
    internal Vcpu? FindWaiting(Vcpu self)
    {
        Vcpu? spinning = null;
        for (int i = 1; i <= _vcpus.Length; i++)
        {
            Vcpu vcpu = _vcpus[(self.LastFound + i) % _vcpus.Length];
            if (vcpu == self || vcpu.Thread is not { IsWaiting: true })
                continue;
            if (!vcpu.IsSpinning)
            {
                self.LastFound = vcpu.Index;
                return vcpu;
            }
            spinning ??= vcpu;
        }
        self.LastFound = spinning?.Index ?? self.LastFound;
        return spinning;
    }

    /// <summary>Ends the run. Any thread; the vCPU leaves its guest on it.</summary>
    public void Stop(StopReason reason)
    {
        if (_stopReason != StopReason.None)
            return;
        _stopReason = reason;
        Interlocked.Or(ref _calls, Stopping);
        WakeAll();
    }

    /// <summary>Asks the vCPUs to leave the guest and stay out; the last one stops the clock. The manager's thread, not while <see cref="IsBetween"/>.</summary>
    internal void Pause()
    {
        Interlocked.Or(ref _calls, Pausing);
        WakeAll();
    }

    /// <summary>Lets the clock and the vCPUs go on. The manager's thread, while <see cref="IsPaused"/>.</summary>
    internal void Resume()
    {
        Clock.Resume();
        Interlocked.And(ref _calls, ~Pausing);
        WakeAll();
    }

    /// <summary>A vCPU of a machine that pauses is out of the guest.</summary>
    internal void NoteOutside()
    {
        if (Interlocked.Increment(ref _outside) != _vcpus.Length)
            return;
        Clock.Pause();
        Log.WriteEvent($"paused");
        VirtualMachines.WakeManager();
    }

    /// <summary>It is about to go back in.</summary>
    internal void NoteInside()
    {
        if (Interlocked.Decrement(ref _outside) == 0)
            VirtualMachines.WakeManager();
    }

    /// <summary>Presses the guest's power button. In the machine's fault domain.</summary>
    internal void PressPowerButton()
    {
        ulong now = Clock.Now;
        _boardLock.Enter();
        _board.PowerManagement.PressPowerButton(now);
        _boardChanged = true;
        _boardLock.Exit();
        Wake(BootVcpu);
    }

    /// <summary>Entries of the nested tables were taken out: each vCPU drops its translations before it enters the guest again.</summary>
    internal void ForgetTranslations()
    {
        NestedTables.RaiseGeneration();
        WakeAll();
    }

    private void WakeAll()
    {
        foreach (Vcpu vcpu in _vcpus)
            Wake(vcpu);
    }

    /// <summary>Whether no processor's thread runs any more; after <see cref="Stop"/>.</summary>
    internal bool HasEnded
    {
        get
        {
            foreach (Vcpu vcpu in _vcpus)
            {
                if (vcpu.ThreadHandle.TryGet(out KernelThread? thread) && !thread!.HasEnded)
                    return false;
            }
            return true;
        }
    }

    /// <summary>Whether a fault of the host's ended the run, perhaps with locks held that nobody lets go any more.</summary>
    internal bool IsPoisoned => _isPoisoned;

    /// <summary>Whether queues wait for <see cref="ServeQueues"/>.</summary>
    internal bool HasQueueWork => (Volatile.Read(ref _calls) & QueueWork) != 0;

    /// <summary>A queue waits to be served. Any thread; the vCPU whose guest notified does it before it enters the guest again.</summary>
    internal void RequestQueueWork()
    {
        if (!HasQueueWork)
            Interlocked.Or(ref _calls, QueueWork);
    }

    /// <summary>Serves the queues of virtio devices, each for a budget; the next call goes on. Without the board's lock.</summary>
    internal void ServeQueues()
    {
        Interlocked.And(ref _calls, ~QueueWork); // whoever asks from here on asks again
        bool more = false;
        for (int i = 0; i < _queueServiceCount; i++)
            more |= _queueServices[i].Serve();
        if (more)
            RequestQueueWork();
        if (!_board.Pci!.NeedsAttention)
            return;
        _boardLock.Enter();
        _board.Pci.Attend();
        _boardLock.Exit();
    }

    /// <summary>The same from another machine's thread: the boot processor's does it, halted or not.</summary>
    internal void WakeForQueues()
    {
        RequestQueueWork();
        Wake(BootVcpu);
    }

    /// <summary>Queues that wait for their back ends are to be served at a time of the host's clock. Any thread of the machine.</summary>
    internal void ResumeQueuesAt(ulong time)
    {
        ulong seen = Volatile.Read(ref _queuesResumeAt);
        while (time < seen)
        {
            ulong before = Interlocked.CompareExchange(ref _queuesResumeAt, time, seen);
            if (before == seen)
                break;
            seen = before;
        }
        if (BootVcpu.Thread == Scheduler.Current)
            BootVcpu.TimersChanged = true;
        else
            Wake(BootVcpu);
    }

    private QueueService AddDevice(VirtioDevice device, GuestNic? nic = null)
    {
        QueueService service = new(this, device, nic);
        if (_board.Pci!.TryAdd(new VirtioPciFunction(device, service)) == PciAddStatus.Added)
            _queueServices[_queueServiceCount++] = service;
        return service;
    }

    private void AddNic(NicSlot slot)
    {
        if (GuestNic.TryCreate(this, slot, out GuestNic? nic))
            nic.Service = AddDevice(nic.Device, nic);
        else
            Log.Write($"has one nic less: {slot.Network.Name} has no port for it");
    }

    /// <summary>A guest's IN.</summary>
    internal uint ReadPort(Vcpu vcpu, ushort port, int size)
    {
        if (!_board.IsInhabited(port, size))
            return uint.MaxValue;
        ulong now = Clock.Now;
        _boardLock.Enter();
        _board.ReadPort(port, size, now, out uint value);
        if (MicrovmBoard.ReadMovesEvents(port))
            NoteBoardEvents(vcpu);
        _boardLock.Exit();
        return value;
    }

    /// <summary>A guest's OUT, with what may come of it: a timer, console output, the end of the machine.</summary>
    internal void WritePort(Vcpu vcpu, ushort port, int size, uint value)
    {
        if (!_board.IsInhabited(port, size))
            return;
        ulong now = Clock.Now;
        _boardLock.Enter();
        _board.WritePort(port, size, value, now);
        if (_board.Com1.OutputCount != 0)
        {
            if (!_hasConsole)
                _board.Com1.DiscardOutput(now);
            else if (!_outputAnnounced)
                AnnounceOutput(vcpu, value, now);
        }
        NoteBoardEvents(vcpu);
        BoardEvent what = BoardEvent.None;
        uint exitCode = 0;
        if (_board.Events.Pending != BoardEvent.None)
            what = _board.Events.Take(out exitCode);
        _boardLock.Exit();
        switch (what)
        {
            case BoardEvent.None:
                break;
            case BoardEvent.PowerOff:
                Stop(StopReason.PowerOff);
                break;
            case BoardEvent.Reset:
                Stop(StopReason.Reset);
                break;
            case BoardEvent.Exit:
                _exitCode = exitCode;
                Stop(StopReason.ExitCode);
                break;
        }
    }

    // With the board's lock held: the timers must look again if its next event has moved.
    private void NoteBoardEvents(Vcpu vcpu)
    {
        if (_board.NextEvent == _boardNextEvent)
            return;
        ChangeBoardTimers(vcpu);
    }

    // The boot processor's thread is to look at the board's timers anew.
    private void ChangeBoardTimers(Vcpu vcpu)
    {
        _boardChanged = true;
        if (vcpu.Index == 0)
            vcpu.TimersChanged = true;
        else
            Wake(BootVcpu);
    }

    // A line goes to the console as a whole; what is no line, such as a prompt, after a moment. With the board's lock held.
    private void AnnounceOutput(Vcpu vcpu, uint value, ulong now)
    {
        if (value == '\n' || _board.Com1.OutputCount >= OutputBurst)
        {
            _outputDue = ulong.MaxValue;
            _outputAnnounced = true;
            HostConsole.Wake();
        }
        else if (_outputDue == ulong.MaxValue)
        {
            _outputDue = now + OutputPatience;
            ChangeBoardTimers(vcpu);
        }
    }

    /// <summary>A guest's load from the board's registers; all ones where there are none.</summary>
    internal ulong ReadMmio(GuestPhysicalAddress address, int size)
    {
        _boardLock.Enter();
        _board.TryReadMmio(address, size, out ulong value);
        _boardLock.Exit();
        return value;
    }

    /// <summary>A guest's store to the board's registers; dropped where there are none.</summary>
    internal void WriteMmio(GuestPhysicalAddress address, int size, ulong value)
    {
        _boardLock.Enter();
        _board.TryWriteMmio(address, size, value);
        _boardLock.Exit();
    }

    /// <summary>The vector of an interrupt that came through the 8259A pair.</summary>
    internal bool TryAcknowledgeExternal(Vcpu vcpu, out int vector)
    {
        _boardLock.Enter();
        vcpu.Apic.AcknowledgeExternalInterrupt();
        bool found = _board.Pic.TryAcknowledge(out vector);
        _boardLock.Exit();
        return found;
    }

    /// <summary>Lets timers expire that are due; the next is <see cref="Vcpu.NextEvent"/>.</summary>
    internal void ServeTimers(Vcpu vcpu)
    {
        vcpu.TimersChanged = false;
        ulong tsc = Clock.Read(out ulong now);
        ulong next = ulong.MaxValue;
        if (vcpu.Index == 0)
        {
            next = ServeBoardTimers(now);
            if (Volatile.Read(ref _queuesResumeAt) != ulong.MaxValue)
                next = Math.Min(next, ServeQueueTimer());
        }
        vcpu.Apic.Advance(now, unchecked(tsc + vcpu.TscAdjust));
        if (vcpu.Apic.TryGetDeadline(out ulong deadline, out bool isTsc))
            next = Math.Min(next, isTsc ? Clock.TscToHost(unchecked(deadline - vcpu.TscAdjust), tsc) : Clock.ToHost(deadline));
        vcpu.NextEvent = next;
    }

    // On the boot processor's thread. Returns when, on the host's clock, there is something to do again.
    private ulong ServeBoardTimers(ulong now)
    {
        if (_boardChanged || _boardNextEvent <= now || _outputDue <= now)
        {
            _boardLock.Enter();
            _boardChanged = false;
            _boardNextEvent = _board.NextEvent;
            if (_boardNextEvent <= now)
            {
                _board.Advance(now);
                _boardNextEvent = _board.NextEvent;
            }
            if (_outputDue <= now)
            {
                _outputDue = ulong.MaxValue;
                _outputAnnounced = true;
                HostConsole.Wake();
            }
            _boardLock.Exit();
        }
        return Clock.ToHost(Math.Min(_boardNextEvent, _outputDue));
    }

    // On the boot processor's thread. Returns when there is something to do again.
    private ulong ServeQueueTimer()
    {
        ulong resumeAt = Volatile.Read(ref _queuesResumeAt);
        if (resumeAt > Platform.Clock.Now)
            return resumeAt;
        Interlocked.Exchange(ref _queuesResumeAt, ulong.MaxValue); // a queue that comes too early waits again
        for (int i = 0; i < _queueServiceCount; i++)
            _queueServices[i].Resume();
        return Volatile.Read(ref _queuesResumeAt);
    }

    /// <summary>Whether the guest wrote what the console has not taken yet.</summary>
    internal bool HasConsoleOutput => !_isPoisoned && (_board.Com1.OutputCount != 0 || _line is { HasOutput: true } && _hasConsole);

    /// <summary>Whether the console is to come: told of output, it must, even where another visit has taken that already.</summary>
    internal bool WantsConsole => HasConsoleOutput || !_isPoisoned && _outputAnnounced;

    /// <summary>Takes what the guest wrote to its serial port. The console's thread.</summary>
    internal int DrainConsole(Span<byte> destination)
    {
        ulong now = Clock.Now;
        _boardLock.Enter();
        _outputAnnounced = false;
        int count = _board.Com1.DequeueOutput(destination, now);
        _boardChanged = true;
        _boardLock.Exit();
        return _line is null ? count : count + _line.Drain(destination.Slice(count));
    }

    /// <summary>Gives the guest's virtio console, where its driver is up, or its serial port something to receive. The console's thread.</summary>
    /// <returns>Bytes taken; what does not fit waits for the guest.</returns>
    internal int FeedConsole(ReadOnlySpan<byte> bytes)
    {
        ulong now = Clock.Now;
        if (BootVcpu.Thread is null)
            return 0;
        if (_line is { Device.IsRunning: true })
            return _line.Feed(bytes);
        _boardLock.Enter();
        int count = _board.Com1.EnqueueInput(bytes, now);
        _boardChanged = true;
        _boardLock.Exit();
        Wake(BootVcpu); // the port's time-out is a timer
        return count;
    }

    /// <summary>A fault ended work that was done for the machine, perhaps with its board's lock held: the run is over. Any thread.</summary>
    internal void Poison()
    {
        _isPoisoned = true;
        _boardLock.Poison();
        for (int i = 0; i < _queueServiceCount; i++)
            _queueServices[i].Poison();
        for (GuestDisk? disk = _firstDisk; disk is not null; disk = disk.Next)
            disk.Poison();
        _line?.Poison();
        Stop(StopReason.Fault);
    }

    // One that causes what it is to look at does so before it enters the guest again.
    private static void Wake(Vcpu vcpu)
    {
        KernelThread? thread = vcpu.Thread;
        if (thread is not null && thread != Scheduler.Current)
            Scheduler.Wake(thread);
    }

    private sealed class Kicker : VcpuKick
    {
        private readonly VirtualMachine _machine;

        public Kicker(VirtualMachine machine) => _machine = machine;

        public override void Kick(int vcpu) => Wake(_machine._vcpus[vcpu]);
    }

    private sealed class Listener : EndOfInterruptListener
    {
        private readonly VirtualMachine _machine;

        public Listener(VirtualMachine machine) => _machine = machine;

        public override void EndOfInterrupt(int vector)
        {
            _machine._boardLock.Enter();
            _machine._board.IoApic.EndOfInterrupt(vector);
            _machine._boardLock.Exit();
        }
    }
}
