using System;
using HyperOS.Abi;
using HyperOS.Core;
using HyperOS.Devices;
using HyperOS.Diagnostics;
using HyperOS.Emulation;
using HyperOS.Loaders;
using HyperOS.Memory;
using HyperOS.Platform;
using HyperOS.Scheduling;

namespace HyperOS.Virtualization;

/// <summary>The files that a machine is started with.</summary>
internal readonly ref struct GuestImages
{
    public readonly ReadOnlySpan<byte> Kernel, Initrd;

    public GuestImages(ReadOnlySpan<byte> kernel, ReadOnlySpan<byte> initrd)
    {
        Kernel = kernel;
        Initrd = initrd;
    }
}

/// <summary>How the building of a machine ended.</summary>
internal enum BuildStatus : byte
{
    Built,
    OutOfMemory,
    NoHugeFrames,
    NoTscScaling,
    DefinitionTampered,
    ImageTampered,
    TablesDoNotFit,

    /// <summary>The loader's <see cref="LoadStatus"/> says what is wrong.</summary>
    BadImage,
    Fault,
}

/// <summary>
/// Puts a machine together in its own arena, from its definition to what runs its vCPUs, inside a fault domain of its own; and takes machines
/// apart, whole or half made, by what the host recorded of them. On the manager's thread.
/// </summary>
internal sealed class VirtualMachineBuilder : FaultDomain
{
    private const int TablesCapacity = 0x2_0000;

    private readonly VirtualMachines _machines;
    private readonly LoadPlan _plan = new();

    // The work at hand.
    private VirtualMachineSlot? _slot;
    private BuildStatus _status;
    private LoadStatus _loadStatus;

    public VirtualMachineBuilder(VirtualMachines machines) => _machines = machines;

    public override ReadOnlySpan<byte> Room => _slot!.Room;

    /// <summary>Allocates everything and loads the guest. On failure nothing stays taken.</summary>
    /// <param name="reason">What was missing, or wrong with the images.</param>
    public bool TryBuild(VirtualMachineSlot slot, out ReadOnlySpan<byte> reason)
    {
        _slot = slot;
        _status = BuildStatus.OutOfMemory;
        _loadStatus = LoadStatus.Ok;
        if (Arena.TryOpen(slot.Owner, out slot.ArenaSlot))
        {
            Arena? outer = Arena.Use(Arena.Get(slot.ArenaSlot));
            if (!TryRun())
                _status = BuildStatus.Fault;
            Arena.Use(outer);
            if (_status != BuildStatus.Built)
                TakeApart(slot);
        }
        reason = Describe(_status, _loadStatus);
        return _status == BuildStatus.Built;
    }

    /// <summary>Gives back all that a machine has. Its vCPUs' threads have ended and were reclaimed, or never were.</summary>
    public static void TakeApart(VirtualMachineSlot slot)
    {
        foreach (Vcpu vcpu in slot.Machine is null ? default : slot.Machine.Vcpus)
        {
            if (vcpu.VendorState is { HasTranslations: true })
                Panic.Stop($"{slot.Room}: a processor still has translations to frames that go elsewhere");
        }
        slot.Machine = null;
        FaultPoint.Hit(FaultPlace.TakingApart);
        for (NicSlot? nic = slot.FirstNic; nic is not null; nic = nic.Next)
            nic.Disconnect();
        for (GuestDisk? disk = slot.FirstDisk; disk is not null; disk = disk.Next)
            disk.Disconnect();
        Quiescence.Wait();
        Arena.Close(slot.ArenaSlot);
        FrameAllocator.FreeAll(slot.Owner);
    }

    protected override void Run()
    {
        FaultPoint.Hit(FaultPlace.Definition);
        _status = _machines.TryReadDefinition(_slot!, out VmDefinition definition, out GuestImages images);
        if (_status == BuildStatus.Built)
            _status = Build(_slot!, in definition, in images);
    }

    private BuildStatus Build(VirtualMachineSlot slot, in VmDefinition definition, scoped in GuestImages images)
    {
        VirtualizationVendor vendor = VirtualizationVendor.Current;
        if (!TscScale.TryCreate(Clock.Frequency, definition.TscKHz * 1000ul, vendor.TscRatio, out TscScale tscScale))
            return BuildStatus.NoTscScaling;
        if (!GuestMemory.TryCreate(slot.Owner, definition.MemoryBytes, out GuestMemory? memory)
            || !NestedPageTable.TryCreate(slot.Owner, vendor.NestedPages, out NestedPageTable? nestedTables))
        {
            return BuildStatus.OutOfMemory;
        }
        if ((definition.Options & VmOptions.HugePages) != 0)
        {
            if (!memory!.TryFillHuge())
                return BuildStatus.NoHugeFrames;
            ReadOnlySpan<byte> leaves = nestedTables!.HasHuge ? "1 GiB"u8 : "2 MiB, for the processor has none of 1 GiB"u8;
            new VmLogLine(slot).Write($"memory: {memory.HugeBytes / Size.GiB} GiB in frames of 1 GiB, nested leaves of {leaves}");
        }
        Span<HostPhysicalAddress> extendedStates = stackalloc HostPhysicalAddress[(int)definition.CpuCount];
        foreach (ref HostPhysicalAddress extendedState in extendedStates)
        {
            if (!FrameAllocator.TryAllocate(slot.Owner, FrameZone.Any, out extendedState))
                return BuildStatus.OutOfMemory;
            ExtendedStates.Reset(extendedState);
        }
        VirtualMachine machine = new(slot, in definition, new VmLog(slot.Room), memory!, nestedTables!, in tscScale, extendedStates);
        foreach (Vcpu vcpu in machine.Vcpus)
        {
            if (!vendor.TryCreate(vcpu))
                return BuildStatus.OutOfMemory;
            vcpu.ThreadBody = vendor.CreateThread(vcpu);
        }
        BuildStatus status = Load(machine, in definition, in images);
        if (status != BuildStatus.Built)
            return status;
        slot.Machine = machine;
        return BuildStatus.Built;
    }

    // Firmware's part: ACPI tables and the image in memory, and the boot processor's registers.
    private BuildStatus Load(VirtualMachine machine, in VmDefinition definition, scoped in GuestImages images)
    {
        GuestPhysicalAddress tables = new(GuestAcpiTables.UsualAddress);
        if (!machine.Memory.TryTranslate(tables, out HostPhysicalAddress host)
            || GuestAcpiTables.Build(machine.Vcpus.Length, machine.Pci, GuestAcpiTables.UsualAddress, PhysicalMemory.Bytes(host, TablesCapacity), out int length)
                != AcpiTablesStatus.Built
            || !GuestMemoryLayout.TryCreate(machine.Memory.Length, tables, (ulong)length, tables, out GuestMemoryLayout layout))
        {
            return BuildStatus.TablesDoNotFit;
        }
        LoadRequest request = new()
        {
            Image = images.Kernel,
            CommandLine = definition.CommandLine,
            InitrdLength = (ulong)images.Initrd.Length,
            Memory = layout,
        };
        _loadStatus = GuestImage.Load(in request, _plan);
        if (_loadStatus != LoadStatus.Ok || !TryExecute(machine.Memory, in images, _plan))
            return BuildStatus.BadImage;
        VirtualizationVendor.Current.Apply(machine.BootVcpu, in _plan.Entry);
        return BuildStatus.Built;
    }

    private static bool TryExecute(GuestMemory memory, scoped in GuestImages images, LoadPlan plan)
    {
        foreach (ref readonly LoadAction action in plan.Actions)
        {
            int source = (int)action.Source, length = (int)action.Length;
            bool done = action.Kind switch
            {
                LoadActionKind.CopyImage => memory.TryWrite(action.Destination, images.Kernel.Slice(source, length)),
                LoadActionKind.CopyInitrd => memory.TryWrite(action.Destination, images.Initrd.Slice(source, length)),
                LoadActionKind.CopyBootData => memory.TryWrite(action.Destination, plan.BootData.Slice(source, length)),
                _ => true, // guest memory is zero until something is written to it
            };
            if (!done)
                return false;
            FaultPoint.Hit(FaultPlace.ImageCopy);
        }
        return true;
    }

    private static ReadOnlySpan<byte> Describe(BuildStatus status, LoadStatus loadStatus) => status switch
    {
        BuildStatus.OutOfMemory => "not enough free memory"u8,
        BuildStatus.NoHugeFrames => "too few aligned GiB of the host's memory are free in one piece, which memoryPages: 1GiB asks for"u8,
        BuildStatus.NoTscScaling => "its tscFrequency is not the host's, and this processor cannot scale so far"u8,
        BuildStatus.DefinitionTampered => "its definition was tampered with"u8,
        BuildStatus.ImageTampered => "its kernel, initrd or a disk's image was tampered with (SHA-256 differs)"u8,
        BuildStatus.TablesDoNotFit => "its memory cannot hold the ACPI tables"u8,
        BuildStatus.BadImage => GuestImage.Describe(loadStatus),
        BuildStatus.Fault => "a fault in the host while building it"u8,
        _ => default,
    };
}
