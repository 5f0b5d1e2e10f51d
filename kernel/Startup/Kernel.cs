using System.Runtime.InteropServices;
using HyperOS.Core;
using HyperOS.Diagnostics;
using HyperOS.Firmware;
using HyperOS.Interrupts;
using HyperOS.Memory;
using HyperOS.Nics;
using HyperOS.Pci;
using HyperOS.PciHost;
using HyperOS.Platform;
using HyperOS.Power;
using HyperOS.Processes;
using HyperOS.Scheduling;
using HyperOS.Rtc;
using HyperOS.Screen;
using HyperOS.Serial;
using HyperOS.Virtualization;

namespace HyperOS.Startup;

/// <summary>From the first C# instruction to running guests, in the order in which it happens. docs/boot-walk.md tells the story.</summary>
internal static partial class Kernel
{
    [UnmanagedCallersOnly(EntryPoint = "KernelMain")]
    private static void Main(uint magic, uint information)
    {
        // One processor, the boot loader's memory, no interrupts.
        Clock.Start();
        Processor processor = new(0, Processors.IdentifyThis(), bootBlock: true);
        InterruptTable.Initialize();
        processor.Initialize();
        SerialPort? serial = SerialPort.Detect();
        if (serial is not null)
            Log.AddSink(serial);
        Panic.Install(new LastActions());
        ulong frequency = TimestampFrequency.Find();
        if (frequency == 0)
            Panic.Stop($"neither the 8254 nor CPUID tells how fast the time-stamp counter counts: this machine is not supported");
        Clock.Calibrated(frequency);

        // What there is.
        FirmwareMemory firmware = new();
        BootInfo boot = BootInformation.Read(magic, information, firmware);
        Log.Write("boot"u8, $"HyperOS, started by {(boot.LoaderName.IsEmpty ? "a PVH loader"u8 : boot.LoaderName)}");
        HostOptions options = HostOptions.Read(boot.CommandLine);
        AcpiTables acpi = new(firmware);
        AcpiStatus found = acpi.Discover(boot);
        if (!TryFindIoApic(acpi, out HostPhysicalAddress ioApic) || found != AcpiStatus.Ok)
            Panic.Stop($"no ACPI tables that name an IOAPIC: this machine is not supported");

        // Memory.
        if (!FrameAllocator.TryInitialize(boot, acpi.Numa) || !KernelAddressSpace.TryInitialize(boot))
            Panic.Stop($"too little memory");
        Arena.Initialize();
        Panic.Install(new Stacks());
        if (!Processors.TryGiveStacks(processor))
            Panic.Stop($"too little memory");
        Log.Write("memory"u8, $"{FrameAllocator.TotalBytes / Size.MiB} MiB, {FrameAllocator.UnreservedBlocks * 2} MiB free, {acpi.Numa.NodeCount} node(s)");

        // The screen, which shows the log so far too.
        ScreenConsole? screen = ScreenConsole.Detect(in boot.Framebuffer, BootInformation.Font(boot));
        if (screen is not null)
            Log.AddSink(screen);

        // Interrupts and processors.
        PowerControl.Initialize(acpi.Power);
        if (!LocalApic.TryInitialize(acpi.Interrupts.LocalApicAddress) || !IoApic.TryInitialize(ioApic))
            Panic.Stop($"too little memory");
        Processors.AddBootProcessor(processor);
        LocalApic.Enable();
        LocalApic.CalibrateTimer();
        Scheduler.Initialize();
        Scheduler.AdoptIdle();

        // Guests: what the processors offer for them, before the others start.
        ExtendedStates.Initialize(GuestProcessors.Barrier);
        GuestProcessors.Initialize(options.Mitigations);
        VirtualizationVendor.Initialize(options.ApicVirtualization);
        WallClock.Set(RealTimeClock.ReadUnixSeconds());
        if (!VirtualizationVendor.Current.TryPrepare(processor.Index))
            Panic.Stop($"too little memory");
        VirtualizationVendor.Current.Enable();
        GuestProcessors.StartSpeculationHooks();
        StartApplicationProcessors(boot, acpi, options);
        ShootdownHandler.Initialize();
        Log.Write("processors"u8, $"{Processors.Count} running at {Clock.Frequency / 1_000_000} MHz, {(LocalApic.IsX2Apic ? "x2APIC"u8 : "xAPIC"u8)}");

        ExitTrace.Initialize();

        // Physical devices: the PCI bus, then the drivers, each with a thread.
        PciScan functions = PciBus.Scan(acpi);
        NicList.Start(functions, acpi);
        TestNics(options);
        bool areDisksTaken = false;
        TestDisks(options, functions, acpi, ref areDisksTaken);
        if (!areDisksTaken)
            MachineDisks.Start(functions, acpi, options.Storage);

        // The console and the machines have threads; after this, the kernel allocates no more for itself.
        HostConsole.Start(serial is null ? null : SerialInput.Start(serial, acpi));
        BootModule bundle = BootInformation.Bundle(boot);
        ProcessManager.Start(bundle.Address, bundle.Length);
        VirtualMachines.Start(bundle.Address, bundle.Length, NicList.All, new WhenAllStopped());
        PowerButton.Start(acpi, new WhenPowerButtonPressed());
        Arena.Seal();
        Log.Write("memory"u8, $"kernel {FrameAllocator.FramesOf(FrameOwner.Kernel) * Size.Page / Size.KiB} KiB");
        Log.Write("hyperos"u8, $"ready");
        Cpu.EnableInterrupts();
        Scheduler.Idle();
    }

    // In NicTest.cs and DiskTest.cs, which only the test kernel has.
    static partial void TestNics(HostOptions options);

    static partial void TestDisks(HostOptions options, PciScan functions, AcpiTables acpi, ref bool areTaken);

    // The one with the ISA interrupts. Others keep all their pins masked, as a reset leaves them.
    private static bool TryFindIoApic(AcpiTables acpi, out HostPhysicalAddress address)
    {
        foreach (ref readonly Specs.Acpi.IoApic candidate in acpi.Interrupts.IoApics.AsSpan())
        {
            address = new HostPhysicalAddress(candidate.IOAPICAddress);
            if (candidate.GlobalSystemInterruptBase == 0)
                return true;
        }
        address = default;
        return false;
    }

    private static void StartApplicationProcessors(BootInfo boot, AcpiTables acpi, HostOptions options)
    {
        if (!Processors.TryPlaceTrampoline(boot, out byte page))
        {
            Log.Write("processors"u8, $"no memory below 512 KiB to start the others from: one runs");
            return;
        }
        uint self = LocalApic.CurrentId, siblings = 0;
        foreach (ref readonly AcpiProcessor candidate in acpi.Interrupts.Processors.AsSpan())
        {
            if (!candidate.IsEnabled || candidate.ApicId == self || Processors.Count >= options.MaximumProcessors)
                continue;
            if (Processors.IsSibling(candidate.ApicId, self))
            {
                siblings++;
                continue;
            }
            if (!Processors.TryAdd(candidate.ApicId, out Processor? processor))
                break;
            if (!KernelStack.TryCreate(FrameOwner.Kernel, out int stack))
                Panic.Stop($"too little memory");
            if (!VirtualizationVendor.Current.TryPrepare(processor!.Index))
                Panic.Stop($"too little memory");
            Scheduler.AddProcessor(processor, stack);
            if (!Processors.TryStart(processor, page, KernelStack.Top(stack)))
                Log.Write("processors"u8, $"APIC {candidate.ApicId} does not answer");
        }
        if (!Processors.TimestampsAgree)
            Log.Write("processors"u8, $"their time-stamp counters disagree: guests get no stable clock");
        if (siblings != 0)
            Log.Write("processors"u8, $"{siblings} SMT sibling(s) stay parked: guests must not share a core");
    }

    [UnmanagedCallersOnly(EntryPoint = "KernelApplicationProcessorMain")]
    private static void ApplicationProcessorMain()
    {
        Scheduler.AdoptIdle();
        Processors.PrepareThis();
        VirtualizationVendor.Current.Enable();
        GuestProcessors.StartSpeculationHooks();
        Processors.Answer();
        Cpu.EnableInterrupts();
        Scheduler.Idle();
    }

    private sealed class WhenAllStopped : AllStoppedActions
    {
        public override void PowerOff() => PowerControl.PowerOff();

        public override void Reboot() => PowerControl.Reboot();
    }

    private sealed class WhenPowerButtonPressed : PowerButtonListener
    {
        public override void Pressed() => VirtualMachines.End(HostEnd.PowerOff);
    }

    private sealed class Stacks : StackBounds
    {
        public override void Find(ulong address, out HostVirtualAddress bottom, out HostVirtualAddress top)
        {
            if (!KernelStack.TryFind(address, out bottom, out top))
            {
                bottom = KernelImage.BootStackBottom;
                top = KernelImage.BootStackTop;
            }
        }
    }

    private sealed class LastActions : PanicActions
    {
        private const ulong LastExits = 32;

        public override void StopOthers()
        {
            // Early there are none, and no APIC to ask. One by one: a processor that was never started would take the NMI for a reset of the machine.
            if (Processors.Count < 2)
                return;
            uint self = LocalApic.CurrentId;
            for (int i = 0; i < Processors.Count; i++)
            {
                if (Processors.Get(i).ApicId != self)
                    LocalApic.SendNmi(Processors.Get(i).ApicId);
            }
        }

        public override void Report() => ExitTrace.WriteLast(LastExits);

        public override void Reboot() => PowerControl.Reboot();
    }
}
