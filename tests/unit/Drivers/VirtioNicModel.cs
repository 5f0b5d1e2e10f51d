using System.Buffers.Binary;
using HyperOS.Core;
using HyperOS.Ethernet;
using HyperOS.Specs.Virtio;
using HyperOS.Virtio;

namespace HyperOS.Tests.Unit.Drivers;

/// <summary>A virtio network device on PCI, as far as its driver uses it.</summary>
internal sealed class VirtioNicModel : INicModel
{
    private readonly Queue[] _queues = [new(), new()];
    private readonly byte[] _configuration = new byte[12];
    private ushort _selected;
    private uint _featureHalf;
    private byte _status;

    public VirtioNicModel()
    {
        Memory = new FakeDma(VirtioNic.Pages);
        NicBench.Mac.TryWrite(_configuration);
        _configuration[VirtioNet.Status] = (byte)VirtioNetStatus.VIRTIO_NET_S_LINK_UP;
        Window common = new(this, VirtioPciCommonConfiguration.Length, ReadCommon, WriteCommon);
        Window notifications = new(this, 8, (_, _) => 0, (_, _, _) => Run());
        Window status = new(this, 1, (_, _) => 0, (_, _, _) => { });
        Window device = new(this, 12, (offset, width) => width == 1 ? _configuration[offset] : BinaryPrimitives.ReadUInt16LittleEndian(_configuration.AsSpan((int)offset)), (_, _, _) => { });
        Driver = new VirtioNic(new VirtioTransport(common, notifications, 4, status, device) { Messages = 2 }, Memory);
    }

    public FakeDma Memory { get; }

    public NicDevice Driver { get; }

    public List<byte[]> Transmitted { get; } = [];

    public bool IsLinkUp { set => _configuration[VirtioNet.Status] = (byte)(value ? 1 : 0); }

    public bool IsUnplugged { get; set; }

    public bool IsHung { get; set; }

    /// <summary>Its rings are overwritten: it transmits nothing, for they lead anywhere.</summary>
    public bool IsWild { get; init; }

    public ulong Offered { get; set; } = VirtioFeatures.VIRTIO_F_VERSION_1 | VirtioNet.VIRTIO_NET_F_MAC | VirtioNet.VIRTIO_NET_F_STATUS | VirtioNet.VIRTIO_NET_F_MQ;

    public ulong Accepted { get; private set; }

    public ushort QueueSize { get; set; } = 64;

    public bool Receive(byte[] frame)
    {
        if (!TryNext(_queues[0], out ushort id))
            return false;
        Span<byte> buffer = Memory.At(Descriptor(_queues[0], id, out int length), length);
        buffer[..VirtioNet.HeaderBytes].Clear();
        frame.CopyTo(buffer[VirtioNet.HeaderBytes..]);
        Use(0, id, (uint)(VirtioNet.HeaderBytes + frame.Length));
        return true;
    }

    public void ClaimLength(uint length)
    {
        if (TryNext(_queues[0], out ushort id))
            Use(0, id, length);
    }

    public void Run()
    {
        while (!IsWild && !IsHung && !IsUnplugged && TryNext(_queues[1], out ushort id))
        {
            byte[] bytes = Memory.At(Descriptor(_queues[1], id, out int length), length).ToArray();
            Assert.All(bytes[..VirtioNet.HeaderBytes], part => Assert.Equal(0, part));
            Transmitted.Add(bytes[VirtioNet.HeaderBytes..]);
            Use(1, id, 0);
        }
    }

    /// <summary>Says that a descriptor was used, whichever it is.</summary>
    public void Use(int index, uint id, uint length)
    {
        Queue queue = _queues[index];
        if (queue.Size == 0)
            return;
        Span<byte> element = Memory.At(queue.Used + 4 + 8ul * (ulong)(queue.UsedIndex % queue.Size), 8);
        BinaryPrimitives.WriteUInt32LittleEndian(element, id);
        BinaryPrimitives.WriteUInt32LittleEndian(element[4..], length);
        SetUsedIndex(index, ++queue.UsedIndex);
    }

    public void SetUsedIndex(int index, ushort value)
    {
        if (_queues[index].Size != 0)
            BinaryPrimitives.WriteUInt16LittleEndian(Memory.At(_queues[index].Used + 2, 2), value);
    }

    private ulong Descriptor(Queue queue, ushort id, out int length)
    {
        Span<byte> descriptor = Memory.At(queue.Descriptors + 16ul * id, 16);
        length = (int)BinaryPrimitives.ReadUInt32LittleEndian(descriptor[8..]);
        return BinaryPrimitives.ReadUInt64LittleEndian(descriptor);
    }

    private bool TryNext(Queue queue, out ushort id)
    {
        id = 0;
        if (IsUnplugged || !queue.IsEnabled || (_status & (byte)VirtioStatus.DRIVER_OK) == 0
            || BinaryPrimitives.ReadUInt16LittleEndian(Memory.At(queue.Available + 2, 2)) == queue.AvailableIndex)
        {
            return false;
        }
        id = BinaryPrimitives.ReadUInt16LittleEndian(Memory.At(queue.Available + 4 + 2ul * (ulong)(queue.AvailableIndex++ % queue.Size), 2));
        return true;
    }

    private uint ReadCommon(uint offset, int width) => offset switch
    {
        VirtioPciCommonConfiguration.device_feature => (uint)(Offered >> (_featureHalf == 0 ? 0 : 32)),
        VirtioPciCommonConfiguration.device_status => _status,
        VirtioPciCommonConfiguration.queue_size => _selected < 2 ? QueueSize : 0u,
        VirtioPciCommonConfiguration.config_msix_vector => 0,
        VirtioPciCommonConfiguration.queue_msix_vector => _queues[_selected].Message,
        VirtioPciCommonConfiguration.queue_notify_off => _selected,
        _ => throw new InvalidOperationException($"{offset}, {width}"),
    };

    private void WriteCommon(uint offset, int width, uint value)
    {
        Queue queue = _queues[_selected];
        switch (offset)
        {
            case VirtioPciCommonConfiguration.device_feature_select or VirtioPciCommonConfiguration.driver_feature_select:
                _featureHalf = value;
                break;
            case VirtioPciCommonConfiguration.driver_feature:
                Accepted = _featureHalf == 0 ? value : Accepted | (ulong)value << 32;
                break;
            case VirtioPciCommonConfiguration.device_status:
                _status = (byte)value;
                if (value == 0)
                    (_queues[0], _queues[1]) = (new Queue(), new Queue());
                break;
            case VirtioPciCommonConfiguration.queue_select:
                _selected = (ushort)value;
                break;
            case VirtioPciCommonConfiguration.queue_size:
                queue.Size = (int)value;
                break;
            case VirtioPciCommonConfiguration.queue_msix_vector:
                queue.Message = (ushort)value;
                break;
            case VirtioPciCommonConfiguration.queue_enable:
                queue.IsEnabled = true;
                break;
            case >= VirtioPciCommonConfiguration.queue_desc and < VirtioPciCommonConfiguration.Length:
                int shift = offset % 8 == 0 ? 0 : 32;
                ulong mask = (ulong)uint.MaxValue << (32 - shift), half = (ulong)value << shift;
                ref ulong address = ref offset < 0x28 ? ref queue.Descriptors : ref offset < 0x30 ? ref queue.Available : ref queue.Used;
                address = address & mask | half;
                break;
        }
    }

    private sealed class Queue
    {
        public int Size;
        public ushort Message = VirtioPci.VIRTIO_MSI_NO_VECTOR, AvailableIndex, UsedIndex;
        public bool IsEnabled;
        public ulong Descriptors, Available, Used;
    }

    private sealed class Window(VirtioNicModel model, uint length, Func<uint, int, uint> read, Action<uint, int, uint> write) : DeviceRegisters
    {
        public override uint Length => length;

        public override byte Read8(uint offset) => (byte)Read(offset, 1);

        public override ushort Read16(uint offset) => (ushort)Read(offset, 2);

        public override uint Read32(uint offset) => Read(offset, 4);

        public override void Write8(uint offset, byte value) => Write(offset, 1, value);

        public override void Write16(uint offset, ushort value) => Write(offset, 2, value);

        public override void Write32(uint offset, uint value) => Write(offset, 4, value);

        private uint Read(uint offset, int width)
        {
            Check(offset, width);
            return model.IsUnplugged ? uint.MaxValue >> (32 - 8 * width) : read(offset, width);
        }

        private void Write(uint offset, int width, uint value)
        {
            Check(offset, width);
            if (!model.IsUnplugged)
                write(offset, width, value);
        }

        private void Check(uint offset, int width)
        {
            Assert.InRange(offset + (uint)width, 1u, length);
            Assert.Equal(0u, offset % (uint)width);
        }
    }
}
