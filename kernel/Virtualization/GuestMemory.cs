using System;
using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Threading;
using HyperOS.Core;
using HyperOS.Devices;
using HyperOS.Loaders;
using HyperOS.Memory;

namespace HyperOS.Virtualization;

/// <summary>
/// The only way to a guest's RAM: blocks of 2 MiB, filled with zeros when first touched, by guest or host. RAM lies below 3 GiB and, what is
/// more, from 4 GiB on (<see cref="GuestMemoryLayout"/>). The blocks are reserved when the machine is made, so that a touch cannot fail.
/// </summary>
public sealed class GuestMemory : GuestRam
{
    // The table of blocks must fit into the machine's arena beside all else: 256 GiB of RAM.
    private const ulong MostBlocks = 256 * Size.GiB / Size.LargePage;

    private readonly FrameOwner _owner;
    private readonly ulong _bytes;

    // Block n's host-physical address; 0 while nobody touched it. Set once, by compare-exchange.
    private readonly ulong[] _blocks;

    private GuestMemory(FrameOwner owner, ulong bytes, ulong blocks)
    {
        _owner = owner;
        _bytes = bytes;
        _blocks = new ulong[blocks];
    }

    /// <summary>Reserves the RAM, which the owner keeps until <see cref="FrameAllocator.FreeAll"/>. Under the machine's arena.</summary>
    /// <param name="bytes">A multiple of 4 KiB.</param>
    /// <returns>False when so much is not free, or more than 256 GiB.</returns>
    public static bool TryCreate(FrameOwner owner, ulong bytes, out GuestMemory? memory)
    {
        ulong blocks = Alignment.Up(bytes, Size.LargePage) / Size.LargePage;
        bool reserved = blocks <= MostBlocks && FrameAllocator.TryReserveLarge(blocks, owner);
        memory = reserved ? new GuestMemory(owner, bytes, blocks) : null;
        return reserved;
    }

    /// <summary>In bytes.</summary>
    public ulong Length => _bytes;

    /// <summary>RAM that was touched and has frames, in bytes.</summary>
    public ulong BytesInUse => ((ulong)_blocks.Length - FrameAllocator.ReservedBlocksOf(_owner)) * Size.LargePage;

    /// <summary>Whether RAM lies there.</summary>
    public bool Contains(GuestPhysicalAddress address) => TryOffset(address, out _);

    /// <summary>The 2 MiB block of RAM around an address, brought into being if need be.</summary>
    /// <returns>False where there is no RAM.</returns>
    public bool TryGetBlock(GuestPhysicalAddress address, out HostPhysicalAddress block)
    {
        block = default;
        if (!TryOffset(address, out ulong offset))
            return false;
        ref ulong entry = ref _blocks[(int)(offset / Size.LargePage)];
        ulong present = Volatile.Read(ref entry);
        block = present != 0 ? new HostPhysicalAddress(present) : Fill(ref entry);
        return true;
    }

    /// <summary>Where an address is in host memory.</summary>
    public bool TryTranslate(GuestPhysicalAddress address, out HostPhysicalAddress host)
    {
        bool found = TryGetBlock(address, out HostPhysicalAddress block);
        host = new HostPhysicalAddress(block.Value + (address.Value & (Size.LargePage - 1)));
        return found;
    }

    /// <inheritdoc/>
    public override bool Contains(GuestPhysicalAddress address, ulong length)
    {
        if (!TryOffset(address, out ulong offset))
            return false;
        ulong end = address.Value < GuestMemoryLayout.HoleStart ? Math.Min(_bytes, GuestMemoryLayout.HoleStart) : _bytes;
        return length <= end - offset;
    }

    /// <inheritdoc/>
    public override bool TryGetReadable(GuestPhysicalAddress address, uint length, out ReadOnlySpan<byte> bytes)
    {
        bool found = TryGetWritable(address, length, out Span<byte> writable);
        bytes = writable;
        return found;
    }

    /// <inheritdoc/>
    public override bool TryGetWritable(GuestPhysicalAddress address, uint length, out Span<byte> bytes)
    {
        bool found = TryTranslate(address, out HostPhysicalAddress host);
        bytes = found ? PhysicalMemory.Bytes(host, ToBlockEnd(address, length)) : default;
        return found;
    }

    /// <inheritdoc/>
    public override bool TryExchange(GuestPhysicalAddress address, uint value, out uint before)
    {
        before = 0;
        if (!Alignment.IsAligned(address.Value, sizeof(uint)) || !TryTranslate(address, out HostPhysicalAddress host))
            return false;
        before = Interlocked.Exchange(ref PhysicalMemory.Structure<uint>(host), value);
        return true;
    }

    /// <summary>Makes guest RAM zero.</summary>
    public bool TryClear(GuestPhysicalAddress address, ulong length)
    {
        while (length != 0)
        {
            if (!TryTranslate(address, out HostPhysicalAddress host))
                return false;
            int count = ToBlockEnd(address, length);
            PhysicalMemory.Bytes(host, count).Clear();
            length -= (ulong)count;
            if (!address.TryAdd((ulong)count, out address))
                return length == 0;
        }
        return true;
    }

    /// <summary>Reads 1, 2, 4 or 8 bytes that do not cross a page.</summary>
    public bool TryRead(GuestPhysicalAddress address, int size, out ulong value)
    {
        value = 0;
        if (!TryTranslate(address, out HostPhysicalAddress host))
            return false;
        Span<byte> bytes = PhysicalMemory.Bytes(host, size);
        value = size switch
        {
            1 => bytes[0],
            2 => BinaryPrimitives.ReadUInt16LittleEndian(bytes),
            4 => BinaryPrimitives.ReadUInt32LittleEndian(bytes),
            _ => BinaryPrimitives.ReadUInt64LittleEndian(bytes),
        };
        return true;
    }

    /// <summary>Writes 1, 2, 4 or 8 bytes that do not cross a page.</summary>
    public bool TryWrite(GuestPhysicalAddress address, int size, ulong value)
    {
        if (!TryTranslate(address, out HostPhysicalAddress host))
            return false;
        Span<byte> bytes = PhysicalMemory.Bytes(host, size);
        switch (size)
        {
            case 1:
                bytes[0] = unchecked((byte)value);
                break;
            case 2:
                BinaryPrimitives.WriteUInt16LittleEndian(bytes, unchecked((ushort)value));
                break;
            case 4:
                BinaryPrimitives.WriteUInt32LittleEndian(bytes, unchecked((uint)value));
                break;
            default:
                BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
                break;
        }
        return true;
    }

    /// <summary>Replaces an aligned value of 4 or 8 bytes if it is still what was expected; narrower ones within their aligned 4 bytes.</summary>
    /// <param name="exchanged">Whether it was.</param>
    public bool TryCompareExchange(GuestPhysicalAddress address, int size, ulong expected, ulong replacement, out bool exchanged)
    {
        exchanged = false;
        if (!TryTranslate(address, out HostPhysicalAddress host))
            return false;
        if (size == 8 && Alignment.IsAligned(host.Value, 8))
        {
            ref ulong word = ref PhysicalMemory.Structure<ulong>(host);
            exchanged = Interlocked.CompareExchange(ref word, replacement, expected) == expected;
            return true;
        }
        ulong start = Alignment.Down(host.Value, 4);
        int shift = (int)(host.Value - start) * 8;
        if (shift + size * 8 > 32)
            return false; // a locked access across a word: no processor does it in one piece here
        ref uint half = ref PhysicalMemory.Structure<uint>(new HostPhysicalAddress(start));
        uint mask = size == 4 ? uint.MaxValue : (1u << (size * 8)) - 1 << shift;
        uint seen = Volatile.Read(ref half);
        if ((seen & mask) != (unchecked((uint)expected) << shift & mask))
            return true;
        uint next = seen & ~mask | unchecked((uint)replacement) << shift & mask;
        exchanged = Interlocked.CompareExchange(ref half, next, seen) == seen;
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryOffset(GuestPhysicalAddress address, out ulong offset)
    {
        offset = address.Value;
        if (offset >= GuestMemoryLayout.HoleStart)
        {
            if (offset < GuestMemoryLayout.HoleEnd)
                return false;
            offset -= GuestMemoryLayout.HoleEnd - GuestMemoryLayout.HoleStart;
        }
        return offset < _bytes;
    }

    private HostPhysicalAddress Fill(ref ulong entry)
    {
        HostPhysicalAddress block = FrameAllocator.AllocateReservedLarge(_owner);
        FaultPoint.Hit(FaultPlace.GuestMemory);
        ulong before = Interlocked.CompareExchange(ref entry, block.Value, 0);
        if (before == 0)
            return block;
        // Another vCPU was first: the block goes back, and with it the reservation.
        FrameAllocator.FreeLarge(block, _owner);
        FrameAllocator.RestoreReservation(_owner);
        return new HostPhysicalAddress(before);
    }

    private static int ToBlockEnd(GuestPhysicalAddress address, ulong length) =>
        (int)Math.Min(length, Size.LargePage - (address.Value & (Size.LargePage - 1)));
}
