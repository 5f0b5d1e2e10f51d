using System;
using System.Runtime.InteropServices;
using HyperOS.Core;
using HyperOS.Firmware;
using HyperOS.Platform;

namespace HyperOS.Memory;

/// <summary>
/// All of the machine's frames. RAM is kept as blocks of 2 MiB, 20 bytes of state each; a block is split into frames of 4 KiB on demand,
/// and only then has an owner for each of them (a word each, in one of its own frames). A block whose frames all came back is whole again.
/// </summary>
public static unsafe class FrameAllocator
{
    private const int FramesPerBlock = 512;
    private const uint BlocksPerHuge = (uint)(Size.HugePage / Size.LargePage);
    private const uint None = uint.MaxValue;
    private const int MaximumNodes = 8; // memory of further NUMA nodes counts as the last one's
    private const int ZonesPerNode = 2; // below and above 4 GiB
    private const uint BlocksBelow4GiB = (uint)(4 * Size.GiB / Size.LargePage);
    private const ulong LowMemoryEnd = Size.MiB;
    private const ulong ZeroedTarget = 128;
    private const ulong KeptForKernel = 2;

    private enum BlockState : byte
    {
        Absent, // none of its frames is ours
        Free,
        Scrubbed, // free, but an idle processor clears it
        Large,
        Split,
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Block
    {
        public BlockState State;
        public byte Zone;
        public bool Zeroed;
        public ushort Owner;
        public ushort FreeFrames;
        public ushort OwnersFrame; // of a split block: which of its frames holds the owner of each
        public uint Next, Previous;
    }

    // Rings of blocks. Of the free ones, those that are zeroed stand in front.
    private struct Zone
    {
        public uint Free, Partial;
    }

    private static readonly Zone[] s_zones = new Zone[MaximumNodes * ZonesPerNode];
    private static readonly ulong[] s_framesByOwner = new ulong[FrameOwner.Maximum];
    private static readonly ulong[] s_reservedByOwner = new ulong[FrameOwner.Maximum];
    private static KernelLock s_lock = new(LockRank.Frames);
    private static Block* s_blocks;
    private static uint s_blockCount;
    private static ulong s_freeBlocks, s_reservedBlocks, s_zeroedBlocks;

    /// <summary>RAM that the host may use, in bytes; what firmware keeps is not in it.</summary>
    public static ulong TotalBytes { get; private set; }

    /// <summary>One past the last physical address of RAM, on a 2 MiB boundary.</summary>
    public static ulong End => s_blockCount * Size.LargePage;

    /// <summary>Free 2 MiB blocks that nobody reserved.</summary>
    public static ulong UnreservedBlocks => s_freeBlocks - s_reservedBlocks;

    /// <summary>4 KiB frames that this owner holds.</summary>
    public static ulong FramesOf(FrameOwner owner) => s_framesByOwner[owner.Id];

    /// <summary>2 MiB blocks that are set aside for this owner and not taken yet.</summary>
    public static ulong ReservedBlocksOf(FrameOwner owner) => s_reservedByOwner[owner.Id];

    /// <summary>Takes over the memory map. Once, on the boot processor, while the identity map of the first 4 GiB is in place.</summary>
    /// <returns>False if there is no room even for the table of blocks.</returns>
    public static bool TryInitialize(BootInfo boot, NumaTopology numa)
    {
        ulong end = 0;
        foreach (ref readonly MemoryRegion region in boot.MemoryMap.Regions)
        {
            if (region.Type != MemoryRegionType.Usable)
                continue;
            TotalBytes += region.Length;
            end = Math.Max(end, region.End.Value);
        }
        s_blockCount = (uint)(Alignment.Up(end, Size.LargePage) / Size.LargePage);
        ulong tableBytes = Alignment.Up(s_blockCount * (ulong)sizeof(Block), Size.Page);
        if (!TryFindRoom(boot, tableBytes, out ulong table))
            return false;
        s_blocks = (Block*)PhysicalMemory.Pointer(new HostPhysicalAddress(table), tableBytes);
        PhysicalMemory.Zero(new HostPhysicalAddress(table), tableBytes);
        for (int zone = 0; zone < s_zones.Length; zone++)
            s_zones[zone] = new Zone { Free = None, Partial = None };
        for (uint index = 0; index < s_blockCount; index++)
        {
            int node = Math.Min(numa.NodeOfMemory(new HostPhysicalAddress(index * Size.LargePage)), MaximumNodes - 1);
            s_blocks[index].Zone = (byte)(node * ZonesPerNode + (index < BlocksBelow4GiB ? 0 : 1));
            Adopt(boot, index, table, table + tableBytes);
        }
        return true;
    }

    /// <summary>Follows the table of blocks from the identity map to the direct map.</summary>
    internal static void Relocate()
    {
        HostPhysicalAddress table = new((ulong)s_blocks);
        s_blocks = (Block*)PhysicalMemory.Pointer(table, s_blockCount * (ulong)sizeof(Block));
    }

    /// <summary>A frame of 4 KiB with whatever was in it.</summary>
    public static bool TryAllocate(FrameOwner owner, FrameZone zone, out HostPhysicalAddress frame)
    {
        bool interrupts = s_lock.Enter();
        uint number = TakeFrame(owner, zone);
        s_lock.Exit(interrupts);
        frame = new HostPhysicalAddress(number == None ? 0 : number * Size.Page);
        return number != None;
    }

    /// <summary>A frame of 4 KiB of zeros.</summary>
    public static bool TryAllocateZeroed(FrameOwner owner, FrameZone zone, out HostPhysicalAddress frame)
    {
        if (!TryAllocate(owner, zone, out frame))
            return false;
        PhysicalMemory.Zero(frame, Size.Page);
        return true;
    }

    /// <summary>A frame of 4 KiB with whatever was in it, for what can do without: the last free blocks are left for what the kernel needs itself.</summary>
    public static bool TryAllocateSpare(FrameOwner owner, out HostPhysicalAddress frame)
    {
        frame = default;
        return UnreservedBlocks > KeptForKernel && TryAllocate(owner, FrameZone.Any, out frame);
    }

    /// <summary>
    /// Sets whole blocks aside, so that filling a guest's memory on demand cannot fail. Some are always left for what the kernel needs
    /// itself: tables, stacks, arenas.
    /// </summary>
    public static bool TryReserveLarge(ulong blocks, FrameOwner owner)
    {
        bool interrupts = s_lock.Enter();
        bool enough = blocks + KeptForKernel <= s_freeBlocks - s_reservedBlocks;
        if (enough)
            ChangeReservation(owner, blocks);
        s_lock.Exit(interrupts);
        return enough;
    }

    /// <summary>One block less is set aside for the owner: others may have it.</summary>
    /// <returns>False when all that was has been taken.</returns>
    public static bool TryReleaseReservation(FrameOwner owner)
    {
        bool interrupts = s_lock.Enter();
        bool any = s_reservedByOwner[owner.Id] != 0;
        if (any)
            ChangeReservation(owner, ulong.MaxValue);
        s_lock.Exit(interrupts);
        return any;
    }

    /// <summary>A block of 2 MiB of zeros out of the owner's reservation.</summary>
    /// <returns>False when all of that has been taken.</returns>
    public static bool TryAllocateReservedLarge(FrameOwner owner, out HostPhysicalAddress address)
    {
        address = default;
        bool interrupts = s_lock.Enter();
        if (s_reservedByOwner[owner.Id] == 0)
        {
            s_lock.Exit(interrupts);
            return false;
        }
        uint index = TakeBlock(FrameZone.Any);
        ChangeReservation(owner, ulong.MaxValue);
        ref Block block = ref s_blocks[Checked(index)];
        block.State = BlockState.Large;
        block.Owner = owner.Id;
        bool zeroed = block.Zeroed;
        s_framesByOwner[owner.Id] += FramesPerBlock;
        s_lock.Exit(interrupts);
        address = new HostPhysicalAddress(index * Size.LargePage);
        if (!zeroed)
            PhysicalMemory.Zero(address, Size.LargePage);
        return true;
    }

    /// <summary>
    /// A whole, aligned GiB out of the owner's reservation, as blocks of 2 MiB that are his to clear (<see cref="ClearLarge"/>) and go back with all that he has.
    /// </summary>
    public static HugeFrameStatus TakeReservedHuge(FrameOwner owner, out HostPhysicalAddress address)
    {
        HugeFrameStatus status = HugeFrameStatus.None;
        address = default;
        // From the top: small things lie below. The lock is let go after each GiB.
        for (uint huge = s_blockCount / BlocksPerHuge; huge-- > 0 && status != HugeFrameStatus.Taken;)
        {
            bool interrupts = s_lock.Enter();
            if (s_reservedByOwner[owner.Id] >= BlocksPerHuge && IsHugeFree(huge * BlocksPerHuge, out bool isScrubbed))
            {
                if (!isScrubbed)
                    TakeHuge(huge * BlocksPerHuge, owner);
                status = isScrubbed ? HugeFrameStatus.Soon : HugeFrameStatus.Taken;
                address = new HostPhysicalAddress(huge * Size.HugePage);
            }
            s_lock.Exit(interrupts);
        }
        return status;
    }

    /// <summary>Makes a block of 2 MiB that is the owner's one of zeros, if it is not. Nobody else may have it yet.</summary>
    public static void ClearLarge(HostPhysicalAddress address, FrameOwner owner)
    {
        ref Block block = ref s_blocks[Checked((uint)(address.Value / Size.LargePage))];
        Require(block.State == BlockState.Large && block.Owner == owner.Id);
        if (!block.Zeroed)
            PhysicalMemory.Zero(address, Size.LargePage);
    }

    /// <summary>Gives a 4 KiB frame back. A frame that is not this owner's is a host bug and fails fast.</summary>
    public static void Free(HostPhysicalAddress frame, FrameOwner owner)
    {
        uint number = (uint)(frame.Value / Size.Page);
        uint index = number / FramesPerBlock;
        bool interrupts = s_lock.Enter();
        ref Block block = ref s_blocks[Checked(index)];
        Require(block.State == BlockState.Split);
        ref ushort frameOwner = ref Owners(index)[(int)(number % FramesPerBlock)];
        Require(frameOwner == owner.Id);
        FreeFrame(index, ref frameOwner);
        s_lock.Exit(interrupts);
    }

    /// <summary>
    /// Gives a 2 MiB block back that came out of the owner's reservation; a block is set aside for him again. A block that is not this owner's is a host bug
    /// and fails fast.
    /// </summary>
    public static void FreeReservedLarge(HostPhysicalAddress address, FrameOwner owner)
    {
        uint index = (uint)(address.Value / Size.LargePage);
        bool interrupts = s_lock.Enter();
        ref Block block = ref s_blocks[Checked(index)];
        Require(block.State == BlockState.Large && block.Owner == owner.Id);
        FreeBlock(index);
        ChangeReservation(owner, 1);
        s_lock.Exit(interrupts);
    }

    /// <summary>
    /// Gives back all frames of an owner, and what is left of its reservation, by what is recorded here alone: nothing that the owner kept needs
    /// to be whole. Takes time by the blocks of RAM, and by the frames of those that are split; the lock is let go in between. None of the
    /// frames may be mapped, or in use, any more.
    /// </summary>
    public static void FreeAll(FrameOwner owner)
    {
        const uint Batch = 16;
        bool interrupts = s_lock.Enter();
        ChangeReservation(owner, unchecked(0 - s_reservedByOwner[owner.Id]));
        for (uint index = 0; index < s_blockCount && s_framesByOwner[owner.Id] != 0; index++)
        {
            ref Block block = ref s_blocks[index];
            if (block.State == BlockState.Large && block.Owner == owner.Id)
                FreeBlock(index);
            for (int frame = 0; frame < FramesPerBlock && block.State == BlockState.Split; frame++)
            {
                ref ushort frameOwner = ref Owners(index)[frame];
                if (frameOwner == owner.Id)
                    FreeFrame(index, ref frameOwner);
            }
            if (index % Batch == 0)
            {
                s_lock.Exit(interrupts);
                interrupts = s_lock.Enter();
            }
        }
        s_lock.Exit(interrupts);
    }

    /// <summary>Whether fewer free blocks than idle processors keep ready are zeroed.</summary>
    public static bool WantsScrub => s_zeroedBlocks < ZeroedTarget && s_zeroedBlocks < UnreservedBlocks;

    /// <summary>Clears one free block that still holds what its last owner left. For idle processors.</summary>
    /// <returns>False when there is none.</returns>
    public static bool TryScrub()
    {
        bool interrupts = s_lock.Enter();
        uint index = None;
        for (int zone = 0; zone < s_zones.Length && index == None && UnreservedBlocks > 0; zone++)
        {
            uint first = s_zones[zone].Free;
            uint last = first == None ? None : s_blocks[first].Previous;
            if (last != None && !s_blocks[last].Zeroed)
                index = last;
        }
        if (index == None)
        {
            s_lock.Exit(interrupts);
            return false;
        }
        Unlink(ref s_zones[s_blocks[index].Zone].Free, index);
        s_blocks[index].State = BlockState.Scrubbed;
        s_freeBlocks--;
        s_lock.Exit(interrupts);
        PhysicalMemory.Zero(new HostPhysicalAddress(index * Size.LargePage), Size.LargePage);
        interrupts = s_lock.Enter();
        s_blocks[index].State = BlockState.Free;
        s_blocks[index].Zeroed = true;
        s_zeroedBlocks++;
        LinkFirst(ref s_zones[s_blocks[index].Zone].Free, index);
        s_freeBlocks++;
        s_lock.Exit(interrupts);
        return true;
    }

    // Decides what of a block is ours: all of it, none, or some frames; then it starts its life split.
    private static void Adopt(BootInfo boot, uint index, ulong tableStart, ulong tableEnd)
    {
        ref Block block = ref s_blocks[index];
        ulong start = index * Size.LargePage;
        if (OwnerAtBoot(boot, start, start + Size.LargePage, tableStart, tableEnd, out bool uniform) == 0 && uniform)
        {
            AddFree(index);
            return;
        }
        if (!HoldsUsableMemory(boot, start, start + Size.LargePage))
            return;
        int free = 0;
        for (int i = 0; i < FramesPerBlock; i++)
        {
            ulong frame = start + (ulong)i * Size.Page;
            ushort owner = OwnerAtBoot(boot, frame, frame + Size.Page, tableStart, tableEnd, out _);
            s_framesByOwner[owner]++;
            if (owner == 0 && free++ == 0)
                block.OwnersFrame = (ushort)i;
        }
        s_framesByOwner[0] = 0;
        // What cannot be reached yet, or would be spent on its own state, is left alone.
        if (free < 2 || index >= BlocksBelow4GiB)
            return;
        block.State = BlockState.Split;
        block.FreeFrames = (ushort)(free - 1);
        Span<ushort> owners = Owners(index);
        for (int i = 0; i < FramesPerBlock; i++)
        {
            ulong frame = start + (ulong)i * Size.Page;
            owners[i] = OwnerAtBoot(boot, frame, frame + Size.Page, tableStart, tableEnd, out _);
        }
        owners[block.OwnersFrame] = FrameOwner.Kernel.Id;
        s_framesByOwner[FrameOwner.Kernel.Id]++;
        LinkFirst(ref s_zones[block.Zone].Partial, index);
    }

    private static bool HoldsUsableMemory(BootInfo boot, ulong start, ulong end)
    {
        foreach (ref readonly MemoryRegion region in boot.MemoryMap.Regions)
        {
            if (region.Type == MemoryRegionType.Usable && Overlaps(start, end, region.Start.Value, region.End.Value))
                return true;
        }
        return false;
    }

    // The owner of a range at boot, 0 for nobody; uniform if all of the range is the same.
    private static ushort OwnerAtBoot(BootInfo boot, ulong start, ulong end, ulong tableStart, ulong tableEnd, out bool uniform)
    {
        uniform = false;
        if (Overlaps(start, end, KernelImage.PhysicalStart.Value, KernelImage.PhysicalEnd.Value) || Overlaps(start, end, tableStart, tableEnd))
            return FrameOwner.Kernel.Id;
        foreach (ref readonly BootModule module in boot.Modules)
        {
            if (Overlaps(start, end, module.Address.Value, module.Address.Value + module.Length))
                return FrameOwner.BootModule.Id;
        }
        foreach (ref readonly PreservedMemory preserved in boot.PreservedMemory)
        {
            if (Overlaps(start, end, preserved.Address.Value, preserved.Address.Value + preserved.Length))
                return FrameOwner.Firmware.Id;
        }
        if (start < LowMemoryEnd)
            return FrameOwner.Firmware.Id;
        foreach (ref readonly MemoryRegion region in boot.MemoryMap.Regions)
        {
            if (region.Type == MemoryRegionType.Usable && start >= region.Start.Value && end <= region.End.Value)
            {
                uniform = true;
                return 0;
            }
        }
        return FrameOwner.Firmware.Id;
    }

    // Room for the table of blocks: below 4 GiB, where the identity map reaches, and in nobody's way.
    private static bool TryFindRoom(BootInfo boot, ulong bytes, out ulong table)
    {
        foreach (ref readonly MemoryRegion region in boot.MemoryMap.Regions)
        {
            if (region.Type != MemoryRegionType.Usable)
                continue;
            ulong end = Math.Min(region.End.Value, PhysicalMemory.Limit);
            for (table = Alignment.Up(Math.Max(region.Start.Value, LowMemoryEnd), Size.Page); table + bytes <= end; table += Size.Page)
            {
                if (OwnerAtBoot(boot, table, table + bytes, 0, 0, out bool uniform) == 0 && uniform)
                    return true;
            }
        }
        table = 0;
        return false;
    }

    private static bool Overlaps(ulong start, ulong end, ulong otherStart, ulong otherEnd) => start < otherEnd && otherStart < end;

    private static uint TakeFrame(FrameOwner owner, FrameZone zone)
    {
        uint index = FindPartial(zone);
        if (index == None)
        {
            if (UnreservedBlocks == 0)
                return None;
            index = TakeBlock(zone);
            if (index == None)
                return None;
            Split(index);
        }
        ref Block block = ref s_blocks[index];
        Span<ushort> owners = Owners(index);
        int frame = 0;
        while (owners[frame] != 0)
            frame++;
        owners[frame] = owner.Id;
        s_framesByOwner[owner.Id]++;
        if (--block.FreeFrames == 0)
            Unlink(ref s_zones[block.Zone].Partial, index);
        return index * FramesPerBlock + (uint)frame;
    }

    private static uint FindPartial(FrameZone zone)
    {
        for (int i = 0; i < s_zones.Length; i++)
        {
            if (Suits(i, zone) && s_zones[i].Partial != None)
                return s_zones[i].Partial;
        }
        return None;
    }

    private static uint TakeBlock(FrameZone zone)
    {
        FaultPoint.Hit(FaultPlace.FrameAllocator);
        // From above 4 GiB first: memory below is scarce.
        for (int i = s_zones.Length - 1; i >= 0; i--)
        {
            uint index = s_zones[i].Free;
            if (!Suits(i, zone) || index == None)
                continue;
            Unlink(ref s_zones[i].Free, index);
            s_freeBlocks--;
            s_zeroedBlocks -= s_blocks[index].Zeroed ? 1ul : 0;
            return index;
        }
        return None;
    }

    private static bool IsHugeFree(uint first, out bool isScrubbed)
    {
        isScrubbed = false;
        for (uint index = first; index < first + BlocksPerHuge; index++)
        {
            BlockState state = s_blocks[index].State;
            isScrubbed |= state == BlockState.Scrubbed;
            if (state != BlockState.Free && state != BlockState.Scrubbed)
                return false;
        }
        return true;
    }

    private static void TakeHuge(uint first, FrameOwner owner)
    {
        for (uint index = first; index < first + BlocksPerHuge; index++)
        {
            ref Block block = ref s_blocks[index];
            Unlink(ref s_zones[block.Zone].Free, index);
            s_zeroedBlocks -= block.Zeroed ? 1ul : 0;
            block.State = BlockState.Large;
            block.Owner = owner.Id;
        }
        s_freeBlocks -= BlocksPerHuge;
        ChangeReservation(owner, unchecked(0ul - BlocksPerHuge));
        s_framesByOwner[owner.Id] += BlocksPerHuge * FramesPerBlock;
    }

    private static bool Suits(int zone, FrameZone wanted) => wanted == FrameZone.Any || zone % ZonesPerNode == 0;

    private static void Split(uint index)
    {
        ref Block block = ref s_blocks[index];
        block.State = BlockState.Split;
        block.FreeFrames = FramesPerBlock - 1;
        block.OwnersFrame = 0;
        Span<ushort> owners = Owners(index);
        owners.Clear();
        owners[0] = FrameOwner.Kernel.Id;
        s_framesByOwner[FrameOwner.Kernel.Id]++;
        LinkFirst(ref s_zones[block.Zone].Partial, index);
    }

    private static void FreeFrame(uint index, ref ushort frameOwner)
    {
        ref Block block = ref s_blocks[index];
        s_framesByOwner[frameOwner]--;
        frameOwner = 0;
        if (block.FreeFrames++ == 0)
            LinkFirst(ref s_zones[block.Zone].Partial, index);
        if (block.FreeFrames == FramesPerBlock - 1)
        {
            // All but the frame that holds the owners: the block is whole again.
            Unlink(ref s_zones[block.Zone].Partial, index);
            s_framesByOwner[FrameOwner.Kernel.Id]--;
            AddFree(index);
        }
    }

    private static void FreeBlock(uint index)
    {
        s_framesByOwner[s_blocks[index].Owner] -= FramesPerBlock;
        AddFree(index);
    }

    private static void ChangeReservation(FrameOwner owner, ulong blocks)
    {
        s_reservedBlocks = unchecked(s_reservedBlocks + blocks);
        s_reservedByOwner[owner.Id] = unchecked(s_reservedByOwner[owner.Id] + blocks);
    }

    private static void AddFree(uint index)
    {
        ref Block block = ref s_blocks[index];
        block.State = BlockState.Free;
        block.Zeroed = false;
        LinkLast(ref s_zones[block.Zone].Free, index);
        s_freeBlocks++;
    }

    private static Span<ushort> Owners(uint index) =>
        new(PhysicalMemory.Pointer(new HostPhysicalAddress(index * Size.LargePage + s_blocks[index].OwnersFrame * Size.Page), Size.Page), FramesPerBlock);

    private static void LinkFirst(ref uint head, uint index)
    {
        LinkLast(ref head, index);
        head = index;
    }

    private static void LinkLast(ref uint head, uint index)
    {
        ref Block block = ref s_blocks[index];
        if (head == None)
        {
            block.Next = index;
            block.Previous = index;
            head = index;
            return;
        }
        uint last = s_blocks[head].Previous;
        block.Next = head;
        block.Previous = last;
        s_blocks[last].Next = index;
        s_blocks[head].Previous = index;
    }

    private static void Unlink(ref uint head, uint index)
    {
        ref Block block = ref s_blocks[index];
        s_blocks[block.Previous].Next = block.Next;
        s_blocks[block.Next].Previous = block.Previous;
        if (head == index)
            head = block.Next == index ? None : block.Next;
    }

    private static uint Checked(uint index)
    {
        Require(index < s_blockCount);
        return index;
    }

    private static void Require(bool condition)
    {
        if (!condition)
            Failure.Fail(FailureKind.FailFast);
    }
}
