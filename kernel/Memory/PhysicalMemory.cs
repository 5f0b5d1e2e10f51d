using System;
using System.Runtime.CompilerServices;
using HyperOS.Core;
using HyperOS.Platform;

namespace HyperOS.Memory;

/// <summary>
/// The window through which the kernel sees RAM: the direct map, or before it exists the boot loader's identity map of the first 4 GiB.
/// Spans stay inside RAM; a host bug that asks for more fails a check.
/// </summary>
public static unsafe class PhysicalMemory
{
    private static ulong s_base;
    private static ulong s_limit = 4 * Size.GiB;

    /// <summary>Where the direct map begins; slot 256 of the top-level table.</summary>
    internal const ulong DirectMapBase = 0xFFFF_8000_0000_0000;

    /// <summary>One past the highest physical address that can be seen.</summary>
    public static ulong Limit => s_limit;

    internal static void UseDirectMap(ulong limit)
    {
        s_base = DirectMapBase;
        s_limit = limit;
    }

    /// <summary>So many bytes of RAM.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Span<byte> Bytes(HostPhysicalAddress address, int length) => new(Pointer(address, (ulong)length), length);

    /// <summary>So many values that follow each other.</summary>
    public static Span<T> Items<T>(HostPhysicalAddress address, int count) where T : unmanaged =>
        new(Pointer(address, (ulong)count * (ulong)sizeof(T)), count);

    /// <summary>A paging structure: 512 entries, 4 KiB.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Span<ulong> Table(HostPhysicalAddress frame) => new(Pointer(frame, Size.Page), 512);

    /// <summary>The page that holds an address.</summary>
    public static PhysicalPage Page(HostPhysicalAddress address) =>
        new((byte*)Pointer(new HostPhysicalAddress(address.Value & ~(Size.Page - 1)), Size.Page));

    /// <summary>The aligned word of 8 bytes that holds an address.</summary>
    public static PhysicalWord Word(HostPhysicalAddress address) =>
        new((ulong*)Pointer(new HostPhysicalAddress(address.Value & ~(ulong)(sizeof(ulong) - 1)), sizeof(ulong)));

    /// <summary>A hardware structure in a frame of its own. For the VMRUN and VMLAUNCH edge.</summary>
    public static ref T Structure<T>(HostPhysicalAddress frame) where T : unmanaged => ref *(T*)Pointer(frame, (ulong)sizeof(T));

    /// <summary>Whole pages.</summary>
    public static void Zero(HostPhysicalAddress address, ulong bytes) => ExtendedState.ClearPages(new Span<byte>(Pointer(address, bytes), (int)bytes));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void* Pointer(HostPhysicalAddress address, ulong bytes)
    {
        if (bytes > s_limit || address.Value > s_limit - bytes)
            FailOutside();
        return (void*)(s_base + address.Value);
    }

    /// <summary>An address or offset is not where it has to be. Does not return: the throw is not reached, but tells the compiler so.</summary>
    internal static void FailOutside()
    {
        Failure.Fail(FailureKind.IndexOutOfRange);
        throw null!;
    }
}
