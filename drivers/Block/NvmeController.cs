using System;
using System.Buffers.Binary;
using System.Numerics;
using HyperOS.Core;
using HyperOS.Specs.Nvme;

namespace HyperOS.Block;

/// <summary>
/// An NVM Express controller with one pair of I/O queues for all its namespaces, each of which is a disk. A command's identifier is its place. NVM Express
/// Base Specification 2.0, "Controller Initialization", "Submission Queue & Completion Queue Definition".
/// <code>
///   pages  admin submissions, admin completions, submissions, completions, places (2), scratch
///   place  PRP list 0 (16 x 8)  range 128 (16)
/// </code>
/// </summary>
public sealed class NvmeController : DiskDevice
{
    // Both I/O queues fit a page; a queue is never full with fewer requests than entries.
    private const int AdminEntries = 4, Entries = 64, PlaceBytes = 256, PlacesPerPage = DmaMemory.PageBytes / PlaceBytes;
    private const int AdminSubmissions = 0, AdminCompletions = DmaMemory.PageBytes, Submissions = 2 * DmaMemory.PageBytes, Completions = 3 * DmaMemory.PageBytes,
        Places = 4 * DmaMemory.PageBytes, Scratch = Places + Depth / PlacesPerPage * DmaMemory.PageBytes;
    private const int Range = BlockRequest.MaximumPages * sizeof(ulong);
    private const uint AdminQueue = 0, IoQueue = 1;
    private const ushort AdminId = 0x7FFF;
    private const uint AllOnes = uint.MaxValue;

    private const ulong Poll = 1_000_000;

    /// <summary>How long a command may take while the controller is brought up, in nanoseconds.</summary>
    private const ulong AdminPatience = 5_000_000_000;

    private readonly DeviceRegisters _registers;
    private readonly bool _hasMessageTable;
    private readonly uint[] _namespaces = new uint[MaximumUnits];
    private readonly int[] _blockShifts = new int[MaximumUnits];

    // Each pair: where the next submission and the next completion go, and the phase of the completions' round.
    private int _adminTail, _adminHead, _tail, _told, _head;
    private ulong _adminPhase, _phase;
    private uint _free;
    private uint _stride;
    private ulong _readyTime;
    private ushort _optional;
    private bool _hasCache;
    private ulong _mostBytes;

    /// <param name="registers">Base address 0; at least <see cref="NvmeRegisters.Length"/>.</param>
    /// <param name="memory">At least <see cref="Pages"/>.</param>
    /// <param name="hasMessageTable">It interrupts by MSI-X, and its interrupt mask must be left alone.</param>
    public NvmeController(DeviceRegisters registers, DmaMemory memory, bool hasMessageTable)
        : base(memory)
    {
        _registers = registers;
        _hasMessageTable = hasMessageTable;
    }

    /// <summary>Pages of memory that each needs.</summary>
    public static int Pages => Scratch / DmaMemory.PageBytes + 1;

    public override bool HasDone => ((Completion(Completions, _head) & NvmeQueueEntry.Phase) != 0) == (_phase != 0);

    public override DiskHealth Look()
    {
        uint status = _registers.Read32(NvmeRegisters.CSTS);
        if (status == AllOnes)
            return DiskHealth.Gone;
        if ((status & NvmeControl.CFS) != 0)
            return DiskHealth.Broken;
        return (status & NvmeControl.RDY) != 0 ? DiskHealth.Good : DiskHealth.Odd;
    }

    public override bool TryBegin(BlockRequest request)
    {
        if (_free == 0)
            return false;
        int place = BitOperations.TrailingZeroCount(_free);
        _free &= _free - 1;
        int unit = request.Unit, shift = _blockShifts[unit];
        ulong first = request.Offset >> shift, blocks = request.Length >> shift;
        (NvmeOpcode opcode, bool hasData) = request.Operation switch
        {
            BlockOperation.Read => (NvmeOpcode.Read, true),
            BlockOperation.Write => (NvmeOpcode.Write, true),
            BlockOperation.Discard => (NvmeOpcode.DatasetManagement, false),
            BlockOperation.WriteZeroes => (NvmeOpcode.WriteZeroes, false),
            _ => (NvmeOpcode.Flush, false),
        };
        ulong data = 0, list = 0;
        int placeAt = Places + place * PlaceBytes;
        if (hasData)
        {
            data = request.PageAddress(0);
            int pages = (int)((request.Length + DmaMemory.PageBytes - 1) / DmaMemory.PageBytes);
            for (int i = 1; i < pages; i++)
                Memory.Write64(placeAt + (i - 1) * sizeof(ulong), request.PageAddress(i));
            list = pages switch { 1 => 0, 2 => request.PageAddress(1), _ => Memory.DeviceAddress(placeAt) };
        }
        ulong parameters = 0, more = 0;
        if (hasData || request.Operation == BlockOperation.WriteZeroes)
        {
            parameters = first;
            more = blocks - 1;
        }
        else if (request.Operation == BlockOperation.Discard)
        {
            Memory.Write64(placeAt + Range, blocks << NvmeCommand.RangeBlocksShift);
            Memory.Write64(placeAt + Range + NvmeCommand.RangeFirst, first);
            data = Memory.DeviceAddress(placeAt + Range);
            parameters = (ulong)NvmeCommand.AD << 32; // one range
        }
        Write(Submissions, _tail, (byte)opcode, (ushort)place, _namespaces[unit], data, list, parameters, more);
        _tail = _tail + 1 & Entries - 1;
        Put(place, request);
        return true;
    }

    public override void Ring()
    {
        if (_told == _tail)
            return;
        _told = _tail;
        _registers.Write32(Doorbell(IoQueue, isCompletion: false), (uint)_tail);
    }

    public override bool TryReap(out BlockRequest? request)
    {
        request = null;
        bool isAny = false;
        while (request is null && Fault == DiskFault.None && HasDone)
        {
            ulong word = Completion(Completions, _head);
            // The phase may have been taken back since: the device's bug, and nobody's but its harm.
            _head = _head + 1 & Entries - 1;
            if (_head == 0)
                _phase ^= NvmeQueueEntry.Phase;
            isAny = true;
            uint id = (uint)(word >> NvmeQueueEntry.CompletionCIDShift) & ushort.MaxValue;
            if (!IsOut(id))
            {
                CountLie();
                continue;
            }
            request = Take((int)id);
            _free |= 1u << (int)id;
            request.Status = (word >> NvmeQueueEntry.StatusShift & NvmeQueueEntry.StatusMask) == 0 ? BlockStatus.Done : BlockStatus.MediumError;
        }
        if (isAny)
            _registers.Write32(Doorbell(IoQueue, isCompletion: true), (uint)_head);
        return request is not null;
    }

    public override void MaskInterrupts()
    {
        if (!_hasMessageTable)
            _registers.Write32(NvmeRegisters.INTMS, 1);
    }

    public override void UnmaskInterrupts()
    {
        if (!_hasMessageTable)
            _registers.Write32(NvmeRegisters.INTMC, 1);
    }

    public override bool TryStop(DeviceHost host)
    {
        uint control = _registers.Read32(NvmeRegisters.CC);
        if (control == AllOnes)
            return false;
        _registers.Write32(NvmeRegisters.CC, control & ~NvmeControl.EN);
        return TryWait(host, isReady: false);
    }

    protected override DiskStart OnStart(DeviceHost host)
    {
        uint low = _registers.Read32(NvmeRegisters.CAP), high = _registers.Read32(NvmeRegisters.CAP + sizeof(uint));
        if (low == AllOnes && high == AllOnes)
            return DiskStart.Gone;
        _stride = (uint)sizeof(uint) << (int)(high & NvmeCapabilities.DSTRD);
        _readyTime = ((ulong)(low >> NvmeCapabilities.TOShift) + 1) * NvmeCapabilities.TOUnit;
        if ((low & NvmeCapabilities.MQES) + 1 < Entries || (high & NvmeCapabilities.CSS_NVM) == 0
            || (high >> NvmeCapabilities.MPSMINShift & NvmeCapabilities.MPSMINMask) != 0
            || NvmeRegisters.Doorbells + 4 * _stride > _registers.Length)
        {
            return DiskStart.Unusable;
        }
        if (!TryStop(host))
            return DiskStart.NoAnswer;
        ClearQueues();
        _registers.Write32(NvmeRegisters.AQA, (AdminEntries - 1) << NvmeControl.ACQSShift | AdminEntries - 1);
        WriteAddress(NvmeRegisters.ASQ, AdminSubmissions);
        WriteAddress(NvmeRegisters.ACQ, AdminCompletions);
        _registers.Write32(NvmeRegisters.CC, NvmeControl.EN | NvmeControl.IOSQES_64 | NvmeControl.IOCQES_16);
        if (!TryWait(host, isReady: true) || !TryIdentifyController(host))
            return DiskStart.NoAnswer;
        MaskInterrupts();
        if (!TryCommand(host, NvmeAdminOpcode.SetFeatures, 0, 0, NvmeCommand.FID_NumberOfQueues, 0)
            || !TryCommand(host, NvmeAdminOpcode.CreateIoCompletionQueue, 0, Memory.DeviceAddress(Completions), IoQueue | (Entries - 1u) << 16, NvmeCommand.PC | NvmeCommand.IEN)
            || !TryCommand(host, NvmeAdminOpcode.CreateIoSubmissionQueue, 0, Memory.DeviceAddress(Submissions), IoQueue | (Entries - 1u) << 16, NvmeCommand.PC | IoQueue << 16)
            || !TryFindNamespaces(host))
        {
            return DiskStart.NoAnswer;
        }
        return UnitCount != 0 ? DiskStart.Ok : DiskStart.NoDisk;
    }

    private void ClearQueues()
    {
        _adminTail = _adminHead = _tail = _told = _head = 0;
        _adminPhase = _phase = NvmeQueueEntry.Phase;
        _free = uint.MaxValue;
        for (int page = 0; page < Scratch; page += DmaMemory.PageBytes)
            Memory.Bytes(page, DmaMemory.PageBytes).Clear();
    }

    private bool TryIdentifyController(DeviceHost host)
    {
        if (!TryCommand(host, NvmeAdminOpcode.Identify, 0, Memory.DeviceAddress(Scratch), NvmeCommand.CNS_Controller, 0))
            return false;
        ReadOnlySpan<byte> said = Memory.Bytes(Scratch, NvmeIdentify.Bytes);
        for (int unit = 0; unit < MaximumUnits; unit++)
        {
            Unit(unit).SetSerial(said.Slice(NvmeIdentify.SN, NvmeIdentify.SNBytes));
            Unit(unit).SetModel(said.Slice(NvmeIdentify.MN, NvmeIdentify.MNBytes));
        }
        const int NoLimit = 32;
        int exponent = said[NvmeIdentify.MDTS];
        _mostBytes = exponent is 0 or > NoLimit ? ulong.MaxValue : (ulong)DmaMemory.PageBytes << exponent;
        _optional = BinaryPrimitives.ReadUInt16LittleEndian(said.Slice(NvmeIdentify.ONCS));
        _hasCache = (said[NvmeIdentify.VWC] & NvmeIdentify.VWC_Present) != 0;
        return true;
    }

    // The first namespaces that can be used; others are left alone.
    private bool TryFindNamespaces(DeviceHost host)
    {
        const int MostLookedAt = 16;
        if (!TryCommand(host, NvmeAdminOpcode.Identify, 0, Memory.DeviceAddress(Scratch), NvmeCommand.CNS_ActiveNamespaces, 0))
            return false;
        Span<uint> active = stackalloc uint[MostLookedAt];
        for (int i = 0; i < MostLookedAt; i++)
            active[i] = BinaryPrimitives.ReadUInt32LittleEndian(Memory.Bytes(Scratch + i * sizeof(uint), sizeof(uint)));
        for (int i = 0; i < MostLookedAt && active[i] is not (0 or AllOnes) && UnitCount < MaximumUnits; i++)
        {
            if (!TryCommand(host, NvmeAdminOpcode.Identify, active[i], Memory.DeviceAddress(Scratch), NvmeCommand.CNS_Namespace, 0))
                return false;
            if (!TryReadNamespace(UnitCount))
                continue;
            _namespaces[UnitCount] = active[i];
            UnitCount++;
        }
        return true;
    }

    private bool TryReadNamespace(int unit)
    {
        ReadOnlySpan<byte> said = Memory.Bytes(Scratch, NvmeIdentify.Bytes);
        DiskIdentity disk = Unit(unit);
        int format = said[NvmeIdentify.FLBAS];
        format = format & NvmeIdentify.FLBASLow | (format & NvmeIdentify.FLBASHigh) >> NvmeIdentify.FLBASHighShift;
        uint layout = BinaryPrimitives.ReadUInt32LittleEndian(said.Slice(NvmeIdentify.LBAF + format * sizeof(uint)));
        int shift = (int)(layout >> NvmeIdentify.LBAF_DSShift & byte.MaxValue);
        if ((layout & NvmeIdentify.LBAF_MS) != 0 || shift > BitOperations.Log2((uint)DmaMemory.PageBytes)
            || !disk.TrySetSize(BinaryPrimitives.ReadUInt64LittleEndian(said.Slice(NvmeIdentify.NSZE)), 1u << shift) || !disk.TryLimit(_mostBytes))
        {
            return false;
        }
        _blockShifts[unit] = shift;
        disk.IsReadOnly = (said[NvmeIdentify.NSATTR] & NvmeIdentify.NSATTR_WriteProtected) != 0;
        disk.HasCache = _hasCache;
        // A range counts its blocks in 32 bits.
        disk.MaximumDiscard = (_optional & NvmeIdentify.ONCS_DSM) != 0 ? (ulong)(uint.MaxValue >> shift) << shift : 0;
        disk.MaximumZeroes = (_optional & NvmeIdentify.ONCS_WZ) != 0 ? NvmeCommand.MostBlocks << shift : 0;
        return true;
    }

    // A command for the controller, one at a time.
    private bool TryCommand(DeviceHost host, NvmeAdminOpcode opcode, uint subject, ulong data, uint parameter10, uint parameter11)
    {
        Write(AdminSubmissions, _adminTail, (byte)opcode, AdminId, subject, data, 0, parameter10 | (ulong)parameter11 << 32, 0);
        _adminTail = _adminTail + 1 & AdminEntries - 1;
        _registers.Write32(Doorbell(AdminQueue, isCompletion: false), (uint)_adminTail);
        ulong end = host.Now + AdminPatience;
        ulong word;
        while (((word = Completion(AdminCompletions, _adminHead)) & NvmeQueueEntry.Phase) != _adminPhase)
        {
            if (host.Now >= end || (_registers.Read32(NvmeRegisters.CSTS) & NvmeControl.CFS) != 0)
                return false;
            host.Delay(Poll);
        }
        _adminHead = _adminHead + 1 & AdminEntries - 1;
        if (_adminHead == 0)
            _adminPhase ^= NvmeQueueEntry.Phase;
        _registers.Write32(Doorbell(AdminQueue, isCompletion: true), (uint)_adminHead);
        return (word >> NvmeQueueEntry.CompletionCIDShift & ushort.MaxValue) == AdminId && (word >> NvmeQueueEntry.StatusShift & NvmeQueueEntry.StatusMask) == 0;
    }

    private void Write(int queue, int index, byte opcode, ushort id, uint subject, ulong data, ulong list, ulong parameters, ulong more)
    {
        int at = queue + index * NvmeQueueEntry.SubmissionBytes;
        Memory.Bytes(at, NvmeQueueEntry.SubmissionBytes).Clear();
        Memory.Write64(at, opcode | (ulong)id << NvmeQueueEntry.CIDShift | (ulong)subject << NvmeQueueEntry.NSIDShift);
        Memory.Write64(at + NvmeQueueEntry.PRP1, data);
        Memory.Write64(at + NvmeQueueEntry.PRP2, list);
        Memory.Write64(at + NvmeQueueEntry.CDW10, parameters);
        Memory.Write64(at + NvmeQueueEntry.CDW12, more);
    }

    private ulong Completion(int queue, int index) => Memory.Read64(queue + index * NvmeQueueEntry.CompletionBytes + NvmeQueueEntry.CompletionSecond);

    private uint Doorbell(uint queue, bool isCompletion) => NvmeRegisters.Doorbells + (2 * queue + (isCompletion ? 1u : 0)) * _stride;

    private void WriteAddress(uint register, int offset)
    {
        ulong address = Memory.DeviceAddress(offset);
        _registers.Write32(register, unchecked((uint)address));
        _registers.Write32(register + sizeof(uint), (uint)(address >> 32));
    }

    private bool TryWait(DeviceHost host, bool isReady)
    {
        ulong end = host.Now + _readyTime;
        while (true)
        {
            uint status = _registers.Read32(NvmeRegisters.CSTS);
            if (status != AllOnes && (status & NvmeControl.RDY) != 0 == isReady)
                return true;
            if (status == AllOnes || host.Now >= end)
                return false;
            host.Delay(Poll);
        }
    }
}
