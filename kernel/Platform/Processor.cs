using System.Runtime;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using HyperOS.Core;
using HyperOS.Specs.X86;

namespace HyperOS.Platform;

/// <summary>What GS points at on each processor; the assembly knows the first word and those of ring 3. Fits BootProcessorBlock (256 bytes).</summary>
[StructLayout(LayoutKind.Explicit, Size = 128)]
internal unsafe struct ProcessorBlock
{
    [FieldOffset(0)] public ProcessorBlock* Self;
    [FieldOffset(8)] public void* Processor;
    [FieldOffset(16)] public void* Thread;
    [FieldOffset(24)] public void* Arena;
    [FieldOffset(32)] public FaultDomainRecord* FaultDomain;

    /// <summary>While ring 3 runs: where the kernel's stack stands.</summary>
    [FieldOffset(40)] public ulong KernelStack;

    /// <summary>A word for the entry of system calls.</summary>
    [FieldOffset(48)] public ulong UserStack;

    /// <summary>While ring 3 runs: where its registers go when it ends.</summary>
    [FieldOffset(56)] public UserContext* UserContext;
}

/// <summary>
/// One of the machine's processors: its descriptor tables, and the words that its code reaches through GS. Nothing taken from
/// <see cref="Current"/> may be kept across a yield: the thread can go on elsewhere.
/// </summary>
public sealed unsafe class Processor
{
    /// <summary>
    /// What the bits of a page table entry mean for caching: as after reset, but for write-through, which nobody uses and which stands for
    /// write-combining. Intel SDM vol. 3, "Programming the PAT".
    /// </summary>
    public const ulong PageAttributeTable = 0x0007_0406_0007_0106;

    /// <summary>Position in bring-up order; the boot processor is 0.</summary>
    public readonly int Index;

    /// <summary>Local APIC identifier.</summary>
    public readonly uint ApicId;

    private readonly ProcessorBlock* _block;
    private readonly DescriptorTables _descriptors;

    /// <summary>Nesting of interrupt handlers; above 0 in interrupt context. Changed only by its own processor.</summary>
    public int InterruptDepth;

    /// <summary>A bit for the <see cref="LockRank"/> of each <see cref="KernelLock"/> held. Changed only by its own processor.</summary>
    public uint HeldLocks;

    /// <summary>Its time-stamp counter when it came online.</summary>
    public ulong StartedAt;

    /// <summary>Set once it runs the kernel's tables and takes interrupts.</summary>
    public bool Online;

    /// <param name="bootBlock">True for the boot processor, whose block the boot assembly already loaded, and which starts with stacks of its own.</param>
    public Processor(int index, uint apicId, bool bootBlock)
    {
        Index = index;
        ApicId = apicId;
        _block = bootBlock ? CurrentBlock() : NewBlock();
        _block->Self = _block;
        Processor self = this;
        _block->Processor = (void*)Unsafe.As<Processor, nint>(ref self);
        _descriptors = new DescriptorTables();
        if (bootBlock)
            _descriptors.UseEarlyStacks();
    }

    [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "ProcessorBlockCurrent")]
    private static extern ProcessorBlock* CurrentBlock();

    internal static ProcessorBlock* Block => CurrentBlock();

    internal ulong BlockAddress => (ulong)_block;

    /// <summary>The processor that runs this code.</summary>
    public static Processor Current
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Unsafe.As<Processor>(Reference(CurrentBlock()->Processor))!;
    }

    /// <summary>The thread that this processor runs; Scheduling alone sets it, and knows its type.</summary>
    public static T? CurrentThread<T>() where T : class => Unsafe.As<T>(Reference(CurrentBlock()->Thread));

    public static void SetCurrentThread<T>(T thread) where T : class => CurrentBlock()->Thread = (void*)Unsafe.As<T, nint>(ref thread);

    /// <summary>The arena that `new` takes from; Memory alone sets it, and knows its type. Null means the kernel's own.</summary>
    public static void* CurrentArena
    {
        get => CurrentBlock()->Arena;
        set => CurrentBlock()->Arena = value;
    }

    /// <summary>Where one of its interrupt stacks begins, one past its highest byte. All of them before <see cref="Initialize"/>.</summary>
    public void SetStack(InterruptStack stack, HostVirtualAddress top) => _descriptors.SetStack(stack, top);

    /// <summary>At the beginning and at the end of a fault's report, on the processor itself.</summary>
    public void SwapFaultStacks() => _descriptors.SwapFaultStacks();

    /// <summary>Loads this processor's GDT, IDT and TSS, and turns on the protections that CPUID offers. Call on the processor itself.</summary>
    public void Initialize()
    {
        _descriptors.Load();
        // Loading the segment registers leaves GS_BASE alone only if GS itself is not loaded: write it again all the same.
        ModelSpecificRegister.Write(Msr.GS_BASE, (ulong)_block);
        ModelSpecificRegister.Write(Msr.KernelGSbase, 0);
        ModelSpecificRegister.Write(Msr.IA32_PAT, PageAttributeTable);
        ulong cr4 = ControlRegister.ReadCr4() | (ulong)(Cr4.PGE | Cr4.MCE);
        CpuidResult structured = Cpu.Identify(0).Eax >= 7 ? Cpu.Identify(7) : default;
        if ((structured.Ebx & (uint)Cpuid7Ebx.SMEP) != 0)
            cr4 |= (ulong)Cr4.SMEP;
        if ((structured.Ebx & (uint)Cpuid7Ebx.SMAP) != 0)
            cr4 |= (ulong)Cr4.SMAP;
        if ((structured.Ecx & (uint)Cpuid7Ecx.UMIP) != 0)
            cr4 |= (ulong)Cr4.UMIP;
        if ((Cpu.Identify(1).Ecx & (uint)Cpuid1Ecx.XSAVE) != 0)
            cr4 |= (ulong)Cr4.OSXSAVE;
        ControlRegister.WriteCr4(cr4);
        ModelSpecificRegister.Write(Msr.EFER, ModelSpecificRegister.Read(Msr.EFER) | (ulong)Efer.SCE);
        UserMode.LoadEntry();
    }

    private static object? Reference(void* pointer) => Unsafe.As<nint, object?>(ref *(nint*)&pointer);

    private static ProcessorBlock* NewBlock()
    {
        byte[] storage = new byte[sizeof(ProcessorBlock) + 64];
        fixed (byte* start = storage)
            return (ProcessorBlock*)Alignment.Up(unchecked((ulong)start), 64);
    }
}
