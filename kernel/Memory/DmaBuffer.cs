using System;
using System.Threading;
using HyperOS.Core;

namespace HyperOS.Memory;

/// <summary>Frames for a device's accesses, taken at start-up for good. The device's address of a frame is the physical one: no IOMMU translates.</summary>
public sealed unsafe class DmaBuffer : DmaMemory
{
    private readonly HostPhysicalAddress[] _frames;

    private DmaBuffer(int pages) => _frames = new HostPhysicalAddress[pages];

    /// <summary>Takes zeroed frames.</summary>
    /// <param name="pages">How many.</param>
    /// <param name="owner">Who pays for them.</param>
    /// <param name="zone">Below 4 GiB for a device that knows no higher addresses.</param>
    /// <param name="buffer">Null unless there was enough memory.</param>
    /// <returns>False when frames ran out; none is kept.</returns>
    public static bool TryAllocate(int pages, FrameOwner owner, FrameZone zone, out DmaBuffer? buffer)
    {
        buffer = new DmaBuffer(pages);
        for (int i = 0; i < pages; i++)
        {
            if (FrameAllocator.TryAllocateZeroed(owner, zone, out buffer._frames[i]))
                continue;
            for (int taken = 0; taken < i; taken++)
                FrameAllocator.Free(buffer._frames[taken], owner);
            buffer = null;
            return false;
        }
        return true;
    }

    public override int Length => _frames.Length * PageBytes;

    public override ulong DeviceAddress(int offset) => At(offset, 1).Value;

    public override Span<byte> Bytes(int offset, int length) => PhysicalMemory.Bytes(At(offset, length), length);

    public override ushort Read16(int offset) => Volatile.Read(ref *(ushort*)Pointer(offset, sizeof(ushort)));

    public override ulong Read64(int offset) => Volatile.Read(ref *(ulong*)Pointer(offset, sizeof(ulong)));

    public override void Write16(int offset, ushort value) => Volatile.Write(ref *(ushort*)Pointer(offset, sizeof(ushort)), value);

    public override void Write64(int offset, ulong value) => Volatile.Write(ref *(ulong*)Pointer(offset, sizeof(ulong)), value);

    private void* Pointer(int offset, int length) => PhysicalMemory.Pointer(At(offset, length), (ulong)length);

    private HostPhysicalAddress At(int offset, int length)
    {
        int within = offset & (PageBytes - 1);
        if (length > PageBytes - within)
            PhysicalMemory.FailOutside();
        return _frames[offset / PageBytes].Offset((ulong)within);
    }
}
