using System;
using System.Runtime;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using HyperOS.Core;

namespace HyperOS.Platform;

/// <summary>Where the linker put things; boot/kernel.ld.</summary>
public static unsafe class KernelImage
{
    /// <summary>Virtual minus physical address of the image's high part.</summary>
    public const ulong Base = 0xFFFFFFFF80000000;

    // In the order of LinkerAddresses in Processor.asm.
    [StructLayout(LayoutKind.Sequential)]
    internal struct Addresses
    {
        public ulong ImageStart, TextStart, TextEnd, RodataEnd, ImageEnd, EhFrameStart, EhFrameEnd;
        public ulong TrampolineStart, TrampolineEnd, ApplicationProcessorStack, ApplicationProcessorBlock, ApplicationProcessorRoot, InterruptStubs;
        public ulong BootStackBottom, BootStackTop, BootArenaStart, BootArenaEnd, ThreadEntry, LeaveFaultDomain, SystemCallEntry, UserLeave;
    }

    [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "LinkerAddressTable")]
    private static extern Addresses* LinkerAddressTable();

    internal static ref readonly Addresses Linker => ref *LinkerAddressTable();

    /// <summary>First physical byte of the image, low part included.</summary>
    public static HostPhysicalAddress PhysicalStart => new(Linker.ImageStart);

    /// <summary>One past the last physical byte.</summary>
    public static HostPhysicalAddress PhysicalEnd => new(Linker.ImageEnd - Base);

    public static HostVirtualAddress TextStart => new(Linker.TextStart);

    public static HostVirtualAddress TextEnd => new(Linker.TextEnd);

    /// <summary>Read-only data stands between the text's end and here; what can be written from here to <see cref="End"/>.</summary>
    public static HostVirtualAddress RodataEnd => new(Linker.RodataEnd);

    public static HostVirtualAddress End => new(Linker.ImageEnd);

    /// <summary>The page below the boot stack, which stays unmapped.</summary>
    public static HostVirtualAddress BootStackGuard => new(Linker.BootStackBottom - Size.Page);

    public static HostVirtualAddress BootStackBottom => new(Linker.BootStackBottom);

    public static HostVirtualAddress BootStackTop => new(Linker.BootStackTop);

    /// <summary>What `new` has before there are frames. Already zero.</summary>
    public static ReadOnlySpan<byte> BootArena => new((void*)Linker.BootArenaStart, (int)(Linker.BootArenaEnd - Linker.BootArenaStart));

    /// <summary>First instruction of a new thread.</summary>
    public static ulong ThreadEntry => Linker.ThreadEntry;

    internal static ulong LeaveFaultDomain => Linker.LeaveFaultDomain;

    internal static ulong SystemCallEntry => Linker.SystemCallEntry;

    internal static ulong UserLeave => Linker.UserLeave;

    public static bool IsText(ulong address) => address >= Linker.TextStart && address < Linker.TextEnd;

    /// <summary>The real-mode code that an application processor starts with; position-independent within a page.</summary>
    public static ReadOnlySpan<byte> Trampoline =>
        new((void*)Linker.TrampolineStart, (int)(Linker.TrampolineEnd - Linker.TrampolineStart));

    /// <summary>What the next application processor takes as its page tables, stack and block.</summary>
    public static void PrepareApplicationProcessor(HostPhysicalAddress root, HostVirtualAddress stackTop, Processor processor)
    {
        *(ulong*)Linker.ApplicationProcessorRoot = root.Value;
        *(ulong*)Linker.ApplicationProcessorStack = stackTop.Value;
        *(ulong*)Linker.ApplicationProcessorBlock = processor.BlockAddress;
    }
}
