using System;
using System.Runtime;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using HyperOS.Specs.X86;

namespace HyperOS.Platform;

/// <summary>
/// Registers of ring 3, and why it ended. In a frame of its own, on a page boundary: UserEnter in Interrupts.asm takes the registers from the place
/// where an interrupt's stub would have left them.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = 512)]
public unsafe struct UserContext
{
    /// <summary>XMM0 to XMM15.</summary>
    [FieldOffset(0)] private byte _xmm;

    [FieldOffset(XmmBytes)] public InterruptFrame Frame;

    /// <summary>CR2, after a page fault.</summary>
    [FieldOffset(440)] public ulong FaultAddress;

    internal const int XmmBytes = 256;

    /// <summary>XMM0 to XMM15, 16 bytes each.</summary>
    [System.Diagnostics.CodeAnalysis.UnscopedRef]
    public Span<byte> Xmm
    {
        get
        {
            fixed (byte* start = &_xmm) // a frame does not move
                return new Span<byte>(start, XmmBytes);
        }
    }
}

/// <summary>
/// The one way into ring 3 and out of it. Ring 3 is left by whatever ends it (a system call, an exception, an interrupt that has been served), and
/// <see cref="Run"/> returns then, as a world switch does after an exit. It is entered by IRET alone: SYSRET and its traps are not used.
/// </summary>
public static unsafe class UserMode
{
    /// <summary>Selectors of ring 3, which are Linux's.</summary>
    public const ushort CodeSelector = 0x33, DataSelector = 0x2B;

    /// <summary>What stands for a vector in the frame of a system call: one that the processor reserves and never raises.</summary>
    public const int SystemCallVector = 15;

    /// <summary>One past the highest address of ring 3: a page below the lower half's end, so that no instruction ends beyond it.</summary>
    public const ulong AddressLimit = 0x0000_7FFF_FFFF_F000;

    private const ulong KernelCode = 0x08, KernelData = 0x10;

    // What ring 3 may have in RFLAGS; interrupts are always on there.
    private const Rflags Allowed = Rflags.CF | Rflags.PF | Rflags.AF | Rflags.ZF | Rflags.SF | Rflags.TF | Rflags.DF | Rflags.OF | Rflags.AC | Rflags.ID;

    [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "UserEnter")]
    private static extern void Enter(UserContext* context);

    /// <summary>
    /// Makes system calls of this processor lead to the kernel, and gives ring 3 no GS base: when the processor starts, and before ring 3 runs where a
    /// guest may have run.
    /// </summary>
    public static void LoadEntry()
    {
        ModelSpecificRegister.Write(Msr.STAR, KernelCode << 32);
        ModelSpecificRegister.Write(Msr.LSTAR, KernelImage.SystemCallEntry);
        ModelSpecificRegister.Write(Msr.SFMASK, ulong.MaxValue >> 32 & ~(ulong)Rflags.AlwaysOne);
        ModelSpecificRegister.Write(Msr.KernelGSbase, 0);
    }

    /// <summary>Runs ring 3 until something ends that. Interrupts off, before and after; the address space and all other registers are ring 3's.</summary>
    /// <param name="context">At the beginning of a page. What must not be of its flags, selectors and RIP is put right.</param>
    public static void Run(ref UserContext context)
    {
        ref InterruptFrame frame = ref context.Frame;
        frame.Cs = CodeSelector;
        frame.Ss = DataSelector;
        frame.Rflags = frame.Rflags & (ulong)Allowed | (ulong)(Rflags.IF | Rflags.AlwaysOne);
        // IRET would fault in ring 0 on an address that is not canonical; in ring 3 it faults on the last page.
        frame.Rip = Math.Min(frame.Rip, AddressLimit);
        fixed (UserContext* start = &context)
        {
            Processor.Block->UserContext = start;
            Enter(start);
        }
    }

    /// <summary>In an interrupt of ring 3, once it is served: the return from it leads back to whoever called <see cref="Run"/>.</summary>
    public static void Leave(ref InterruptFrame frame)
    {
        ProcessorBlock* block = Processor.Block;
        UserContext* context = block->UserContext;
        fixed (InterruptFrame* start = &frame)
        {
            byte* xmm = (byte*)((ulong)start - UserContext.XmmBytes & ~15ul);
            new ReadOnlySpan<byte>(xmm, UserContext.XmmBytes).CopyTo(context->Xmm);
        }
        context->Frame = frame;
        context->FaultAddress = (ExceptionVector)frame.Vector == ExceptionVector.PF ? ControlRegister.ReadCr2() : 0;
        frame.Rip = KernelImage.UserLeave;
        frame.Cs = KernelCode;
        frame.Ss = KernelData;
        frame.Rflags = (ulong)Rflags.AlwaysOne;
        frame.Rsp = block->KernelStack;
    }
}
