using System.Buffers.Binary;
using System.Text;
using HyperOS.Block;
using HyperOS.Specs.Virtio;
using HyperOS.Virtio;

namespace HyperOS.Tests.Unit.Drivers;

/// <summary>A virtio block device on PCI, as far as its driver uses it.</summary>
internal sealed class VirtioDiskModel : DiskModel
{
    private const int QueueSize = 64;

    private readonly byte[] _configuration = new byte[VirtioBlock.ConfigurationBytes];
    private ulong _descriptors, _available, _used;
    private int _size;
    private uint _featureHalf;
    private byte _status;
    private ushort _message = VirtioPci.VIRTIO_MSI_NO_VECTOR, _availableIndex, _usedIndex;
    private bool _isEnabled;

    public VirtioDiskModel(int blockBytes = 512)
        : base(VirtioDisk.Pages, blockBytes)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(_configuration, (ulong)(Content.Length / 512));
        Put(VirtioBlock.SegMax, 126);
        Put(VirtioBlock.BlkSize, (uint)blockBytes);
        Put(VirtioBlock.MaxDiscardSectors, 1 << 16);
        Put(VirtioBlock.MaxWriteZeroesSectors, 1 << 16);
        RegisterWindow common = new(VirtioPciCommonConfiguration.Length, () => IsUnplugged, ReadCommon, WriteCommon);
        RegisterWindow notifications = new(8, () => IsUnplugged, (_, _) => 0, (_, _, _) => Run());
        RegisterWindow status = new(1, () => IsUnplugged, (_, _) => 0, (_, _, _) => { });
        RegisterWindow device = new((uint)_configuration.Length, () => IsUnplugged,
            (offset, width) => width == 1 ? _configuration[offset] : BinaryPrimitives.ReadUInt32LittleEndian(_configuration.AsSpan((int)offset)), (_, _, _) => { });
        Driver = new VirtioDisk(new VirtioTransport(common, notifications, 4, status, device) { Messages = 2 }, Memory);
    }

    public override DiskDevice Driver { get; }

    public ulong Offered { get; set; } = VirtioFeatures.VIRTIO_F_VERSION_1 | VirtioFeatures.VIRTIO_F_INDIRECT_DESC | VirtioBlock.VIRTIO_BLK_F_SEG_MAX | VirtioBlock.VIRTIO_BLK_F_BLK_SIZE
        | VirtioBlock.VIRTIO_BLK_F_FLUSH | VirtioBlock.VIRTIO_BLK_F_DISCARD | VirtioBlock.VIRTIO_BLK_F_WRITE_ZEROES | VirtioBlock.VIRTIO_BLK_F_MQ;

    public void Put(int field, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(_configuration.AsSpan(field), value);

    public override void Run()
    {
        int atOnce = 0;
        while (!IsWild && !IsHung && !IsUnplugged && _isEnabled && (_status & (byte)VirtioStatus.DRIVER_OK) != 0
            && BinaryPrimitives.ReadUInt16LittleEndian(Memory.At(_available + 2, 2)) != _availableIndex)
        {
            ushort id = BinaryPrimitives.ReadUInt16LittleEndian(Memory.At(_available + 4 + 2ul * (ulong)(_availableIndex++ % _size), 2));
            Serve(id);
            MostAtOnce = Math.Max(MostAtOnce, ++atOnce);
        }
    }

    public override void Forget() => _availableIndex = BinaryPrimitives.ReadUInt16LittleEndian(Memory.At(_available + 2, 2));

    public override void ClaimDone(uint what)
    {
        if (!_isEnabled)
            return;
        Span<byte> element = Memory.At(_used + 4 + 8ul * (ulong)(_usedIndex % _size), 8);
        BinaryPrimitives.WriteUInt32LittleEndian(element, what);
        BinaryPrimitives.WriteUInt32LittleEndian(element[4..], what);
        BinaryPrimitives.WriteUInt16LittleEndian(Memory.At(_used + 2, 2), ++_usedIndex);
    }

    private void Serve(ushort id)
    {
        Span<byte> descriptor = Memory.At(_descriptors + 16ul * id, 16);
        Assert.Equal(VirtqDescriptorFlags.VIRTQ_DESC_F_INDIRECT, (VirtqDescriptorFlags)BinaryPrimitives.ReadUInt16LittleEndian(descriptor[12..]));
        ulong table = BinaryPrimitives.ReadUInt64LittleEndian(descriptor);
        int count = (int)BinaryPrimitives.ReadUInt32LittleEndian(descriptor[8..]) / 16;
        List<(ulong Address, int Length, bool IsWritable)> chain = [];
        for (int i = 0; i < count; i++)
        {
            Span<byte> entry = Memory.At(table + 16ul * (ulong)i, 16);
            ushort flags = BinaryPrimitives.ReadUInt16LittleEndian(entry[12..]);
            Assert.Equal(i + 1 < count, (flags & 1) != 0);
            Assert.Equal(i + 1 < count ? i + 1 : 0, BinaryPrimitives.ReadUInt16LittleEndian(entry[14..]));
            chain.Add((BinaryPrimitives.ReadUInt64LittleEndian(entry), (int)BinaryPrimitives.ReadUInt32LittleEndian(entry[8..]), (flags & 2) != 0));
        }
        Span<byte> header = Memory.At(chain[0].Address, chain[0].Length);
        Assert.True(header.Length == 16 && !chain[0].IsWritable && chain[^1] is { Length: 1, IsWritable: true });
        VirtioBlockType type = (VirtioBlockType)BinaryPrimitives.ReadUInt32LittleEndian(header);
        long sector = (long)BinaryPrimitives.ReadUInt64LittleEndian(header[8..]);
        (ulong Address, int Length, bool IsWritable)[] data = [.. chain.Skip(1).SkipLast(1)];
        VirtioBlockStatus status = VirtioBlockStatus.VIRTIO_BLK_S_OK;
        switch (type)
        {
            case VirtioBlockType.VIRTIO_BLK_T_IN or VirtioBlockType.VIRTIO_BLK_T_OUT:
                bool isWrite = type == VirtioBlockType.VIRTIO_BLK_T_OUT;
                Assert.All(data, part => Assert.Equal(!isWrite, part.IsWritable));
                long bytes = data.Sum(part => part.Length);
                Assert.True(sector * 512 % BlockBytes == 0 && bytes % BlockBytes == 0);
                if (IsBad(sector * 512 / BlockBytes, bytes / BlockBytes))
                    status = VirtioBlockStatus.VIRTIO_BLK_S_IOERR;
                else
                    Move(sector * 512, data.Select(part => (part.Address, part.Length)), isWrite);
                break;
            case VirtioBlockType.VIRTIO_BLK_T_DISCARD or VirtioBlockType.VIRTIO_BLK_T_WRITE_ZEROES:
                Span<byte> range = Memory.At(data.Single().Address, 16);
                Assert.Equal(type == VirtioBlockType.VIRTIO_BLK_T_WRITE_ZEROES ? VirtioBlock.Unmap : 0, BinaryPrimitives.ReadUInt32LittleEndian(range[12..]));
                Content.AsSpan((int)(512 * BinaryPrimitives.ReadUInt64LittleEndian(range)), 512 * (int)BinaryPrimitives.ReadUInt32LittleEndian(range[8..])).Clear();
                break;
            case VirtioBlockType.VIRTIO_BLK_T_FLUSH:
                Flushes++;
                break;
            case VirtioBlockType.VIRTIO_BLK_T_GET_ID:
                Encoding.ASCII.GetBytes(SerialNumber, Memory.At(data.Single().Address, 20));
                break;
            default:
                Assert.Fail($"{type}");
                break;
        }
        Memory.At(chain[^1].Address, 1)[0] = (byte)status;
        ClaimDone(id);
    }

    private uint ReadCommon(uint offset, int width) => offset switch
    {
        VirtioPciCommonConfiguration.device_feature => (uint)(Offered >> (_featureHalf == 0 ? 0 : 32)),
        VirtioPciCommonConfiguration.device_status => _status,
        VirtioPciCommonConfiguration.config_generation => 0,
        VirtioPciCommonConfiguration.queue_size => QueueSize,
        VirtioPciCommonConfiguration.config_msix_vector => 0,
        VirtioPciCommonConfiguration.queue_msix_vector => _message,
        VirtioPciCommonConfiguration.queue_notify_off => 0,
        _ => throw new InvalidOperationException($"{offset}, {width}"),
    };

    private void WriteCommon(uint offset, int width, uint value)
    {
        switch (offset)
        {
            case VirtioPciCommonConfiguration.device_feature_select or VirtioPciCommonConfiguration.driver_feature_select:
                _featureHalf = value;
                break;
            case VirtioPciCommonConfiguration.device_status:
                _status = (byte)value;
                if (value == 0)
                {
                    Tamper?.Invoke(_configuration);
                    Resets++;
                    _isEnabled = false;
                    _availableIndex = _usedIndex = 0;
                }
                break;
            case VirtioPciCommonConfiguration.queue_size:
                _size = (int)value;
                break;
            case VirtioPciCommonConfiguration.queue_msix_vector:
                _message = (ushort)value;
                break;
            case VirtioPciCommonConfiguration.queue_enable:
                _isEnabled = true;
                break;
            case >= VirtioPciCommonConfiguration.queue_desc and < VirtioPciCommonConfiguration.Length:
                int shift = offset % 8 == 0 ? 0 : 32;
                ref ulong address = ref offset < 0x28 ? ref _descriptors : ref offset < 0x30 ? ref _available : ref _used;
                address = address & (ulong)uint.MaxValue << (32 - shift) | (ulong)value << shift;
                break;
        }
    }
}
