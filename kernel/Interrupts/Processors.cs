using System.Numerics;
using System.Threading;
using HyperOS.Core;
using HyperOS.Firmware;
using HyperOS.Memory;
using HyperOS.Platform;
using HyperOS.Specs.X86;

namespace HyperOS.Interrupts;

/// <summary>The machine's processors, in bring-up order; the boot processor is the first.</summary>
public static class Processors
{
    /// <summary>Processors beyond so many stay parked.</summary>
    public const int Maximum = 64;

    private const ulong InitDelay = 10_000_000, StartupDelay = 200_000, AnswerTimeout = 200_000_000;

    private static readonly Processor?[] s_processors = new Processor?[Maximum];
    private static volatile int s_count;

    public static int Count => s_count;

    /// <summary>Those that there are, a bit for each.</summary>
    public static ulong All => ulong.MaxValue >> (Maximum - Count);

    public static Processor Get(int index) => s_processors[index]!;

    public static void AddBootProcessor(Processor processor)
    {
        s_processors[0] = processor;
        s_count = 1;
    }

    /// <summary>
    /// Whether a processor is a further thread of a core. Intel SDM vol. 2, "CPUID: Extended Topology Enumeration Leaf"; AMD APM vol. 3,
    /// "Fn8000_001E, Core Identifiers".
    /// </summary>
    /// <param name="boot">The boot processor's identifier: of each core, the thread with its number runs.</param>
    public static bool IsSibling(uint apicId, uint boot) => ((apicId ^ boot) & ((1u << ThreadBits()) - 1)) != 0;

    /// <summary>The APIC identifier of the processor that asks, before its APIC is set up.</summary>
    public static uint IdentifyThis()
    {
        CpuidResult topology = Cpu.Identify(CpuidLeaf.Basic).Eax >= CpuidLeaf.Topology ? Cpu.Identify(CpuidLeaf.Topology) : default;
        return topology.Ebx != 0 ? topology.Edx : Cpu.Identify(CpuidLeaf.Features).Ebx >> 24;
    }

    /// <summary>
    /// Whether no processor was seen to run ahead of or behind the boot processor's time-stamp counter when it started: then a guest may take
    /// readings on different processors for one clock.
    /// </summary>
    public static bool TimestampsAgree { get; private set; } = true;

    private static int ThreadBits()
    {
        const uint SmtLevel = 1;
        if (Cpu.Identify(CpuidLeaf.Basic).Eax >= CpuidLeaf.Topology)
        {
            CpuidResult topology = Cpu.Identify(CpuidLeaf.Topology);
            if ((topology.Ecx >> 8 & 0xFF) == SmtLevel)
                return (int)(topology.Eax & 0x1F);
        }
        bool hasCoreIdentifiers = Cpu.Identify(CpuidLeaf.Extended).Eax >= CpuidLeaf.ProcessorTopology
            && (Cpu.Identify(CpuidLeaf.ExtendedFeatures).Ecx & (uint)Cpuid80000001Ecx.TopologyExtensions) != 0;
        uint threads = hasCoreIdentifiers ? (Cpu.Identify(CpuidLeaf.ProcessorTopology).Ebx >> 8 & 0xFF) + 1 : 1;
        return BitOperations.Log2(2 * threads - 1);
    }

    /// <summary>Names a processor that <see cref="TryStart"/> is about to start.</summary>
    /// <returns>False when there are as many as the kernel can hold, or no memory for its stacks.</returns>
    public static bool TryAdd(uint apicId, out Processor? processor)
    {
        processor = s_count < Maximum ? new Processor(s_count, apicId, bootBlock: false) : null;
        return processor is not null && TryGiveStacks(processor);
    }

    /// <summary>Gives a processor interrupt stacks that have guards.</summary>
    /// <returns>False when there is no memory for them.</returns>
    public static bool TryGiveStacks(Processor processor)
    {
        for (InterruptStack stack = InterruptStack.NonMaskable; stack <= InterruptStack.NestedFault; stack++)
        {
            if (!KernelStack.TryCreate(FrameOwner.Kernel, out int slot))
                return false;
            processor.SetStack(stack, KernelStack.Top(slot));
        }
        return true;
    }

    /// <summary>
    /// Starts an application processor and waits until it says so through <see cref="Answer"/>. Intel SDM vol. 3, "MP Initialization
    /// Protocol Algorithm".
    /// </summary>
    /// <param name="trampolinePage">Page below 1 MiB that holds the trampoline.</param>
    /// <param name="stackTop">Of the stack that it starts, and stays idle, on.</param>
    /// <returns>False when it did not answer; then it is left alone.</returns>
    public static bool TryStart(Processor processor, byte trampolinePage, HostVirtualAddress stackTop)
    {
        s_processors[processor.Index] = processor;
        KernelImage.PrepareApplicationProcessor(KernelAddressSpace.Root, stackTop, processor);
        ulong before = Cpu.ReadTimestamp();
        LocalApic.SendInit(processor.ApicId);
        Clock.Delay(InitDelay);
        for (int attempt = 0; attempt < 2 && !Volatile.Read(ref processor.Online); attempt++)
        {
            LocalApic.SendStartup(processor.ApicId, trampolinePage);
            ulong limit = Clock.Now + (attempt == 0 ? StartupDelay : AnswerTimeout);
            while (!Volatile.Read(ref processor.Online) && Clock.Now < limit)
                Thread.SpinWait(1);
        }
        if (!Volatile.Read(ref processor.Online))
        {
            LocalApic.SendInit(processor.ApicId); // one that comes late must not find another's stack
            return false;
        }
        TimestampsAgree &= processor.StartedAt >= before && processor.StartedAt <= Cpu.ReadTimestamp();
        s_count = processor.Index + 1;
        return true;
    }

    /// <summary>First act of an application processor: its tables and its APIC.</summary>
    public static void PrepareThis()
    {
        Processor.Current.Initialize();
        LocalApic.Enable();
    }

    /// <summary>Tells the boot processor that this one is ready for work.</summary>
    public static void Answer()
    {
        Processor processor = Processor.Current;
        processor.StartedAt = Cpu.ReadTimestamp();
        Volatile.Write(ref processor.Online, true);
    }

    /// <summary>Whether a frame below 1 MiB is RAM that nobody needs, to put the trampoline in; page 0 and the EBDA are never taken.</summary>
    public static bool TryPlaceTrampoline(BootInfo boot, out byte page)
    {
        for (ulong frame = 0x8000; frame < 0x80000; frame += Size.Page)
        {
            foreach (ref readonly MemoryRegion region in boot.MemoryMap.Regions)
            {
                if (region.Type != MemoryRegionType.Usable || frame < region.Start.Value || frame + Size.Page > region.End.Value)
                    continue;
                KernelImage.Trampoline.CopyTo(PhysicalMemory.Bytes(new HostPhysicalAddress(frame), (int)Size.Page));
                page = (byte)(frame / Size.Page);
                return true;
            }
        }
        page = 0;
        return false;
    }
}
