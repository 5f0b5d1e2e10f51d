using System;
using HyperOS.Block;
using HyperOS.Core;
using HyperOS.Diagnostics;
using HyperOS.Firmware;
using HyperOS.Memory;
using HyperOS.Pci;
using HyperOS.PciHost;
using HyperOS.Platform;
using HyperOS.Specs.Ata;
using HyperOS.Specs.Nvme;
using HyperOS.Specs.Pci;
using HyperOS.Specs.Virtio;
using HyperOS.Virtio;

namespace HyperOS.Disks;

/// <summary>The machine's disks, in the order of their controllers' PCI addresses, and of ports and namespaces.</summary>
public static class DiskList
{
    /// <summary>Disks that are driven.</summary>
    public const int Maximum = 16;

    private const ushort TransitionalBlock = 0x1001;
    private const int AhciBar = 5;

    /// <summary>Messages for a virtio device's configuration and its queue.</summary>
    private const int VirtioMessages = 2;

    private static readonly PhysicalDisk?[] s_controllers = new PhysicalDisk?[Maximum];
    private static readonly byte[]?[] s_names = new byte[]?[Maximum];
    private static readonly BlockDevice?[] s_disks = new BlockDevice?[Maximum];
    private static int s_controllerCount;

    /// <summary>Disks that have a name.</summary>
    public static int Count { get; private set; }

    /// <summary>There is no controller to wait for.</summary>
    public static bool IsEmpty => s_controllerCount == 0;

    /// <param name="index">Below <see cref="Count"/>.</param>
    public static BlockDevice Get(int index) => s_disks[index]!;

    /// <summary>Starts a driver for each controller that there is one for; during start-up, when threads can be made.</summary>
    /// <param name="listener">Woken whenever a controller's disks have become known.</param>
    public static void Start(PciScan functions, AcpiTables acpi, DiskListener listener)
    {
        for (int i = 0; i < Maximum; i++)
            s_names[i] = Name(i);
        for (int i = 0; i < functions.Count; i++)
        {
            PciFunction function = functions[i];
            if (function.VendorId == VirtioPci.VendorId && function.DeviceId is TransitionalBlock or VirtioPci.FirstDeviceId + (ushort)VirtioDeviceId.Block)
                StartVirtio(function, acpi, listener);
            else if (function.ClassCode == PciClass.NonVolatileMemory)
                StartNvme(function, acpi, listener);
            else if (function.ClassCode == PciClass.SerialAta)
                StartAhci(function, acpi, listener);
        }
    }

    /// <summary>Whether all controllers have told what disks they have.</summary>
    public static bool IsSettled
    {
        get
        {
            for (int i = 0; i < s_controllerCount; i++)
            {
                if (!s_controllers[i]!.Service.IsSettled)
                    return false;
            }
            return true;
        }
    }

    /// <summary>
    /// Gives names to the disks that have none yet, and writes them into the log. Called first when all are known, or the wait for one takes too long: that
    /// one's come after the others then. By one thread.
    /// </summary>
    public static void NameNew()
    {
        for (int i = 0; i < s_controllerCount; i++)
        {
            PhysicalDisk controller = s_controllers[i]!;
            for (int unit = 0; !controller.IsNamed && unit < controller.Service.UnitCount && Count < Maximum; unit++)
            {
                DiskUnit disk = controller.Service.Unit(unit);
                disk.SetName(s_names[Count]!);
                s_disks[Count++] = disk;
                controller.Describe(disk, unit);
            }
            controller.IsNamed |= controller.Service.IsSettled;
        }
    }

    private static void StartVirtio(PciFunction function, AcpiTables acpi, DiskListener listener)
    {
        function.ReadBaseAddresses();
        if (!VirtioPciLayout.TryRead(function, VirtioDisk.ConfigurationBytes, out VirtioPciLayout layout) || !TryMap(in layout.Common, out DeviceMemory? common)
            || !TryMap(in layout.Notifications, out DeviceMemory? notifications) || !TryMap(in layout.InterruptStatus, out DeviceMemory? interruptStatus)
            || !TryMap(in layout.Device, out DeviceMemory? device))
        {
            Refuse("virtio-blk"u8, function, "its registers are not where virtio 1.x has them"u8);
            return;
        }
        if (!DmaBuffer.TryAllocate(VirtioDisk.Pages, FrameOwner.Kernel, FrameZone.Any, out DmaBuffer? memory) || !TryCreate("virtio-blk"u8, function, listener, out PhysicalDisk? disk))
        {
            Refuse("virtio-blk"u8, function, "too little memory"u8);
            return;
        }
        VirtioTransport transport = new(common!, notifications!, layout.NotificationMultiplier, interruptStatus!, device!);
        FunctionInterrupts interrupts = FunctionInterrupts.Prepare(function, VirtioMessages, disk!.Handler, disk.ApicId, acpi.Interrupts);
        transport.Messages = interrupts.Messages;
        disk.Begin(new VirtioDisk(transport, memory!), interrupts);
    }

    private static void StartNvme(PciFunction function, AcpiTables acpi, DiskListener listener)
    {
        function.ReadBaseAddresses();
        PciBar bar = function.Bar(0);
        uint length = (uint)Math.Min(bar.Size, NvmeRegisters.Doorbells + DmaMemory.PageBytes);
        if (length < NvmeRegisters.Length || !bar.TryGetMemory(0, length, out HostPhysicalAddress address) || !DeviceMemory.TryMap(address, length, out DeviceMemory? registers))
        {
            Refuse("NVMe"u8, function, "its registers have no address"u8);
            return;
        }
        if (!DmaBuffer.TryAllocate(NvmeController.Pages, FrameOwner.Kernel, FrameZone.Any, out DmaBuffer? memory) || !TryCreate("NVMe"u8, function, listener, out PhysicalDisk? disk))
        {
            Refuse("NVMe"u8, function, "too little memory"u8);
            return;
        }
        FunctionInterrupts interrupts = FunctionInterrupts.Prepare(function, 1, disk!.Handler, disk.ApicId, acpi.Interrupts);
        disk.Begin(new NvmeController(registers!, memory!, interrupts.Way == InterruptWay.MessageTable), interrupts);
    }

    // A thread for each port that has something connected; they share the adapter's interrupt.
    private static void StartAhci(PciFunction function, AcpiTables acpi, DiskListener listener)
    {
        function.ReadBaseAddresses();
        PciBar bar = function.Bar(AhciBar);
        uint length = (uint)Math.Min(bar.Size, AhciRegisters.Ports + AhciRegisters.MostPorts * AhciRegisters.PortLength);
        if (length < AhciRegisters.Ports + AhciRegisters.PortLength || !bar.TryGetMemory(0, length, out HostPhysicalAddress address)
            || !DeviceMemory.TryMap(address, length, out DeviceMemory? registers))
        {
            Refuse("AHCI"u8, function, "its registers have no address"u8);
            return;
        }
        AhciAdapter adapter = new(registers!);
        if (!function.TryEnable())
            return;
        adapter.Prepare(new StartUpHost());
        AhciHandler handler = new();
        FunctionInterrupts? interrupts = null;
        for (int port = 0; port < AhciRegisters.MostPorts; port++)
        {
            if ((adapter.Connected >> port & 1) == 0)
                continue;
            if (!DmaBuffer.TryAllocate(AhciPort.Pages, FrameOwner.Kernel, FrameZone.Below4GiB, out DmaBuffer? memory)
                || !TryCreate("AHCI"u8, function, listener, out PhysicalDisk? disk))
            {
                Refuse("AHCI"u8, function, "too little memory"u8);
                return;
            }
            if (interrupts is null)
            {
                interrupts = FunctionInterrupts.Prepare(function, 0, handler, disk!.ApicId, acpi.Interrupts);
                interrupts.Apply();
            }
            AhciPort device = new(adapter, port, memory!);
            handler.Add(device, disk!);
            disk!.SharedPort = port;
            disk.Begin(device, interrupts);
        }
    }

    // All that a controller might need, for nothing is allocated later: "disk0" to "disk15".
    private static byte[] Name(int number)
    {
        const int Ten = 10;
        byte[] name = new byte[number < Ten ? 5 : 6];
        "disk"u8.CopyTo(name);
        if (number >= Ten)
            name[4] = (byte)('0' + number / Ten);
        name[^1] = (byte)('0' + number % Ten);
        return name;
    }

    private static bool TryCreate(ReadOnlySpan<byte> kind, PciFunction function, DiskListener listener, out PhysicalDisk? disk)
    {
        disk = s_controllerCount < Maximum ? PhysicalDisk.Create(kind, function, listener) : null;
        if (disk is not null)
            s_controllers[s_controllerCount++] = disk;
        return disk is not null;
    }

    private static bool TryMap(in VirtioWindow window, out DeviceMemory? memory) => DeviceMemory.TryMap(window.Address, window.Length, out memory);

    private static void Refuse(ReadOnlySpan<byte> kind, PciFunction function, ReadOnlySpan<byte> problem) =>
        Log.Write("disks"u8, $"{kind} at {PhysicalDisk.Place(function.Address)}: not used: {problem}");

    /// <summary>What preparing an adapter needs, before there are threads.</summary>
    private sealed class StartUpHost : DeviceHost
    {
        public override ulong Now => Clock.Now;

        public override bool IsAttached => true;

        public override void Delay(ulong nanoseconds) => Clock.Delay(nanoseconds);

        public override bool Enter() => false;

        public override void Exit(bool state) { }

        public override bool TryAttach() => true;

        public override void Detach() { }

        public override void Wake() { }
    }
}
