using System;
using System.Buffers.Binary;
using System.Numerics;
using HyperOS.Core;
using HyperOS.Specs.Ata;

namespace HyperOS.Block;

/// <summary>
/// A port of an AHCI adapter with its disk, which is driven by queued commands if both can. A command's slot, and tag, is its place; the port only says
/// which are not at work any more, so that a lying one can do no more than hang or forget. Serial ATA AHCI 1.3.1, "Port Registers", "Error Reporting and
/// Recovery".
/// <code>
///   pages  command list 0 (1 KiB) and received FISes 1024 (256), tables (4: 32 x 512), scratch
/// </code>
/// After an error of queued commands nobody knows which one it was: all are given to the disk again, one after another and not queued, and the one that
/// fails then is it.
/// </summary>
public sealed class AhciPort : DiskDevice
{
    private const int Received = 1024, TableBytes = 512, Tables = DmaMemory.PageBytes, TablesPerPage = DmaMemory.PageBytes / TableBytes;
    private const int Scratch = Tables + Depth / TablesPerPage * DmaMemory.PageBytes;
    private const uint AllOnes = uint.MaxValue;
    private const uint Errors = AhciPortBits.IS_IFS | AhciPortBits.IS_HBDS | AhciPortBits.IS_HBFS | AhciPortBits.IS_TFES;
    private const uint Causes = Errors | AhciPortBits.IS_DHRS | AhciPortBits.IS_PSS | AhciPortBits.IS_SDBS | AhciPortBits.IS_PCS | AhciPortBits.IS_PRCS;

    private const ulong Poll = 1_000_000;

    /// <summary>How long an engine may take to stop, a link to come up, a disk to spin up, and a command while the port is brought up, in nanoseconds.</summary>
    private const ulong EnginePatience = 600_000_000, LinkPatience = 1_000_000_000, SpinUpPatience = 15_000_000_000, CommandPatience = 5_000_000_000;

    /// <summary>As long as the reset of a link is asked for, in nanoseconds.</summary>
    private const ulong ResetTime = 1_100_000;

    private readonly AhciAdapter _adapter;
    private readonly int _port;

    private bool _isQueuing, _hasFlush;
    private uint _usable, _free;
    private int _blockShift;

    // Places whose commands are queued ones; places that the port was not told of yet.
    private uint _queued, _toTell;

    // Requests that are to be done one at a time after an error.
    private int _careful;

    /// <param name="adapter">The adapter, prepared.</param>
    /// <param name="port">Which of its ports.</param>
    /// <param name="memory">At least <see cref="Pages"/>.</param>
    public AhciPort(AhciAdapter adapter, int port, DmaMemory memory)
        : base(memory)
    {
        _adapter = adapter;
        _port = port;
    }

    /// <summary>Pages of memory that each needs.</summary>
    public static int Pages => Scratch / DmaMemory.PageBytes + 1;

    public override bool HasDone => (Finished & Out) != 0 || (Read(AhciPortRegisters.IS) & Errors) != 0;

    /// <summary>The port is the cause of an interrupt.</summary>
    public bool HasInterrupted => Read(AhciPortRegisters.IS) != 0;

    // Places that the port says to be at work no more.
    private uint Finished => ~(Read(AhciPortRegisters.CI) | Read(AhciPortRegisters.SACT) | _toTell);

    public override DiskHealth Look()
    {
        uint status = Read(AhciPortRegisters.SSTS), command = Read(AhciPortRegisters.CMD);
        if (status == AllOnes)
            return DiskHealth.Gone;
        if ((status & AhciPortBits.SSTS_DET) == 0 && (command & AhciPortBits.CMD_ST) != 0)
            return DiskHealth.Gone;
        return NeedsRecovery || (command & AhciPortBits.CMD_ST) != 0 ? DiskHealth.Good : DiskHealth.Odd;
    }

    public override bool TryBegin(BlockRequest request)
    {
        bool isData = request.Operation is BlockOperation.Read or BlockOperation.Write;
        bool isQueued = _isQueuing && isData && _careful == 0;
        // Queued and other commands must not meet, and others with data of the port's own page not each other.
        if (_free == 0 || Out != 0 && (!isQueued || _queued != Out))
            return false;
        int place = BitOperations.TrailingZeroCount(_free);
        _free &= _free - 1;
        ulong first = request.Offset >> _blockShift;
        uint blocks = (uint)(request.Length >> _blockShift);
        switch (request.Operation)
        {
            case BlockOperation.Read or BlockOperation.Write:
                bool isWrite = request.Operation == BlockOperation.Write;
                AtaCommand command = isQueued
                    ? isWrite ? AtaCommand.WriteFpdmaQueued : AtaCommand.ReadFpdmaQueued
                    : isWrite ? AtaCommand.WriteDmaExt : AtaCommand.ReadDmaExt;
                uint left = (uint)request.Length;
                int pages = 0;
                for (; left != 0; pages++)
                {
                    uint part = Math.Min(left, DmaMemory.PageBytes);
                    Describe(place, pages, request.PageAddress(pages), part);
                    left -= part;
                }
                if (isQueued)
                    Command(place, command, first, (uint)place << AtaFis.TagShift, blocks, pages, isWrite);
                else
                    Command(place, command, first, blocks, 0, pages, isWrite);
                break;
            case BlockOperation.Discard:
                WriteRanges(first, request.Length >> _blockShift);
                Describe(place, 0, Memory.DeviceAddress(Scratch), AtaFis.RangesBytes);
                Command(place, AtaCommand.DataSetManagement, 0, 1, AtaFis.Trim, 1, isWrite: true);
                break;
            default:
                Command(place, AtaCommand.FlushCacheExt, 0, 0, 0, 0, isWrite: false);
                break;
        }
        if (isQueued)
            _queued |= 1u << place;
        _toTell |= 1u << place;
        Put(place, request);
        return true;
    }

    public override void Ring()
    {
        uint told = _toTell;
        _toTell = 0;
        if ((told & _queued) != 0)
            Write(AhciPortRegisters.SACT, told & _queued);
        Write(AhciPortRegisters.CI, told);
    }

    public override bool TryReap(out BlockRequest? request)
    {
        request = null;
        uint causes = Read(AhciPortRegisters.IS);
        uint done = Out & Finished;
        if (causes == AllOnes)
        {
            // Gone, which others find out; or all causes at once, which cannot be.
            CountLie();
            Acknowledge(causes);
            return false;
        }
        if ((causes & Errors) != 0)
        {
            // Those that were done before the error are; of the others one has failed.
            NeedsRecovery = done == 0;
            if (done == 0 && BitOperations.PopCount(Out) == 1 && _queued == 0)
            {
                request = TakePlace(BitOperations.TrailingZeroCount(Out), BlockStatus.MediumError);
                return true;
            }
            if (done == 0)
                return false;
        }
        else if (done == 0)
        {
            Acknowledge(causes);
            return false;
        }
        request = TakePlace(BitOperations.TrailingZeroCount(done), BlockStatus.Done);
        return true;
    }

    public override void MaskInterrupts()
    {
        Write(AhciPortRegisters.IE, 0);
        _adapter.Acknowledge(_port);
    }

    public override void UnmaskInterrupts() => Write(AhciPortRegisters.IE, Causes);

    public override bool TryRecover(DeviceHost host)
    {
        _careful = Math.Max(BitOperations.PopCount(Out), 1);
        bool wasQueued = _queued != 0;
        if (!TryStop(host))
            return false;
        // After an error of queued commands a disk takes none before it was asked which one it was, or reset.
        bool isBusy = (Read(AhciPortRegisters.TFD) & (AhciPortBits.TFD_BSY | AhciPortBits.TFD_DRQ)) != 0;
        if ((wasQueued || isBusy) && Connect(host) != DiskStart.Ok)
            return false;
        Acknowledge(Read(AhciPortRegisters.IS));
        Forget();
        StartEngine();
        NeedsRecovery = false;
        return true;
    }

    public override bool TryStop(DeviceHost host)
    {
        MaskInterrupts();
        uint command = Read(AhciPortRegisters.CMD);
        if (command == AllOnes)
            return false;
        Write(AhciPortRegisters.CMD, command & ~AhciPortBits.CMD_ST);
        if (!TryWait(host, AhciPortRegisters.CMD, AhciPortBits.CMD_CR, 0, EnginePatience))
            return false;
        Write(AhciPortRegisters.CMD, Read(AhciPortRegisters.CMD) & ~(AhciPortBits.CMD_ST | AhciPortBits.CMD_FRE));
        return TryWait(host, AhciPortRegisters.CMD, AhciPortBits.CMD_FR, 0, EnginePatience);
    }

    protected override DiskStart OnStart(DeviceHost host)
    {
        if (!_adapter.IsThere)
            return DiskStart.Gone;
        _adapter.Enable();
        if (!TryStop(host))
            return DiskStart.NoAnswer;
        for (int page = 0; page < Scratch; page += DmaMemory.PageBytes)
            Memory.Bytes(page, DmaMemory.PageBytes).Clear();
        int slots = Math.Min(_adapter.Slots, Depth);
        _usable = uint.MaxValue >> (Depth - slots);
        _careful = 0;
        _isQueuing = false;
        Forget();
        WriteAddress(AhciPortRegisters.CLB, 0);
        WriteAddress(AhciPortRegisters.FB, Received);
        DiskStart link = Connect(host);
        if (link != DiskStart.Ok)
            return link;
        StartEngine();
        return Identify(host);
    }

    // A link anew, with a disk that is ready.
    private DiskStart Connect(DeviceHost host)
    {
        Write(AhciPortRegisters.CMD, Read(AhciPortRegisters.CMD) & ~AhciPortBits.CMD_ICC
            | AhciPortBits.CMD_SUD | AhciPortBits.CMD_POD | AhciPortBits.CMD_FRE | AhciPortBits.CMD_ICC_Active);
        Write(AhciPortRegisters.SCTL, AhciPortBits.SCTL_IPM_None | AhciPortBits.SCTL_DET_Init);
        host.Delay(ResetTime);
        Write(AhciPortRegisters.SCTL, AhciPortBits.SCTL_IPM_None);
        if (!TryWait(host, AhciPortRegisters.SSTS, AhciPortBits.SSTS_DET, AhciPortBits.DET_Connected, LinkPatience))
            return Read(AhciPortRegisters.SSTS) == AllOnes ? DiskStart.Gone : DiskStart.NoAnswer;
        Write(AhciPortRegisters.SERR, AllOnes);
        if (!TryWait(host, AhciPortRegisters.TFD, AhciPortBits.TFD_BSY | AhciPortBits.TFD_DRQ, 0, SpinUpPatience))
            return DiskStart.NoAnswer;
        Acknowledge(Read(AhciPortRegisters.IS));
        return Read(AhciPortRegisters.SIG) == AhciPortBits.SIG_ATA ? DiskStart.Ok : DiskStart.NoDisk;
    }

    private void StartEngine()
    {
        Write(AhciPortRegisters.SERR, AllOnes);
        Write(AhciPortRegisters.CMD, Read(AhciPortRegisters.CMD) | AhciPortBits.CMD_FRE);
        Write(AhciPortRegisters.CMD, Read(AhciPortRegisters.CMD) | AhciPortBits.CMD_ST);
    }

    private DiskStart Identify(DeviceHost host)
    {
        Describe(0, 0, Memory.DeviceAddress(Scratch), AtaIdentify.Bytes);
        Command(0, AtaCommand.IdentifyDevice, 0, 0, 0, 1, isWrite: false);
        Write(AhciPortRegisters.CI, 1);
        if (!TryWait(host, AhciPortRegisters.CI, 1, 0, CommandPatience))
            return Read(AhciPortRegisters.CI) == AllOnes ? DiskStart.Gone : DiskStart.NoAnswer;
        uint causes = Read(AhciPortRegisters.IS);
        Acknowledge(causes);
        if ((causes & Errors) != 0)
            return DiskStart.NoAnswer;
        if (!TryReadIdentity())
            return DiskStart.Unusable;
        UnitCount = 1;
        return DiskStart.Ok;
    }

    private bool TryReadIdentity()
    {
        Span<byte> said = stackalloc byte[AtaIdentify.Bytes];
        Memory.Bytes(Scratch, AtaIdentify.Bytes).CopyTo(said);
        if (said[2 * AtaIdentify.Integrity] == AtaIdentify.IntegrityMark && ByteSpans.Sum(said) != 0)
            return false;
        DiskIdentity disk = Unit(0);
        Span<byte> text = stackalloc byte[2 * AtaIdentify.ModelWords];
        disk.SetModel(Text(said, AtaIdentify.Model, text));
        disk.SetSerial(Text(said, AtaIdentify.Serial, text.Slice(0, 2 * AtaIdentify.SerialWords)));
        ushort sets = Word(said, AtaIdentify.CommandSets), size = Word(said, AtaIdentify.SectorSize);
        bool isKnown = (sets & AtaIdentify.ValidMask) == AtaIdentify.Valid;
        if (!isKnown || (sets & AtaIdentify.Lba48) == 0)
            return false;
        if ((size & AtaIdentify.ValidMask) != AtaIdentify.Valid)
            size = 0;
        uint blockBytes = BlockStore.SectorBytes;
        if ((size & AtaIdentify.LongSectors) != 0)
        {
            uint words = Word(said, AtaIdentify.WordsPerSector) | (uint)Word(said, AtaIdentify.WordsPerSector + 1) << 16;
            if (words > DmaMemory.PageBytes)
                return false;
            blockBytes = 2 * words;
        }
        if (!disk.TrySetSize(BinaryPrimitives.ReadUInt64LittleEndian(said.Slice(2 * AtaIdentify.Sectors48)), blockBytes))
            return false;
        _blockShift = BitOperations.Log2(blockBytes);
        if ((size & AtaIdentify.SeveralSectors) != 0)
            disk.SetPhysicalExponent((uint)(size & AtaIdentify.ExponentMask));
        _hasFlush = (sets & AtaIdentify.FlushExt) != 0;
        disk.HasCache = _hasFlush && (Word(said, AtaIdentify.EnabledSets) & AtaIdentify.WriteCache) != 0;
        if ((Word(said, AtaIdentify.DataSetManagement) & AtaIdentify.TrimSupported) != 0)
            disk.MaximumDiscard = (ulong)(AtaFis.RangesBytes / AtaFis.RangeBytes) * AtaFis.RangeMost << _blockShift;
        ushort capabilities = Word(said, AtaIdentify.SataCapabilities);
        _isQueuing = _adapter.HasQueuing && capabilities != ushort.MaxValue && (capabilities & AtaIdentify.Ncq) != 0;
        if (_isQueuing)
            _usable &= uint.MaxValue >> (Depth - 1 - (Word(said, AtaIdentify.QueueDepth) & AtaIdentify.QueueDepthMask));
        _free = _usable;
        return true;
    }

    // Characters lie in their words the wrong way round.
    private static ReadOnlySpan<byte> Text(ReadOnlySpan<byte> said, int word, Span<byte> text)
    {
        for (int i = 0; i < text.Length; i++)
            text[i] = said[2 * word + (i ^ 1)];
        return text;
    }

    private static ushort Word(ReadOnlySpan<byte> said, int word) => BinaryPrimitives.ReadUInt16LittleEndian(said.Slice(2 * word));

    private void WriteRanges(ulong first, ulong blocks)
    {
        Memory.Bytes(Scratch, AtaFis.RangesBytes).Clear();
        for (int at = 0; blocks != 0; at += AtaFis.RangeBytes)
        {
            ulong part = Math.Min(blocks, AtaFis.RangeMost);
            Memory.Write64(Scratch + at, first | part << AtaFis.RangeCountShift);
            first += part;
            blocks -= part;
        }
    }

    private void Describe(int place, int page, ulong address, uint length)
    {
        int at = TableAt(place) + AhciMemory.Prdt + page * AhciMemory.PrdBytes;
        Memory.Write64(at, address);
        Memory.Write64(at + AhciMemory.PrdCount, (ulong)(length - 1) << AhciMemory.PrdCountShift);
    }

    private void Command(int place, AtaCommand command, ulong block, uint count, uint features, int pages, bool isWrite)
    {
        int table = TableAt(place), header = place * AhciMemory.HeaderBytes;
        ulong device = command == AtaCommand.IdentifyDevice ? 0u : AtaFis.Lba;
        Memory.Write64(table, AtaFis.RegisterHostToDevice | (ulong)AtaFis.Command << 8 | (ulong)command << 16 | (ulong)(features & byte.MaxValue) << 24
            | (block & 0xFF_FFFF) << 32 | device << 56);
        Memory.Write64(table + 8, block >> 24 & 0xFF_FFFF | (ulong)(features >> 8 & byte.MaxValue) << 24 | (ulong)(count & ushort.MaxValue) << 32);
        Memory.Write64(table + 16, 0);
        Memory.Write64(header, AhciMemory.CFL | (isWrite ? AhciMemory.Write : 0) | (uint)pages << AhciMemory.PRDTLShift);
        Memory.Write64(header + AhciMemory.HeaderTable, Memory.DeviceAddress(table));
    }

    private static int TableAt(int place) => Tables + place * TableBytes;

    private BlockRequest TakePlace(int place, BlockStatus status)
    {
        uint bit = 1u << place;
        _queued &= ~bit;
        _free |= bit;
        if (_careful != 0)
            _careful--;
        BlockRequest request = Take(place);
        request.Status = status;
        return request;
    }

    private void Forget()
    {
        _free = _usable;
        _queued = _toTell = 0;
    }

    private void Acknowledge(uint causes)
    {
        if (causes == 0)
            return;
        Write(AhciPortRegisters.IS, causes);
        _adapter.Acknowledge(_port);
    }

    private uint Read(uint register) => _adapter.Read(_port, register);

    private void Write(uint register, uint value) => _adapter.Write(_port, register, value);

    private void WriteAddress(uint register, int offset)
    {
        ulong address = Memory.DeviceAddress(offset);
        Write(register, unchecked((uint)address));
        Write(register + sizeof(uint), (uint)(address >> 32));
    }

    // Until the bits are as wanted; a port that is gone has them all, and never is.
    private bool TryWait(DeviceHost host, uint register, uint bits, uint wanted, ulong patience)
    {
        ulong end = host.Now + patience;
        while (true)
        {
            uint value = Read(register);
            if (value != AllOnes && (value & bits) == wanted)
                return true;
            if (value == AllOnes || host.Now >= end)
                return false;
            host.Delay(Poll);
        }
    }
}
