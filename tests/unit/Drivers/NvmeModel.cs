using System.Buffers.Binary;
using System.Numerics;
using System.Text;
using HyperOS.Block;
using HyperOS.Specs.Nvme;

namespace HyperOS.Tests.Unit.Drivers;

/// <summary>An NVMe controller, as far as its driver uses it. Its second namespace is a mirror of the first.</summary>
internal sealed class NvmeModel : DiskModel
{
    private readonly uint[] _registers = new uint[0x40 / 4];
    private readonly Queue[] _submissions = [new(), new()], _completions = [new(), new()];

    public NvmeModel(int blockBytes = 512, int namespaces = 1)
        : base(NvmeController.Pages, blockBytes)
    {
        Namespaces = [.. Enumerable.Range(1, namespaces).Select(i => (uint)i)];
        RegisterWindow registers = new(NvmeRegisters.Doorbells + 4096, () => IsUnplugged, Read, Write);
        Driver = new NvmeController(registers, Memory, hasMessageTable: true);
    }

    public override DiskDevice Driver { get; }

    public uint[] Namespaces { get; set; }

    /// <summary>The largest transfer, as a power of two of pages; 0: no limit.</summary>
    public byte LargestTransfer { get; set; } = 5;

    /// <summary>A format's metadata, in bytes.</summary>
    public ushort Metadata { get; set; }

    public ulong BlockCount { get; set; } = Blocks;

    /// <summary>CSTS.CFS.</summary>
    public bool IsBroken { get; set; }

    public override void Run()
    {
        for (int i = 0; i < 2; i++)
        {
            int atOnce = 0;
            while (!IsWild && !IsHung && !IsUnplugged && IsReady && _submissions[i].Head != _submissions[i].Tail)
            {
                byte[] command = Memory.At(_submissions[i].Address + 64ul * (uint)_submissions[i].Head, 64).ToArray();
                _submissions[i].Head = (_submissions[i].Head + 1) % _submissions[i].Size;
                ushort status = i == 0 ? Administer(command) : Serve(command);
                Complete(i, BinaryPrimitives.ReadUInt16LittleEndian(command.AsSpan(2)), status);
                if (i == 1)
                    MostAtOnce = Math.Max(MostAtOnce, ++atOnce);
            }
        }
    }

    public override void Forget() => _submissions[1].Head = _submissions[1].Tail;

    public override void ClaimDone(uint what)
    {
        if (_completions[1].Size != 0)
            Complete(1, (ushort)what, (ushort)(what >> 16));
    }

    private bool IsReady => (_registers[NvmeRegisters.CC / 4] & 1) != 0;

    private void Complete(int queue, ushort id, ushort status)
    {
        Queue completions = _completions[queue];
        Span<byte> entry = Memory.At(completions.Address + 16ul * (uint)completions.Tail, 16);
        BinaryPrimitives.WriteUInt16LittleEndian(entry[12..], id);
        BinaryPrimitives.WriteUInt16LittleEndian(entry[14..], (ushort)(status << 1 | (completions.IsOddRound ? 0 : 1)));
        completions.Tail = (completions.Tail + 1) % completions.Size;
        completions.IsOddRound ^= completions.Tail == 0;
    }

    private ushort Administer(ReadOnlySpan<byte> command)
    {
        uint subject = BinaryPrimitives.ReadUInt32LittleEndian(command[4..]), first = BinaryPrimitives.ReadUInt32LittleEndian(command[40..]);
        ulong address = BinaryPrimitives.ReadUInt64LittleEndian(command[24..]);
        switch ((NvmeAdminOpcode)command[0])
        {
            case NvmeAdminOpcode.Identify:
                Span<byte> said = Memory.At(address, 4096);
                said.Clear();
                if (first == NvmeCommand.CNS_Controller)
                {
                    Encoding.ASCII.GetBytes(SerialNumber.PadRight(20), said[4..]);
                    Encoding.ASCII.GetBytes("Model of an NVMe disk".PadRight(40), said[24..]);
                    said[77] = LargestTransfer;
                    (said[520], said[525]) = (0x0C, 1);
                }
                else if (first == NvmeCommand.CNS_ActiveNamespaces)
                {
                    for (int i = 0; i < Namespaces.Length; i++)
                        BinaryPrimitives.WriteUInt32LittleEndian(said[(4 * i)..], Namespaces[i]);
                }
                else
                {
                    Assert.NotEqual(0u, subject);
                    BinaryPrimitives.WriteUInt64LittleEndian(said, BlockCount);
                    said[26] = 2;
                    BinaryPrimitives.WriteUInt32LittleEndian(said[(128 + 8)..], Metadata | (uint)BitOperations.Log2((uint)BlockBytes) << 16);
                }
                byte[] tampered = said.ToArray();
                Tamper?.Invoke(tampered);
                tampered.CopyTo(said);
                return 0;
            case NvmeAdminOpcode.CreateIoCompletionQueue:
                _completions[1].Start(address, (int)(first >> 16) + 1);
                return 0;
            case NvmeAdminOpcode.CreateIoSubmissionQueue:
                _submissions[1].Start(address, (int)(first >> 16) + 1);
                return 0;
            case NvmeAdminOpcode.SetFeatures:
                return 0;
            default:
                return 1;
        }
    }

    private ushort Serve(ReadOnlySpan<byte> command)
    {
        if (Tamper is null)
            Assert.Contains(BinaryPrimitives.ReadUInt32LittleEndian(command[4..]), Namespaces);
        long block = (long)BinaryPrimitives.ReadUInt64LittleEndian(command[40..]);
        int blocks = BinaryPrimitives.ReadUInt16LittleEndian(command[48..]) + 1;
        ulong data = BinaryPrimitives.ReadUInt64LittleEndian(command[24..]), second = BinaryPrimitives.ReadUInt64LittleEndian(command[32..]);
        switch ((NvmeOpcode)command[0])
        {
            case NvmeOpcode.Read or NvmeOpcode.Write:
                if (IsBad(block, blocks))
                    return 0x281;
                Move(block * BlockBytes, Pages(data, second, blocks * BlockBytes), command[0] == (byte)NvmeOpcode.Write);
                return 0;
            case NvmeOpcode.WriteZeroes:
                Content.AsSpan((int)block * BlockBytes, blocks * BlockBytes).Clear();
                return 0;
            case NvmeOpcode.DatasetManagement:
                Assert.Equal(4ul << 32, (ulong)block);
                Span<byte> range = Memory.At(data, 16);
                Content.AsSpan((int)BinaryPrimitives.ReadUInt64LittleEndian(range[8..]) * BlockBytes, (int)BinaryPrimitives.ReadUInt32LittleEndian(range[4..]) * BlockBytes).Clear();
                return 0;
            case NvmeOpcode.Flush:
                Flushes++;
                return 0;
            default:
                return 1;
        }
    }

    private IEnumerable<(ulong Address, int Length)> Pages(ulong first, ulong second, int length)
    {
        for (int i = 0, at = 0; at < length; i++, at += 4096)
        {
            ulong page = i == 0 ? first : length <= 8192 ? second : BinaryPrimitives.ReadUInt64LittleEndian(Memory.At(second + 8ul * (uint)(i - 1), 8));
            yield return (page, Math.Min(4096, length - at));
        }
    }

    private uint Read(uint offset, int width) => offset switch
    {
        NvmeRegisters.CAP => 127 | 1u << NvmeCapabilities.TOShift,
        NvmeRegisters.CAP + 4 => NvmeCapabilities.CSS_NVM,
        NvmeRegisters.CSTS => (IsReady ? NvmeControl.RDY : 0) | (IsBroken ? NvmeControl.CFS : 0),
        _ => _registers[offset / 4],
    };

    private void Write(uint offset, int width, uint value)
    {
        if (offset >= NvmeRegisters.Doorbells)
        {
            uint index = (offset - NvmeRegisters.Doorbells) / 4;
            if (index % 2 == 0)
                _submissions[index / 2].Tail = (int)value;
            Run();
            return;
        }
        bool wasReady = IsReady;
        _registers[offset / 4] = value;
        if (wasReady && !IsReady)
            Resets++;
        if (wasReady || !IsReady)
            return;
        uint sizes = _registers[NvmeRegisters.AQA / 4];
        _submissions[0].Start(Address(NvmeRegisters.ASQ), (int)(sizes & 0xFFF) + 1);
        _completions[0].Start(Address(NvmeRegisters.ACQ), (int)(sizes >> 16) + 1);
        (_submissions[1].Size, _completions[1].Size) = (0, 0);
        (_submissions[1].Head, _submissions[1].Tail) = (0, 0);
    }

    private ulong Address(uint register) => _registers[register / 4] | (ulong)_registers[register / 4 + 1] << 32;

    private sealed class Queue
    {
        public ulong Address;
        public int Size, Head, Tail;
        public bool IsOddRound;

        public void Start(ulong address, int size)
        {
            (Address, Size, Head, Tail, IsOddRound) = (address, size, 0, 0, false);
        }
    }
}
