using System;
using System.Diagnostics.CodeAnalysis;
using HyperOS.Abi;
using HyperOS.Core;
using HyperOS.Devices;
using HyperOS.Diagnostics;
using HyperOS.Interrupts;
using HyperOS.Loaders;
using HyperOS.Memory;
using HyperOS.Platform;
using HyperOS.Scheduling;

namespace HyperOS.Virtualization;

/// <summary>What happens when the last machine has stopped and none is to be started again.</summary>
public abstract class AllStoppedActions
{
    public abstract void PowerOff();

    public abstract void Reboot();
}

/// <summary>How the host ends once its machines have shut down.</summary>
public enum HostEnd
{
    None,
    PowerOff,
    Reboot,
}

/// <summary>All machines of the host, and the one thread that starts them, takes them apart and starts them again.</summary>
public sealed class VirtualMachines : ThreadBody
{
    /// <summary>Machines that can be defined.</summary>
    public const int Maximum = 512;

    /// <summary>Least time between two rounds of taking memory from balloons, in nanoseconds.</summary>
    private const ulong RoundPause = 5_000_000;

    private static readonly VirtualMachineSlot?[] s_slots = new VirtualMachineSlot?[Maximum];
    private static volatile int s_count;
    private static KernelThread? s_manager;

    // How the host is to end, as asked for; written in any context.
    private static volatile HostEnd s_end;

    // Whose typed input it is, if that was said: a slot's number.
    private static volatile int s_typist = -1;

    private readonly HostPhysicalAddress _bundle;
    private readonly int _bundleLength;
    private readonly AllStoppedActions _actions;
    private readonly VirtualMachineBuilder _builder;
    private readonly MachineVisit _visit = new();
    private readonly Sha256 _sha256 = new();

    // When balloons may be looked at again.
    private ulong _nextRound;

    // The end of the host that the machines were told of.
    private HostEnd _ending;

    // For each blob of the bundle: not yet looked at, as it should be, or tampered with.
    private readonly BlobCheck[] _blobChecks = new BlobCheck[BundleReader.MaxBlobs];

    private VirtualMachines(HostPhysicalAddress bundle, int length, AllStoppedActions actions)
    {
        _bundle = bundle;
        _bundleLength = length;
        _actions = actions;
        _builder = new VirtualMachineBuilder(this);
    }

    internal static int Count => s_count;

    /// <summary>Whether the log tells of each machine that stops what exits and memory it took.</summary>
    public static bool ReportsExits
    {
        get => ExitReport.IsWanted;
        set => ExitReport.IsWanted = value;
    }

    /// <summary>Starts the manager's thread, which starts the machines of a bundle that are to start by themselves.</summary>
    /// <param name="bundle">The boot module; length 0 when there is none.</param>
    /// <param name="uplinks">The host's network cards, nic0 first.</param>
    public static void Start(HostPhysicalAddress bundle, ulong length, ReadOnlySpan<Uplink> uplinks, AllStoppedActions actions)
    {
        VirtualMachines manager = new(bundle, (int)Math.Min(length, int.MaxValue), actions);
        manager.ReadBundle(uplinks);
        if (!Scheduler.TryCreate(manager, FrameOwner.Kernel, null, out ThreadHandle handle) || !handle.TryGet(out s_manager))
            Panic.Stop($"too little memory");
    }

    internal static void WakeManager() => Scheduler.Wake(s_manager!);

    internal static ReadOnlySpan<byte> Name(int slot) => s_slots[slot]!.Name;

    /// <summary>Takes a guest's serial output, if it goes to the host's console. The console's thread; holds until its next call.</summary>
    internal static ReadOnlySpan<byte> DrainConsole(int index)
    {
        VirtualMachineSlot slot = s_slots[index]!;
        return slot.Console == VmConsole.Host ? slot.ConsolePort.Drain() : default;
    }

    /// <summary>
    /// Takes a key for the guest that was chosen for it, or else for the first running one that has the console; where there is none, it is dropped.
    /// The console's thread.
    /// </summary>
    /// <returns>False while that guest has as many to receive as are kept for it.</returns>
    internal static bool TryType(byte key)
    {
        if (s_typist >= 0 && s_slots[s_typist]!.State == VirtualMachineState.Running)
            return s_slots[s_typist]!.ConsolePort.TryType(key);
        for (int i = 0; i < s_count; i++)
        {
            VirtualMachineSlot slot = s_slots[i]!;
            if (slot.Console == VmConsole.Host && slot.State == VirtualMachineState.Running)
                return slot.ConsolePort.TryType(key);
        }
        return true;
    }

    /// <summary>Gives every guest what was typed for it, as far as it has room. The console's thread.</summary>
    /// <returns>Whether some still waits.</returns>
    internal static bool FeedConsoles()
    {
        bool waits = false;
        for (int i = 0; i < s_count; i++)
            waits |= s_slots[i]!.ConsolePort.Feed();
        return waits;
    }

    /// <summary>A machine by its number; for a list of them, from any thread.</summary>
    internal static VirtualMachineSlot Slot(int index) => s_slots[index]!;

    /// <summary>Finds a machine by its name.</summary>
    internal static bool TryFind(ReadOnlySpan<byte> name, [NotNullWhen(true)] out VirtualMachineSlot? slot)
    {
        for (int i = 0; i < s_count; i++)
        {
            slot = s_slots[i]!;
            if (slot.Name.SequenceEqual(name))
                return true;
        }
        slot = null;
        return false;
    }

    /// <summary>What is typed is this machine's from now on, while it runs.</summary>
    internal static void ChooseTypist(VirtualMachineSlot slot) => s_typist = slot.Index;

    /// <summary>Asks for something to be done with a machine, which the manager does as soon as it can; the log tells. Any thread.</summary>
    /// <param name="argument">Of <see cref="VmOperation.SetMemory"/>: in bytes.</param>
    /// <returns>Why it cannot be, as far as is known now.</returns>
    public static VmOperationStatus Request(ReadOnlySpan<byte> name, VmOperation operation, ulong argument = 0)
    {
        if (!TryFind(name, out VirtualMachineSlot? slot))
            return VmOperationStatus.UnknownVm;
        VmOperationStatus status = Check(slot, operation, argument);
        if (status == VmOperationStatus.Taken && !slot.TryRequest(operation, argument))
            status = VmOperationStatus.Busy;
        if (status == VmOperationStatus.Taken)
            WakeManager();
        return status;
    }

    /// <summary>Asks for all machines to be shut down, and for the host's end after that. Any context.</summary>
    public static void End(HostEnd end)
    {
        s_end = end;
        WakeManager();
    }

    private static VmOperationStatus Check(VirtualMachineSlot slot, VmOperation operation, ulong argument)
    {
        bool runs = slot.State == VirtualMachineState.Running;
        VirtualMachine? machine = slot.Machine;
        return operation switch
        {
            VmOperation.Start when !slot.IsValid => VmOperationStatus.Refused,
            VmOperation.Start when s_end != HostEnd.None => VmOperationStatus.HostEnds,
            VmOperation.Start when slot.AwaitsDisks => VmOperationStatus.AwaitsDisks,
            VmOperation.Start => slot.State is VirtualMachineState.Stopped or VirtualMachineState.Refused ? VmOperationStatus.Taken : VmOperationStatus.AlreadyRuns,
            _ when !runs || machine is null => VmOperationStatus.NotRunning,
            VmOperation.SetMemory or VmOperation.AskMemory when machine.Balloon is null => VmOperationStatus.NoBalloon,
            VmOperation.SetMemory when argument == 0 || argument > slot.MemoryBytes => VmOperationStatus.BadSize,
            VmOperation.Pause when machine.IsPausing => VmOperationStatus.AlreadyPaused,
            VmOperation.Resume when !machine.IsPausing => VmOperationStatus.NotPaused,
            _ => VmOperationStatus.Taken,
        };
    }

    public override void Run()
    {
        VerifyImages();
        HostStorage.ImagesVerified();
        for (int i = 0; i < s_count; i++)
        {
            if (s_slots[i]!.State == VirtualMachineState.Stopped && s_slots[i]!.Autostart)
                Start(s_slots[i]!);
        }
        while (true)
        {
            bool running = false, leaving = false, finished = false;
            ulong now = Clock.Now, next = ulong.MaxValue;
            BeginEnd();
            for (int i = 0; i < s_count; i++)
            {
                VirtualMachineSlot slot = s_slots[i]!;
                if (slot.Request != VmOperation.None)
                    Serve(slot);
                if (slot.AwaitsDisks && !AwaitsAny(slot))
                    Start(slot);
                running |= slot.AwaitsDisks;
                if (slot.State == VirtualMachineState.Running && slot.Deadline <= now)
                    slot.Machine!.Stop(StopReason.NoAnswer);
                else if (slot.State == VirtualMachineState.Running)
                    next = Math.Min(next, slot.Deadline);
                if (slot.State == VirtualMachineState.Running && slot.Machine!.HasEnded)
                {
                    Finish(slot);
                    finished = true;
                }
                running |= slot.State == VirtualMachineState.Running;
                leaving |= slot.State == VirtualMachineState.Running && slot.Machine!.IsStopping;
            }
            if (TryTakeMemory(now, ref next) || finished)
                continue; // the wake of what has ended meanwhile may be spent on Finish's own waits
            if (!running && (s_count > 0 || _ending != HostEnd.None))
                AllStopped();
            Scheduler.Block(leaving ? Clock.Now + 1_000_000 : next); // a thread wakes this one just before its end
        }
    }

    // A round of giving back what balloons have, for all machines together; not too often, for every processor is disturbed. False if nothing was to do.
    private bool TryTakeMemory(ulong now, ref ulong next)
    {
        bool any = false;
        for (int i = 0; i < s_count; i++)
            any |= HasMemory(s_slots[i]!);
        if (any && now < _nextRound)
            next = Math.Min(next, _nextRound);
        if (!any || now < _nextRound)
            return false;
        VisitAll(VisitPurpose.Mark);
        Quiescence.Wait();
        VisitAll(VisitPurpose.Unmap);
        Quiescence.Wait();
        VisitAll(VisitPurpose.Commit);
        _nextRound = Clock.Now + RoundPause;
        return true;
    }

    private static bool HasMemory(VirtualMachineSlot slot) => slot.State == VirtualMachineState.Running && slot.Machine is { Balloon.HasWork: true, IsPoisoned: false };

    private void VisitAll(VisitPurpose purpose)
    {
        for (int i = 0; i < s_count; i++)
        {
            VirtualMachineSlot slot = s_slots[i]!;
            if (purpose == VisitPurpose.Mark)
                slot.IsInRound = HasMemory(slot);
            if (slot.IsInRound && !slot.Machine!.IsPoisoned)
                _visit.Make(slot, purpose);
        }
    }

    // Once the host is to end, all machines are asked to.
    private void BeginEnd()
    {
        if (_ending != HostEnd.None || s_end == HostEnd.None)
            return;
        _ending = s_end;
        Log.Write("hyperos"u8, $"asked to {(_ending == HostEnd.PowerOff ? "power off"u8 : "reboot"u8)}: the machines shut down");
        for (int i = 0; i < s_count; i++)
        {
            VirtualMachineSlot slot = s_slots[i]!;
            slot.AwaitsDisks = false;
            if (slot.State != VirtualMachineState.Running)
                continue;
            while (slot.Machine!.IsBetween && !slot.Machine.IsStopping)
                Scheduler.Block(Clock.Now + 1_000_000);
            ShutDown(slot);
        }
    }

    // Does what was asked for, or leaves it for later: a machine whose vCPUs are on their way out or in must get there first.
    private void Serve(VirtualMachineSlot slot)
    {
        VmOperation operation = slot.Request;
        if (Check(slot, operation, slot.Argument) == VmOperationStatus.Taken)
        {
            VirtualMachine? machine = slot.Machine;
            if (operation is VmOperation.Shutdown or VmOperation.Pause or VmOperation.Resume && !machine!.IsStopping && machine.IsBetween)
                return;
            switch (operation)
            {
                case VmOperation.Start:
                    Start(slot);
                    break;
                case VmOperation.Shutdown:
                    ShutDown(slot);
                    break;
                case VmOperation.Stop:
                    slot.StaysDown = true;
                    machine!.Stop(StopReason.Stopped);
                    break;
                case VmOperation.Pause:
                    machine!.Pause();
                    break;
                case VmOperation.Resume:
                    Resume(slot);
                    break;
                case VmOperation.SetMemory:
                    _visit.Make(slot, VisitPurpose.SetMemory, Alignment.Down(slot.Argument, Size.Page));
                    break;
                case VmOperation.AskMemory:
                    _visit.Make(slot, VisitPurpose.AskMemory);
                    break;
            }
        }
        slot.EndRequest();
    }

    private static void Resume(VirtualMachineSlot slot)
    {
        if (!slot.Machine!.IsPaused)
            return;
        new VmLogLine(slot).Write($"goes on");
        slot.Machine.Resume();
    }

    // A paused machine goes on, to be able to; how long it may take counts from the first time that it is asked.
    private void ShutDown(VirtualMachineSlot slot)
    {
        slot.StaysDown = true;
        slot.Deadline = Math.Min(slot.Deadline, Clock.Now + slot.ShutdownTimeout);
        new VmLogLine(slot).Write($"asked to shut down");
        Resume(slot);
        _visit.Make(slot, VisitPurpose.PressPowerButton);
    }

    private ReadOnlySpan<byte> Bundle => PhysicalMemory.Bytes(_bundle, _bundleLength);

    // Makes a slot for each definition, during start-up; a bad one is named and stays refused.
    private void ReadBundle(ReadOnlySpan<Uplink> uplinks)
    {
        if (_bundleLength == 0)
        {
            Log.Write("vms"u8, $"no bundle: there are no machines to start");
            return;
        }
        BundleStatus status = BundleReader.TryOpen(Bundle, out BundleReader reader);
        if (status != BundleStatus.Valid)
        {
            Log.Write("vms"u8, $"the bundle is {BundleReader.Describe(status)}: no machine starts");
            return;
        }
        if (!HasHash(reader.HashedTables, reader.TablesSha256))
        {
            Log.Write("vms"u8, $"the bundle's tables were tampered with: no machine starts");
            return;
        }
        for (int i = 0; i < reader.DefinitionCount && i < Maximum; i++)
        {
            VirtualMachineSlot slot = new(i);
            VmDefinitionErrors errors = reader.ReadDefinition(i, VmLimits.SupportedCpus, FrameAllocator.TotalBytes, out VmDefinition definition);
            if (reader.IsNameTaken(i))
                errors |= VmDefinitionErrors.NameTaken;
            slot.SetName(definition.Name.Bytes);
            slot.Console = definition.Console;
            slot.Restart = definition.Restart;
            slot.Cpus = definition.CpuCount;
            slot.MemoryBytes = definition.MemoryBytes;
            slot.ShutdownTimeout = definition.ShutdownTimeout;
            slot.IsValid = true;
            slot.Affinity = definition.CpuPins == 0 ? ulong.MaxValue : definition.CpuPins;
            slot.Autostart = (definition.Options & VmOptions.Autostart) != 0;
            s_slots[i] = slot;
            s_count = i + 1;
            if (errors != VmDefinitionErrors.None)
                RefuseForGood(slot, VmDefinitionValidator.Describe(errors));
            else if ((slot.Affinity & Processors.All) == 0 || definition.CpuPins > Processors.All)
                RefuseForGood(slot, "it is pinned to a processor that this host does not have"u8);
        }
        ReadDisks(in reader);
        if (reader.DefinitionCount > Maximum)
            Log.Write("vms"u8, $"{reader.DefinitionCount - Maximum} machines more than the kernel can hold are left out");
        Networks.Create(in reader, s_slots, uplinks);
    }

    // Gives the slots their disks, during start-up. A bad one is named, and its machine refused: it would not be what was asked for.
    private void ReadDisks(in BundleReader reader)
    {
        // Back to front, so that each slot's chain begins with its first one.
        for (int i = reader.DiskCount - 1; i >= 0; i--)
        {
            DiskErrors errors = reader.ReadDisk(i, out DiskDefinition definition);
            VirtualMachineSlot? slot = definition.Vm < (uint)s_count ? s_slots[(int)definition.Vm] : null;
            if (errors == DiskErrors.None && slot is not null)
            {
                reader.TryGetBlob(definition.Image, out Blob image);
                GuestDisk? disk = MakeDisk(slot, in definition, new HostPhysicalAddress(_bundle.Value + image.FileOffset), image.Content.Length);
                if (disk is null)
                    RefuseForGood(slot, "too many volumes, or too little memory for one"u8);
                else
                    slot.FirstDisk = disk;
            }
            else if (errors != DiskErrors.None)
            {
                Log.Write("vms"u8, $"disk {definition.Name.Bytes}: {DiskValidator.Describe(errors)}");
                if (slot is not null && slot.State != VirtualMachineState.Refused)
                    RefuseForGood(slot, "one of its disks cannot be"u8);
            }
        }
    }

    // One that lasts lies in the RAM too where the host has no disk for it; the log says so.
    private static GuestDisk? MakeDisk(VirtualMachineSlot slot, in DiskDefinition definition, HostPhysicalAddress image, int imageLength)
    {
        if ((definition.Options & DiskOptions.Volume) == 0 || !HostStorage.IsThere)
            return new RamDisk(slot, in definition, image, imageLength) { Next = slot.FirstDisk };
        if (!DmaBuffer.TryAllocate(VolumeDisk.Pages, FrameOwner.Kernel, FrameZone.Any, out DmaBuffer? memory))
            return null;
        VolumeDisk disk = new(slot, in definition, image, imageLength, memory!) { Next = slot.FirstDisk };
        return HostStorage.TryAdd(disk) ? disk : null;
    }

    // Whether one of a machine's disks is not there yet.
    private static bool AwaitsAny(VirtualMachineSlot slot)
    {
        for (GuestDisk? disk = slot.FirstDisk; disk is not null; disk = disk.Next)
        {
            if (disk.IsAwaited)
                return true;
        }
        return false;
    }

    private static ReadOnlySpan<byte> ProblemOfDisks(VirtualMachineSlot slot)
    {
        for (GuestDisk? disk = slot.FirstDisk; disk is not null; disk = disk.Next)
        {
            if (!disk.Problem.IsEmpty)
                return disk.Problem;
        }
        return default;
    }

    // Before the first start, so that a start costs what it costs.
    private void VerifyImages()
    {
        if (s_count == 0 || BundleReader.TryOpen(Bundle, out BundleReader reader) != BundleStatus.Valid)
            return;
        Log.Write("vms"u8, $"verifying {reader.BlobCount} image(s), {(ulong)_bundleLength / Size.KiB} KiB");
        for (uint i = 0; i < (uint)reader.BlobCount; i++)
            TryGetImage(ref reader, i, out _);
        for (int i = 0; i < s_count; i++)
        {
            for (GuestDisk? disk = s_slots[i]!.FirstDisk; disk is not null; disk = disk.Next)
            {
                if (disk is VolumeDisk volume)
                    volume.IsImageIntact = TryGetImage(ref reader, volume.ImageBlob, out _);
            }
        }
    }

    private static void RefuseForGood(VirtualMachineSlot slot, ReadOnlySpan<byte> reason)
    {
        slot.IsValid = false;
        Refuse(slot, reason);
    }

    private static void Refuse(VirtualMachineSlot slot, ReadOnlySpan<byte> reason)
    {
        slot.State = VirtualMachineState.Refused;
        new VmLogLine(slot).Write($"refused: {reason}");
    }

    // From a definition to a running machine. Whatever is missing is named, and nothing stays taken.
    private void Start(VirtualMachineSlot slot)
    {
        VmLogLine log = new(slot);
        slot.AwaitsDisks = AwaitsAny(slot);
        if (slot.AwaitsDisks)
        {
            log.Write($"waits for its volumes");
            return;
        }
        log.Write($"starting");
        slot.StaysDown = false;
        slot.Deadline = ulong.MaxValue;
        if (ProblemOfDisks(slot) is { IsEmpty: false } problem)
        {
            Refuse(slot, problem);
            return;
        }
        if (!VirtualizationVendor.Current.IsAvailable)
        {
            Refuse(slot, "this processor cannot run guests"u8);
            return;
        }
        if (!_builder.TryBuild(slot, out ReadOnlySpan<byte> reason))
        {
            Refuse(slot, reason);
            return;
        }
        slot.State = VirtualMachineState.Running;
        log.Write($"running");
        if (TryCreateThreads(slot))
            return;
        VirtualMachine machine = slot.Machine!;
        machine.Stop(StopReason.OutOfMemory);
        while (!machine.HasEnded)
            Scheduler.Block(Clock.Now + 1_000_000);
        TakeApart(slot, machine);
        Refuse(slot, "no room for its threads"u8);
    }

    private static bool TryCreateThreads(VirtualMachineSlot slot)
    {
        foreach (Vcpu vcpu in slot.Machine!.Vcpus)
        {
            if (!Scheduler.TryCreate(vcpu.ThreadBody!, slot.Owner, null, out vcpu.ThreadHandle, slot.Machine.Threads, slot.Affinity))
                return false;
        }
        return true;
    }

    private static void TakeApart(VirtualMachineSlot slot, VirtualMachine machine)
    {
        foreach (Vcpu vcpu in machine.Vcpus)
        {
            if (vcpu.ThreadHandle.TryGet(out KernelThread? thread))
                Scheduler.Reclaim(thread!);
        }
        VirtualMachineBuilder.TakeApart(slot);
    }

    /// <summary>What a machine is made from, as the bundle has it. In the machine's fault domain.</summary>
    /// <returns><see cref="BuildStatus.Built"/> if it is what it was when the bundle was made.</returns>
    internal BuildStatus TryReadDefinition(VirtualMachineSlot slot, out VmDefinition definition, out GuestImages images)
    {
        definition = default;
        images = default;
        if (BundleReader.TryOpen(Bundle, out BundleReader reader) != BundleStatus.Valid
            || reader.ReadDefinition(slot.Index, VmLimits.SupportedCpus, FrameAllocator.TotalBytes, out definition) != VmDefinitionErrors.None)
        {
            return BuildStatus.DefinitionTampered;
        }
        if (!TryGetImage(ref reader, definition.Kernel, out ReadOnlySpan<byte> kernel) || !TryGetImage(ref reader, definition.Initrd, out ReadOnlySpan<byte> initrd))
            return BuildStatus.ImageTampered;
        for (GuestDisk? disk = slot.FirstDisk; disk is not null; disk = disk.Next)
        {
            if (!TryGetImage(ref reader, disk.ImageBlob, out _))
                return BuildStatus.ImageTampered;
        }
        images = new GuestImages(kernel, initrd);
        return BuildStatus.Built;
    }

    // The vCPUs' threads have ended: report, take everything back, and start again if the definition says so.
    private void Finish(VirtualMachineSlot slot)
    {
        VirtualMachine machine = slot.Machine!;
        StopReason reason = machine.StopReason;
        uint exitCode = machine.ExitCode;
        while (machine.HasConsoleOutput && slot.Console == VmConsole.Host)
        {
            HostConsole.Wake();
            Scheduler.Block(Clock.Now + 1_000_000);
        }
        slot.State = VirtualMachineState.Ended;
        if (ExitReport.IsWanted)
            ExitReport.Write(slot, machine);
        if (ExitTrace.WritesAtStop)
            HostConsole.WriteTrace(slot.Index);
        TakeApart(slot, machine);
        slot.State = VirtualMachineState.Stopped;
        if (reason == StopReason.ExitCode)
            new VmLogLine(slot).Write($"stopped: {StopReasons.Describe(reason)}{exitCode}");
        else if (reason == StopReason.NoAnswer)
            new VmLogLine(slot).Write($"stopped: {StopReasons.Describe(reason)}{slot.ShutdownTimeout / 1_000_000_000} s");
        else
            new VmLogLine(slot).Write($"stopped: {StopReasons.Describe(reason)}");
        ulong leaked = FrameAllocator.FramesOf(slot.Owner);
        if (leaked != 0)
            Log.Write("memory"u8, $"{leaked} frames of a stopped machine were not given back");
        Log.Write("memory"u8, $"{FrameAllocator.UnreservedBlocks * 2} MiB free, the kernel holds {FrameAllocator.FramesOf(FrameOwner.Kernel) * 4} KiB");
        bool again = slot.Restart == VmRestart.Always && !StopReasons.IsKill(reason)
            || slot.Restart == VmRestart.OnFailure && StopReasons.IsFailure(reason, exitCode);
        if (again && !slot.StaysDown)
            Start(slot);
    }

    private void AllStopped()
    {
        if (_ending != HostEnd.None)
        {
            HostStorage.Flush();
            Log.Write("hyperos"u8, $"all machines have stopped: {(_ending == HostEnd.PowerOff ? "power off"u8 : "reboot"u8)}");
            HostConsole.Flush();
            if (_ending == HostEnd.PowerOff)
                _actions.PowerOff();
            else
                _actions.Reboot();
            Log.Write("hyperos"u8, $"the machine cannot be switched off: its ACPI tables do not say how");
            _ending = s_end = HostEnd.None;
            return;
        }
        if (BundleReader.TryOpen(Bundle, out BundleReader reader) != BundleStatus.Valid)
            return;
        switch (reader.OnAllStopped)
        {
            case AllStoppedAction.PowerOff:
                HostStorage.Flush();
                Log.Write("hyperos"u8, $"all machines have stopped: power off");
                HostConsole.Flush();
                _actions.PowerOff();
                break;
            case AllStoppedAction.Reboot:
                HostStorage.Flush();
                Log.Write("hyperos"u8, $"all machines have stopped: reboot");
                HostConsole.Flush();
                _actions.Reboot();
                break;
        }
    }

    private bool TryGetImage(scoped ref BundleReader reader, uint index, out ReadOnlySpan<byte> content)
    {
        content = default;
        if (index == VmDefinition.NoBlob)
            return true;
        if (!reader.TryGetBlob(index, out Blob blob))
            return false;
        ref BlobCheck check = ref _blobChecks[(int)index];
        if (check == BlobCheck.NotYet)
            check = HasHash(blob.Content, blob.Sha256) ? BlobCheck.Intact : BlobCheck.Tampered;
        content = blob.Content;
        return check == BlobCheck.Intact;
    }

    private bool HasHash(ReadOnlySpan<byte> content, ReadOnlySpan<byte> expected)
    {
        const int Chunk = 1024 * 1024;
        Span<byte> actual = stackalloc byte[Sha256.HashLength];
        _sha256.Reset();
        while (!content.IsEmpty)
        {
            int length = Math.Min(content.Length, Chunk);
            _sha256.Update(content.Slice(0, length));
            content = content.Slice(length);
            if (s_manager is not null && Scheduler.NeedsReschedule)
                Scheduler.Yield();
        }
        _sha256.Finish(actual);
        return MemoryExtensions.SequenceEqual<byte>(actual, expected);
    }

    private enum BlobCheck : byte
    {
        NotYet,
        Intact,
        Tampered,
    }
}

/// <summary>Writes lines whose room is "vm NAME".</summary>
internal readonly ref struct VmLogLine
{
    private readonly VirtualMachineSlot _slot;

    public VmLogLine(VirtualMachineSlot slot) => _slot = slot;

    public void Write(scoped LogLine text) => Log.Write(_slot.Room, text);
}
