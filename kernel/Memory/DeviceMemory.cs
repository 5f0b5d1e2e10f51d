using System;
using System.Runtime.CompilerServices;
using System.Threading;
using HyperOS.Core;
using HyperOS.Platform;

namespace HyperOS.Memory;

/// <summary>A device's registers, mapped uncached. Offsets are checked against the length; accesses have exactly the width asked for.</summary>
public sealed unsafe class DeviceMemory : DeviceRegisters
{
    internal const ulong Base = 0xFFFF_C300_0000_0000;

    private static ulong s_next = Base;

    private readonly byte* _start;
    private readonly uint _length;

    private DeviceMemory(byte* start, uint length)
    {
        _start = start;
        _length = length;
    }

    /// <summary>Maps registers for good; during start-up.</summary>
    /// <returns>False when there is no frame for a table.</returns>
    public static bool TryMap(HostPhysicalAddress address, uint length, out DeviceMemory? memory) =>
        TryMap(address, length, Protection.Device, out memory);

    /// <summary>Maps a framebuffer or other memory of a device.</summary>
    public static bool TryMap(HostPhysicalAddress address, uint length, Protection protection, out DeviceMemory? memory)
    {
        memory = null;
        ulong first = Alignment.Down(address.Value, Size.Page);
        ulong end = Alignment.Up(address.Value + length, Size.Page);
        ulong start = s_next;
        for (ulong frame = first; frame < end; frame += Size.Page, s_next += Size.Page)
        {
            if (!KernelAddressSpace.TryMap(new HostVirtualAddress(s_next), new HostPhysicalAddress(frame), protection))
                return false;
        }
        s_next += Size.Page; // a guard
        memory = new DeviceMemory((byte*)(start + (address.Value - first)), length);
        return true;
    }

    public override uint Length => _length;

    // Not inlined: of a read whose value nobody wants, the compiler would leave one of a byte, which a device may take for something else.
    [MethodImpl(MethodImplOptions.NoInlining)]
    public override byte Read8(uint offset) => Volatile.Read(ref *At(offset, 1));

    [MethodImpl(MethodImplOptions.NoInlining)]
    public override ushort Read16(uint offset) => Volatile.Read(ref *(ushort*)At(offset, 2));

    [MethodImpl(MethodImplOptions.NoInlining)]
    public override uint Read32(uint offset) => Volatile.Read(ref *(uint*)At(offset, 4));

    public override void Write8(uint offset, byte value) => Volatile.Write(ref *At(offset, 1), value);

    public override void Write16(uint offset, ushort value) => Volatile.Write(ref *(ushort*)At(offset, 2), value);

    public override void Write32(uint offset, uint value) => Volatile.Write(ref *(uint*)At(offset, 4), value);

    /// <summary>All of it, for memory without side effects such as a framebuffer.</summary>
    public Span<byte> Bytes => new(_start, (int)_length);

    private byte* At(uint offset, uint width)
    {
        if (width > _length || offset > _length - width)
            PhysicalMemory.FailOutside();
        return _start + offset;
    }
}
