using System;
using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Threading;
using HyperOS.Core;
using HyperOS.Devices;
using HyperOS.Loaders;
using HyperOS.Memory;
using HyperOS.Platform;
using HyperOS.Scheduling;

namespace HyperOS.Virtualization;

/// <summary>
/// The only way to a guest's RAM: blocks of 2 MiB, filled with zeros when first touched, by guest or host. RAM lies below 3 GiB and, what is
/// more, from 4 GiB on (<see cref="GuestMemoryLayout"/>). The blocks are reserved when the machine is made, so that a touch cannot fail.
/// </summary>
public sealed class GuestMemory : GuestRam
{
    // The table of blocks must fit into the machine's arena beside all else: 256 GiB of RAM.
    private const ulong MostBlocks = 256 * Size.GiB / Size.LargePage;

    /// <summary>Of a block's entry: the block is about to go, unless somebody looks it up.</summary>
    private const ulong Marked = 1ul << 63;

    /// <summary>How long another vCPU may take to fill a block, in nanoseconds.</summary>
    private const ulong FillPatience = 2_000_000_000;

    private readonly FrameOwner _owner;
    private readonly ulong _bytes;

    // Block n's host-physical address, perhaps marked; 0 while nobody touched it. Changed by compare-exchange.
    private readonly ulong[] _blocks;

    // How much of the RAM lies in frames of 1 GiB, in bytes from its start: none but whole ones that are there since the machine was made.
    private ulong _hugeBytes;

    // Blocks that are not set aside any more: the balloon has them, and the host may give them to others.
    private int _surrendered;

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

    /// <summary>
    /// Fills as much of the RAM as is whole GiB with frames of 1 GiB, and clears them, with breaks for other threads. On the thread that builds the
    /// machine, before anything else is filled.
    /// </summary>
    /// <returns>False when so many do not lie free in one piece each.</returns>
    internal bool TryFillHuge()
    {
        while (_hugeBytes + Size.HugePage <= _bytes)
        {
            HugeFrameStatus status = FrameAllocator.TakeReservedHuge(_owner, out HostPhysicalAddress frame);
            if (status == HugeFrameStatus.None)
                return false;
            for (ulong offset = 0; offset < Size.HugePage && status == HugeFrameStatus.Taken; offset += Size.LargePage)
            {
                HostPhysicalAddress block = new(frame.Value + offset);
                FrameAllocator.ClearLarge(block, _owner);
                _blocks[(int)((_hugeBytes + offset) / Size.LargePage)] = block.Value;
                if (Scheduler.NeedsReschedule)
                    Scheduler.Yield();
            }
            if (status == HugeFrameStatus.Taken)
                _hugeBytes += Size.HugePage;
        }
        return true;
    }

    /// <summary>How much of the RAM lies in frames of 1 GiB, from its start, in bytes.</summary>
    internal ulong HugeBytes => _hugeBytes;

    /// <summary>Whether an address lies in a frame of 1 GiB.</summary>
    internal bool IsHuge(GuestPhysicalAddress address) => TryOffset(address, out ulong offset) && offset < _hugeBytes;

    /// <summary>In bytes.</summary>
    public ulong Length => _bytes;

    /// <summary>RAM that was touched and has frames, in bytes.</summary>
    public ulong BytesInUse => (GuaranteedBlocks - FrameAllocator.ReservedBlocksOf(_owner)) * Size.LargePage;

    /// <summary>Blocks that it is made of; the last one may be cut short.</summary>
    internal int BlockCount => _blocks.Length;

    /// <summary>Blocks that it has, or can have whatever others take.</summary>
    internal ulong GuaranteedBlocks => (ulong)(_blocks.Length - Volatile.Read(ref _surrendered));

    /// <summary>The block around an address of RAM, and where in it that is.</summary>
    internal bool TryFindBlock(GuestPhysicalAddress address, out int block, out ulong offset)
    {
        bool found = TryOffset(address, out ulong at);
        block = (int)(at / Size.LargePage);
        offset = at % Size.LargePage;
        return found && block < _blocks.Length;
    }

    /// <summary>Where a block lies.</summary>
    internal GuestPhysicalAddress AddressOf(int block)
    {
        ulong offset = (ulong)block * Size.LargePage;
        return new GuestPhysicalAddress(offset < GuestMemoryLayout.HoleStart ? offset : offset + (GuestMemoryLayout.HoleEnd - GuestMemoryLayout.HoleStart));
    }

    /// <summary>Whether a block has a frame.</summary>
    internal bool IsPresent(int block) => block < _blocks.Length && Volatile.Read(ref _blocks[block]) != 0;

    /// <summary>Marks a block as about to go. The mark ends when somebody looks the block up, or by <see cref="Unmark"/>.</summary>
    /// <returns>False when it has no frame.</returns>
    internal bool TryMark(int block)
    {
        ulong seen = Volatile.Read(ref _blocks[block]);
        return seen != 0 && Interlocked.CompareExchange(ref _blocks[block], seen | Marked, seen) == seen;
    }

    /// <summary>The block stays, if it has not gone.</summary>
    internal void Unmark(int block)
    {
        ulong seen = Volatile.Read(ref _blocks[block]);
        if ((seen & Marked) != 0)
            Interlocked.CompareExchange(ref _blocks[block], seen & ~Marked, seen);
    }

    /// <summary>Gives the frame of a block back that is still marked: nobody has it any more. It stays set aside for this memory.</summary>
    /// <returns>Whether the block has no frame now.</returns>
    internal bool TryFree(int block)
    {
        ulong seen = Volatile.Read(ref _blocks[block]);
        if ((seen & Marked) == 0)
            return seen == 0;
        if (Interlocked.CompareExchange(ref _blocks[block], 0, seen) != seen)
            return false;
        FrameAllocator.FreeReservedLarge(new HostPhysicalAddress(seen & ~Marked), _owner);
        return true;
    }

    /// <summary>One block less is set aside.</summary>
    internal void Surrender()
    {
        if (FrameAllocator.TryReleaseReservation(_owner))
            Interlocked.Increment(ref _surrendered);
    }

    /// <summary>Sets blocks aside again that were surrendered.</summary>
    /// <returns>False if so many were not, or are not free any more.</returns>
    internal bool TryWinBack(ulong blocks)
    {
        int count = (int)Math.Min(blocks, int.MaxValue);
        for (int seen = Volatile.Read(ref _surrendered); seen >= count;)
        {
            int before = Interlocked.CompareExchange(ref _surrendered, seen - count, seen);
            if (before == seen)
            {
                if (FrameAllocator.TryReserveLarge(blocks, _owner))
                    return true;
                Interlocked.Add(ref _surrendered, count);
                return false;
            }
            seen = before;
        }
        return false;
    }

    /// <summary>Whether RAM lies there.</summary>
    public bool Contains(GuestPhysicalAddress address) => TryOffset(address, out _);

    /// <summary>The 2 MiB block of RAM around an address, brought into being if need be.</summary>
    /// <returns>False where there is no RAM; and where there is, but the balloon gave it up and the host has none left.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryGetBlock(GuestPhysicalAddress address, out HostPhysicalAddress block)
    {
        block = default;
        if (!TryOffset(address, out ulong offset))
            return false;
        ref ulong entry = ref _blocks[unchecked((int)(offset / Size.LargePage))];
        ulong present = Volatile.Read(ref entry);
        if (unchecked((long)present) <= 0) // absent or marked
        {
            present = Settle(ref entry);
            if (present == 0)
                return false;
        }
        block = new HostPhysicalAddress(present);
        return true;
    }

    /// <summary>Where an address is in host memory.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryTranslate(GuestPhysicalAddress address, out HostPhysicalAddress host)
    {
        host = default;
        if (!TryGetBlock(address, out HostPhysicalAddress block))
            return false;
        host = new HostPhysicalAddress(block.Value | address.Value & (Size.LargePage - 1));
        return true;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public override bool Contains(GuestPhysicalAddress address, ulong length)
    {
        if (!TryOffset(address, out ulong offset))
            return false;
        ulong end = address.Value < GuestMemoryLayout.HoleStart ? Math.Min(_bytes, GuestMemoryLayout.HoleStart) : _bytes;
        return length <= unchecked(end - offset);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public override bool TryGetReadable(GuestPhysicalAddress address, uint length, out ReadOnlySpan<byte> bytes)
    {
        bytes = default;
        if (!TryTranslate(address, out HostPhysicalAddress host))
            return false;
        bytes = PhysicalMemory.Bytes(host, ToBlockEnd(address, length));
        return true;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public override bool TryGetWritable(GuestPhysicalAddress address, uint length, out Span<byte> bytes)
    {
        bytes = default;
        if (!TryTranslate(address, out HostPhysicalAddress host))
            return false;
        bytes = PhysicalMemory.Bytes(host, ToBlockEnd(address, length));
        return true;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public override bool TryGetReadableInPage(GuestPhysicalAddress address, uint length, out ReadOnlySpan<byte> bytes)
    {
        if (!TryTranslate(address, out HostPhysicalAddress host))
        {
            bytes = default;
            return false;
        }
        bytes = PhysicalMemory.Bytes(host, unchecked((int)length));
        return true;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public override bool TryGetWritableInPage(GuestPhysicalAddress address, uint length, out Span<byte> bytes)
    {
        if (!TryTranslate(address, out HostPhysicalAddress host))
        {
            bytes = default;
            return false;
        }
        bytes = PhysicalMemory.Bytes(host, unchecked((int)length));
        return true;
    }

    /// <inheritdoc/>
    public override Span<ushort> HalfWords(GuestPhysicalAddress address, int count) =>
        TryLocate(address, (ulong)count * sizeof(ushort), out HostPhysicalAddress host) ? PhysicalMemory.Items<ushort>(host, count) : default;

    /// <inheritdoc/>
    public override Span<ulong> Words(GuestPhysicalAddress address, int count) =>
        TryLocate(address, (ulong)count * sizeof(ulong), out HostPhysicalAddress host) ? PhysicalMemory.Items<ulong>(host, count) : default;

    // Where a range lies that is in one block.
    private bool TryLocate(GuestPhysicalAddress address, ulong bytes, out HostPhysicalAddress host) =>
        TryTranslate(address, out host) && (ulong)ToBlockEnd(address, bytes) == bytes;

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

    // A block that nobody has touched yet, or that is about to go: it stays. 0 when there is no frame for it.
    private ulong Settle(ref ulong entry)
    {
        ulong start = Clock.Now;
        while (true)
        {
            ulong seen = Volatile.Read(ref entry);
            if ((seen & Marked) != 0)
            {
                if (Interlocked.CompareExchange(ref entry, seen & ~Marked, seen) == seen)
                    return seen & ~Marked;
            }
            else if (seen != 0)
            {
                return seen;
            }
            else if (FrameAllocator.TryAllocateReservedLarge(_owner, out HostPhysicalAddress block))
            {
                FaultPoint.Hit(FaultPlace.GuestMemory);
                ulong before = Interlocked.CompareExchange(ref entry, block.Value, 0);
                if (before == 0)
                    return block.Value;
                FrameAllocator.FreeReservedLarge(block, _owner); // another vCPU was first
            }
            else if (!TryWinBack(1))
            {
                // Another vCPU may have taken the last one, for this very block.
                if (Clock.Now - start > FillPatience)
                    return 0;
                Thread.SpinWait(1);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int ToBlockEnd(GuestPhysicalAddress address, ulong length) =>
        unchecked((int)Math.Min(length, Size.LargePage - (address.Value & (Size.LargePage - 1))));
}
