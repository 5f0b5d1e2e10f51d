using System.Buffers.Binary;
using System.Text;
using HyperOS.Block;
using HyperOS.Specs.Ata;

namespace HyperOS.Tests.Unit.Drivers;

/// <summary>An AHCI adapter with a disk at port 2, as far as their driver uses them. The disk queues commands, and drops them all when one fails.</summary>
internal sealed class AhciModel : DiskModel
{
    private const int Port = 2;
    private const uint Base = AhciRegisters.Ports + Port * AhciRegisters.PortLength;

    private readonly uint[] _global = new uint[0x40 / 4];
    private readonly uint[] _port = new uint[0x80 / 4];
    private bool _hasQueueError;
    private uint _lost;

    public AhciModel(int blockBytes = 512, bool hasQueuing = true)
        : base(AhciPort.Pages, blockBytes)
    {
        HasQueuing = hasQueuing;
        RegisterWindow registers = new(AhciRegisters.Ports + 32 * AhciRegisters.PortLength, () => IsUnplugged, Read, Write);
        Adapter = new AhciAdapter(registers);
        Driver = new AhciPort(Adapter, Port, Memory);
    }

    public AhciAdapter Adapter { get; }

    public override DiskDevice Driver { get; }

    public bool HasQueuing { get; }

    public uint Signature { get; set; } = AhciPortBits.SIG_ATA;

    /// <summary>The cable is out.</summary>
    public bool IsDisconnected { get; set; }

    public override void Run()
    {
        if (IsWild || IsHung || IsUnplugged || (_port[AhciPortRegisters.CMD / 4] & 1) == 0)
            return;
        int atOnce = 0;
        for (int slot = 0; slot < 32; slot++)
        {
            if (((_port[AhciPortRegisters.CI / 4] & ~_lost) >> slot & 1) == 0 || (_port[AhciPortRegisters.IS / 4] & AhciPortBits.IS_TFES) != 0)
                continue;
            MostAtOnce = Math.Max(MostAtOnce, ++atOnce);
            bool isQueued = (_port[AhciPortRegisters.SACT / 4] >> slot & 1) != 0;
            if (TryServe(slot, isQueued))
            {
                _port[AhciPortRegisters.CI / 4] &= ~(1u << slot);
                _port[AhciPortRegisters.SACT / 4] &= ~(1u << slot);
                _port[AhciPortRegisters.IS / 4] |= AhciPortBits.IS_DHRS;
                continue;
            }
            _port[AhciPortRegisters.IS / 4] |= AhciPortBits.IS_TFES;
            _port[AhciPortRegisters.TFD / 4] |= AhciPortBits.TFD_ERR;
            // A queued command was taken over by the disk already.
            if (isQueued)
                _port[AhciPortRegisters.CI / 4] &= ~(1u << slot);
            _hasQueueError |= isQueued;
        }
    }

    public override void Forget() => _lost = _port[AhciPortRegisters.CI / 4];

    public override void ClaimDone(uint what)
    {
        _port[AhciPortRegisters.CI / 4] &= ~what;
        _port[AhciPortRegisters.SACT / 4] &= ~what;
        _port[AhciPortRegisters.IS / 4] |= what;
    }

    private bool TryServe(int slot, bool isQueued)
    {
        ulong list = _port[AhciPortRegisters.CLB / 4] | (ulong)_port[AhciPortRegisters.CLBU / 4] << 32;
        byte[] header = Memory.At(list + 32ul * (uint)slot, 32).ToArray();
        ulong table = BinaryPrimitives.ReadUInt64LittleEndian(header.AsSpan(8));
        byte[] fis = Memory.At(table, 64).ToArray();
        Assert.True(fis[0] == 0x27 && fis[1] == 0x80 && (header[0] & 0x1F) == 5);
        int entries = BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(2));
        List<(ulong Address, int Length)> pages = [];
        for (int i = 0; i < entries; i++)
        {
            Span<byte> entry = Memory.At(table + 128 + 16ul * (uint)i, 16);
            pages.Add((BinaryPrimitives.ReadUInt64LittleEndian(entry), (int)(BinaryPrimitives.ReadUInt32LittleEndian(entry[12..]) & 0x3F_FFFF) + 1));
        }
        long block = fis[4] | (long)fis[5] << 8 | (long)fis[6] << 16 | (long)fis[8] << 24 | (long)fis[9] << 32 | (long)fis[10] << 40;
        int count = fis[12] | fis[13] << 8, features = fis[3] | fis[11] << 8;
        AtaCommand command = (AtaCommand)fis[2];
        Assert.Equal(command is AtaCommand.ReadFpdmaQueued or AtaCommand.WriteFpdmaQueued, isQueued);
        // What is not queued must be alone, and a disk that failed a queued command takes nothing before a reset.
        Assert.True(isQueued || _port[AhciPortRegisters.SACT / 4] == 0);
        if (_hasQueueError)
            return false;
        bool isWrite = (header[0] & 0x40) != 0;
        switch (command)
        {
            case AtaCommand.IdentifyDevice:
                Identify(pages.Single());
                return true;
            case AtaCommand.FlushCacheExt:
                Flushes++;
                return true;
            case AtaCommand.DataSetManagement:
                Assert.True(isWrite && features == 1 && count == 1);
                Span<byte> ranges = Memory.At(pages.Single().Address, 512);
                for (int i = 0; i < 512; i += 8)
                {
                    ulong range = BinaryPrimitives.ReadUInt64LittleEndian(ranges[i..]);
                    Content.AsSpan((int)(range & 0xFFFF_FFFF_FFFF) * BlockBytes, (int)(range >> 48) * BlockBytes).Clear();
                }
                return true;
            default:
                Assert.Equal(command is AtaCommand.WriteDmaExt or AtaCommand.WriteFpdmaQueued, isWrite);
                if (isQueued)
                    Assert.Equal(slot, count >> 3);
                int blocks = isQueued ? features : count;
                Assert.Equal(blocks * BlockBytes, pages.Sum(page => page.Length));
                if (IsBad(block, blocks))
                    return false;
                Move(block * BlockBytes, pages, isWrite);
                return true;
        }
    }

    private void Identify((ulong Address, int Length) page)
    {
        Assert.Equal(512, page.Length);
        byte[] said = new byte[512];
        void Word(int word, int value) => BinaryPrimitives.WriteUInt16LittleEndian(said.AsSpan(2 * word), (ushort)value);
        void Text(int word, string text)
        {
            for (int i = 0; i < text.Length; i++)
                said[2 * word + (i ^ 1)] = Encoding.ASCII.GetBytes(text)[i];
        }
        Text(10, SerialNumber.PadRight(20));
        Text(27, "Model of an ATA disk".PadRight(40));
        Word(75, 31);
        Word(76, HasQueuing ? 0x100 : 0);
        Word(83, 0x6400);
        Word(85, 0x20);
        Word(100, Blocks);
        Word(106, BlockBytes == 512 ? 0x6003 : 0x5000);
        Word(117, BlockBytes / 2);
        Word(169, 1);
        said[510] = 0xA5;
        Tamper?.Invoke(said);
        said[511] = 0;
        said[511] = (byte)-said.Sum(value => value);
        said.CopyTo(Memory.At(page.Address, 512));
    }

    private uint Read(uint offset, int width)
    {
        if (offset is < Base or >= Base + AhciRegisters.PortLength)
        {
            return offset switch
            {
                AhciRegisters.CAP => 31u << 8 | (HasQueuing ? AhciControl.CAP_SNCQ : 0),
                AhciRegisters.PI => 1 << Port | 1,
                < 0x40 => _global[offset / 4],
                _ => 0,
            };
        }
        uint register = offset - Base;
        uint command = _port[AhciPortRegisters.CMD / 4];
        return register switch
        {
            AhciPortRegisters.SSTS => IsDisconnected ? 0 : 0x123u,
            AhciPortRegisters.SIG => Signature,
            AhciPortRegisters.CMD => command | ((command & 1) != 0 || IsHung ? AhciPortBits.CMD_CR : 0) | (command & AhciPortBits.CMD_FRE) << 10,
            _ => _port[register / 4],
        };
    }

    private void Write(uint offset, int width, uint value)
    {
        if (offset is < Base or >= Base + AhciRegisters.PortLength)
        {
            if (offset < 0x40)
                _global[offset / 4] = offset == AhciRegisters.IS ? _global[offset / 4] & ~value : value;
            return;
        }
        uint register = offset - Base;
        ref uint field = ref _port[register / 4];
        switch (register)
        {
            case AhciPortRegisters.IS or AhciPortRegisters.SERR:
                field &= ~value;
                break;
            case AhciPortRegisters.CI or AhciPortRegisters.SACT:
                Assert.True((_port[AhciPortRegisters.CMD / 4] & 1) != 0);
                field |= value;
                break;
            case AhciPortRegisters.SCTL:
                if ((field & 1) != 0 && (value & 1) == 0)
                {
                    Resets++;
                    _hasQueueError = false;
                    _port[AhciPortRegisters.TFD / 4] = 0x50;
                }
                field = value;
                break;
            case AhciPortRegisters.CMD:
                if ((field & 1) != 0 && (value & 1) == 0)
                    _port[AhciPortRegisters.CI / 4] = _port[AhciPortRegisters.SACT / 4] = _lost = 0;
                field = value & ~(AhciPortBits.CMD_CR | AhciPortBits.CMD_FR);
                break;
            default:
                field = value;
                break;
        }
        Run();
    }
}
