using HyperOS.Core;
using HyperOS.Diagnostics;
using HyperOS.Platform;

namespace HyperOS.Memory;

/// <summary>The stack of a kernel thread: 16 KiB with unmapped pages on both sides. An overflow faults instead of running into a neighbour.</summary>
public static unsafe class KernelStack
{
    public const ulong Bytes = 16 * Size.KiB;

    internal const ulong Base = 0xFFFF_C000_0000_0000;
    private const ulong SlotBytes = 32 * Size.KiB;
    private const int Slots = 4096;

    private static readonly VirtualRanges s_ranges = new(new HostVirtualAddress(Base), SlotBytes, Slots);

    /// <returns>False when slots or frames ran out; then nothing was taken.</returns>
    public static bool TryCreate(FrameOwner owner, out int slot)
    {
        if (!s_ranges.TryTake(out slot))
            return false;
        for (ulong offset = 0; offset < Bytes; offset += Size.Page)
        {
            if (FrameAllocator.TryAllocateZeroed(owner, FrameZone.Any, out HostPhysicalAddress frame)
                && KernelAddressSpace.TryMap(Bottom(slot).Offset(offset), frame, Protection.ReadWrite))
            {
                continue;
            }
            if (!frame.IsNull)
                FrameAllocator.Free(frame, owner);
            Destroy(slot, owner);
            return false;
        }
        return true;
    }

    /// <summary>Gives the frames back. No thread may run on the stack.</summary>
    public static void Destroy(int slot, FrameOwner owner)
    {
        HostVirtualAddress bottom = Bottom(slot);
        MappedPages.Release(bottom, Bytes, owner);
        s_ranges.Return(slot);
    }

    /// <summary>One past the highest byte, 16-byte aligned.</summary>
    public static HostVirtualAddress Top(int slot) => Bottom(slot).Offset(Bytes);

    // The slot's first page stays unmapped: stacks grow down.
    private static HostVirtualAddress Bottom(int slot) => s_ranges.Start(slot).Offset(SlotBytes - Bytes - Size.Page);

    /// <summary>Lays out what SwitchStack pops the first time: zeros for the callee-saved registers and the thread's entry.</summary>
    /// <returns>The stack pointer to switch to.</returns>
    public static ulong Prepare(int slot)
    {
        const int CalleeSaved = 6;
        ulong* entry = (ulong*)Top(slot).Value - 3; // so that the stack is aligned where the entry begins
        *entry = KernelImage.ThreadEntry;
        return (ulong)(entry - CalleeSaved);
    }

    /// <summary>Whether the address lies in the guard below some stack: a stack overflow.</summary>
    public static bool IsGuard(ulong address) =>
        address >= Base && address < Base + Slots * SlotBytes && address % SlotBytes < SlotBytes - Bytes - Size.Page
        || Alignment.Down(address, Size.Page) == KernelImage.BootStackGuard.Value;

    /// <summary>The stack whose slot the address lies in, for the unwinder; an overflow leaves the stack pointer in the guard.</summary>
    public static bool TryFind(ulong address, out HostVirtualAddress bottom, out HostVirtualAddress top)
    {
        bottom = default;
        top = default;
        if (address < Base || address >= Base + Slots * SlotBytes)
            return false;
        int slot = (int)((address - Base) / SlotBytes);
        bottom = Bottom(slot);
        top = Top(slot);
        return true;
    }
}

/// <summary>Runs of pages that are mapped one frame each.</summary>
internal static class MappedPages
{
    /// <summary>Unmaps what is mapped of a range, makes all processors forget it, and frees the frames.</summary>
    public static void Release(HostVirtualAddress start, ulong bytes, FrameOwner owner)
    {
        // A batch at a time: frames are freed only after the shootdown that covers them.
        const int Batch = 16;
        System.Span<ulong> frames = stackalloc ulong[Batch];
        for (ulong offset = 0; offset < bytes; offset += Batch * Size.Page)
        {
            int count = 0;
            for (ulong page = offset; page < bytes && count < Batch; page += Size.Page)
                frames[count++] = KernelAddressSpace.Unmap(start.Offset(page)).Value;
            KernelAddressSpace.Invalidate(start.Offset(offset), (ulong)count);
            for (int i = 0; i < count; i++)
            {
                if (frames[i] != 0)
                    FrameAllocator.Free(new HostPhysicalAddress(frames[i]), owner);
            }
        }
    }
}
