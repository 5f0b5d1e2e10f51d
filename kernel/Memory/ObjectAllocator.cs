using System;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using HyperOS.Core;
using HyperOS.Platform;

namespace HyperOS.Memory;

/// <summary>What `new` calls. Has no static references and no static constructor: it serves the very code that sets those up.</summary>
internal static unsafe class ObjectAllocator
{
    private const ulong ObjectAlignment = 16;

    private static bool s_imageLeft, s_sealed;
    private static ulong s_imageUsed;

    public static void LeaveImage() => s_imageLeft = true;

    public static void Seal() => s_sealed = true;

    [UnmanagedCallersOnly(EntryPoint = "KernelAllocate")]
    private static void* Allocate(ulong bytes)
    {
        void* current = Processor.CurrentArena;
        if (current != null)
            return Unsafe.As<nint, Arena>(ref *(nint*)&current).Take(bytes);
        if (s_sealed)
            Failure.Fail(FailureKind.OutOfMemory);
        return s_imageLeft ? Arena.Kernel.Take(bytes) : TakeFromImage(bytes);
    }

    private static void* TakeFromImage(ulong bytes)
    {
        ReadOnlySpan<byte> room = KernelImage.BootArena;
        ulong at = s_imageUsed;
        s_imageUsed = Alignment.Up(at + bytes, ObjectAlignment);
        if (s_imageUsed > (ulong)room.Length)
            Failure.Fail(FailureKind.OutOfMemory);
        fixed (byte* start = room)
            return start + at;
    }
}
