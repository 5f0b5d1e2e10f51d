using System;
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

/// <summary>All machines of the host, and the one thread that starts them, takes them apart and starts them again.</summary>
public sealed class VirtualMachines : ThreadBody
{
    /// <summary>Machines that can be defined.</summary>
    public const int Maximum = 512;

    private static readonly VirtualMachineSlot?[] s_slots = new VirtualMachineSlot?[Maximum];
    private static volatile int s_count;
    private static KernelThread? s_manager;

    private readonly HostPhysicalAddress _bundle;
    private readonly int _bundleLength;
    private readonly AllStoppedActions _actions;
    private readonly VirtualMachineBuilder _builder;
    private readonly Sha256 _sha256 = new();

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

    /// <summary>Gives what was typed to the first running guest that has the console; where there is none, it is dropped.</summary>
    internal static int FeedConsole(ReadOnlySpan<byte> bytes)
    {
        for (int i = 0; i < s_count; i++)
        {
            VirtualMachineSlot slot = s_slots[i]!;
            if (slot.Console == VmConsole.Host && slot.State == VirtualMachineState.Running)
                return slot.ConsolePort.Feed(bytes);
        }
        return bytes.Length;
    }

    public override void Run()
    {
        VerifyImages();
        for (int i = 0; i < s_count; i++)
        {
            if (s_slots[i]!.State == VirtualMachineState.Stopped && s_slots[i]!.Autostart)
                Start(s_slots[i]!);
        }
        while (true)
        {
            bool running = false, leaving = false, finished = false;
            for (int i = 0; i < s_count; i++)
            {
                VirtualMachineSlot slot = s_slots[i]!;
                if (slot.State == VirtualMachineState.Running && slot.Machine!.HasEnded)
                {
                    Finish(slot);
                    finished = true;
                }
                running |= slot.State == VirtualMachineState.Running;
                leaving |= slot.State == VirtualMachineState.Running && slot.Machine!.IsStopping;
            }
            if (finished)
                continue; // the wake of what has ended meanwhile may be spent on Finish's own waits
            if (!running && s_count > 0)
                AllStopped();
            Scheduler.Block(leaving ? Clock.Now + 1_000_000 : ulong.MaxValue); // a thread wakes this one just before its end
        }
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
            slot.SetName(definition.Name);
            slot.Console = definition.Console;
            slot.Restart = definition.Restart;
            slot.Affinity = definition.CpuPins == 0 ? ulong.MaxValue : definition.CpuPins;
            slot.Autostart = (definition.Options & VmOptions.Autostart) != 0;
            s_slots[i] = slot;
            s_count = i + 1;
            if (errors != VmDefinitionErrors.None)
                Refuse(slot, VmDefinitionValidator.Describe(errors));
            else if ((slot.Affinity & Processors.All) == 0 || definition.CpuPins > Processors.All)
                Refuse(slot, "it is pinned to a processor that this host does not have"u8);
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
                slot.FirstDisk = new GuestDisk(slot, in definition, new HostPhysicalAddress(_bundle.Value + image.FileOffset), image.Content.Length)
                {
                    Next = slot.FirstDisk,
                };
            }
            else if (errors != DiskErrors.None)
            {
                Log.Write("vms"u8, $"disk {definition.Name.Bytes}: {DiskValidator.Describe(errors)}");
                if (slot is not null && slot.State != VirtualMachineState.Refused)
                    Refuse(slot, "one of its disks cannot be"u8);
            }
        }
    }

    // Before the first start, so that a start costs what it costs.
    private void VerifyImages()
    {
        if (s_count == 0 || BundleReader.TryOpen(Bundle, out BundleReader reader) != BundleStatus.Valid)
            return;
        Log.Write("vms"u8, $"verifying {reader.BlobCount} image(s), {(ulong)_bundleLength / Size.KiB} KiB");
        for (uint i = 0; i < (uint)reader.BlobCount; i++)
            TryGetImage(ref reader, i, out _);
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
        log.Write($"starting");
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
        else
            new VmLogLine(slot).Write($"stopped: {StopReasons.Describe(reason)}");
        ulong leaked = FrameAllocator.FramesOf(slot.Owner);
        if (leaked != 0)
            Log.Write("memory"u8, $"{leaked} frames of a stopped machine were not given back");
        Log.Write("memory"u8, $"{FrameAllocator.UnreservedBlocks * 2} MiB free, the kernel holds {FrameAllocator.FramesOf(FrameOwner.Kernel) * 4} KiB");
        bool again = slot.Restart == VmRestart.Always && !StopReasons.IsKill(reason)
            || slot.Restart == VmRestart.OnFailure && StopReasons.IsFailure(reason, exitCode);
        if (again)
            Start(slot);
    }

    private void AllStopped()
    {
        if (BundleReader.TryOpen(Bundle, out BundleReader reader) != BundleStatus.Valid)
            return;
        switch (reader.OnAllStopped)
        {
            case AllStoppedAction.PowerOff:
                Log.Write("hyperos"u8, $"all machines have stopped: power off");
                HostConsole.Flush();
                _actions.PowerOff();
                break;
            case AllStoppedAction.Reboot:
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
