using System;
using HyperOS.Abi;
using HyperOS.Core;
using HyperOS.Devices;
using HyperOS.Loaders;
using HyperOS.Memory;
using HyperOS.Platform;
using HyperOS.Scheduling;

namespace HyperOS.Virtualization;

/// <summary>What a machine is started with.</summary>
internal readonly ref struct GuestImages
{
    public readonly ReadOnlySpan<byte> Kernel, Initrd, CommandLine;

    public GuestImages(ReadOnlySpan<byte> kernel, ReadOnlySpan<byte> initrd, ReadOnlySpan<byte> commandLine)
    {
        Kernel = kernel;
        Initrd = initrd;
        CommandLine = commandLine;
    }
}

/// <summary>Puts a machine together in its own arena, and takes it apart. On the manager's thread.</summary>
internal static class VirtualMachineBuilder
{
    private const int TablesCapacity = 0x2_0000;

    /// <summary>Allocates everything and loads the guest. On failure nothing stays taken.</summary>
    /// <param name="reason">What was missing, or wrong with the images.</param>
    public static bool TryBuild(
        VirtualMachineSlot slot, in VmDefinition definition, scoped in GuestImages images, LoadPlan plan, out ReadOnlySpan<byte> reason)
    {
        reason = "not enough free memory"u8;
        if (!Arena.TryOpen(slot.Owner, out slot.ArenaSlot))
            return false;
        Arena? outer = Arena.Use(Arena.Get(slot.ArenaSlot));
        bool built = TryBuildInArena(slot, in definition, in images, plan, ref reason);
        Arena.Use(outer);
        if (!built)
            Arena.Close(slot.ArenaSlot);
        return built;
    }

    /// <summary>Starts the vCPU's thread.</summary>
    public static bool TryRun(VirtualMachineSlot slot)
    {
        Arena? outer = Arena.Use(Arena.Get(slot.ArenaSlot));
        ThreadBody body = VirtualizationVendor.Current.CreateThread(slot.Machine!.Vcpu);
        Arena.Use(outer);
        return Scheduler.TryCreate(body, slot.Owner, null, out slot.Thread);
    }

    /// <summary>Gives back all that <see cref="TryBuild"/> took. The vCPU's thread has ended and was reclaimed.</summary>
    public static void TearDown(VirtualMachineSlot slot)
    {
        bool interrupts = slot.Lock.Enter();
        VirtualMachine machine = slot.Machine!;
        slot.Machine = null;
        slot.Lock.Exit(interrupts);
        Quiescence.Wait();
        VirtualizationVendor.Current.Destroy(machine.Vcpu);
        FrameAllocator.Free(machine.Vcpu.ExtendedState, slot.Owner);
        machine.NestedTables.Destroy();
        machine.Memory.Destroy();
        Arena.Close(slot.ArenaSlot);
    }

    private static bool TryBuildInArena(
        VirtualMachineSlot slot, in VmDefinition definition, scoped in GuestImages images, LoadPlan plan, ref ReadOnlySpan<byte> reason)
    {
        if (!GuestMemory.TryCreate(slot.Owner, definition.MemoryBytes, out GuestMemory? memory))
            return false;
        if (!NestedPageTable.TryCreate(slot.Owner, VirtualizationVendor.Current.NestedPages, out NestedPageTable? nestedTables))
        {
            memory!.Destroy();
            return false;
        }
        VirtualMachine? machine = null;
        if (FrameAllocator.TryAllocate(slot.Owner, FrameZone.Any, out HostPhysicalAddress extendedState))
        {
            ExtendedStates.Reset(extendedState);
            VmLog log = new(slot.Name);
            machine = new VirtualMachine(slot, in definition, log, memory!, nestedTables!, extendedState);
            if (VirtualizationVendor.Current.TryCreate(machine.Vcpu))
            {
                if (TryLoad(machine, in images, plan, out reason))
                {
                    slot.Machine = machine;
                    return true;
                }
                VirtualizationVendor.Current.Destroy(machine.Vcpu);
            }
            FrameAllocator.Free(extendedState, slot.Owner);
        }
        nestedTables!.Destroy();
        memory!.Destroy();
        return false;
    }

    // Firmware's part: ACPI tables and the image in memory, and the boot processor's registers.
    private static bool TryLoad(VirtualMachine machine, scoped in GuestImages images, LoadPlan plan, out ReadOnlySpan<byte> reason)
    {
        reason = "its memory cannot hold the ACPI tables"u8;
        GuestPhysicalAddress tables = new(GuestAcpiTables.UsualAddress);
        if (!machine.Memory.TryTranslate(tables, out HostPhysicalAddress host)
            || GuestAcpiTables.Build(1, GuestAcpiTables.UsualAddress, PhysicalMemory.Bytes(host, TablesCapacity), out int length) != AcpiTablesStatus.Built
            || !GuestMemoryLayout.TryCreate(machine.Memory.Length, tables, (ulong)length, tables, out GuestMemoryLayout layout))
        {
            return false;
        }
        LoadRequest request = new()
        {
            Image = images.Kernel,
            CommandLine = images.CommandLine,
            InitrdLength = (ulong)images.Initrd.Length,
            Memory = layout,
        };
        LoadStatus status = GuestImage.Load(in request, plan);
        reason = GuestImage.Describe(status);
        if (status != LoadStatus.Ok || !TryExecute(machine.Memory, in images, plan))
            return false;
        VirtualizationVendor.Current.Apply(machine.Vcpu, in plan.Entry);
        return true;
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
        }
        return true;
    }
}
