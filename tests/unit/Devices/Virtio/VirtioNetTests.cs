using System.Buffers.Binary;
using HyperOS.Abi.State;
using HyperOS.Core;
using HyperOS.Devices;
using HyperOS.Specs.Virtio;

namespace HyperOS.Tests.Unit.Devices;

public class VirtioNetTests
{
    private const ulong Mergeable = VirtioNet.VIRTIO_NET_F_MRG_RXBUF, Multiqueue = VirtioNet.VIRTIO_NET_F_MQ;
    private const int Receive = 0, Transmit = 1;

    private static readonly MacAddress s_own = new(0x5254_0012_3456);

    private readonly TestRam _ram = new(16 << 20, 1 << 16);
    private readonly TestPort _port = new();
    private readonly VirtioNetDevice _device;
    private readonly GuestDriver _driver;

    public VirtioNetTests()
    {
        _device = NewDevice(_port);
        _driver = new GuestDriver(_device, _ram);
    }

    private VirtioNetDevice NewDevice(params TestPort[] ports) =>
        new(_ram, new VirtioNetConfiguration { Address = s_own, Mtu = 1500 }, ports);

    private static byte[] Frame(int length, ulong destination = 0x5254_0012_3456)
    {
        byte[] frame = new byte[Math.Max(length, 14)];
        new MacAddress(destination).TryWrite(frame);
        new MacAddress(0x0200_0000_0001).TryWrite(frame.AsSpan(6));
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(12), 0x88B5);
        for (int i = 14; i < length; i++)
            frame[i] = (byte)(i * 7);
        return frame[..length];
    }

    private static byte[] Header(byte flags = 0, byte type = 0, ushort length = 0, ushort size = 0, ushort start = 0, ushort offset = 0)
    {
        byte[] header = new byte[12];
        header[0] = flags;
        header[1] = type;
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(2), length);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(4), size);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(6), start);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(8), offset);
        return header;
    }

    private DeliveryStatus Deliver(byte[] bytes, FrameOffload offload = default, int pair = 0, bool flushes = true)
    {
        DeliveryStatus status = _device.Deliver(new Frame(bytes, null, 0, 0, 0, in offload), pair);
        if (flushes)
            _device.Flush(pair);
        return status;
    }

    private bool Control(byte kind, byte command, params byte[] data)
    {
        int control = (_device.AcceptedFeatures & Multiqueue) != 0 ? _device.QueueCount - 1 : 2;
        Buffer acknowledgement = _driver.Writable(1);
        _driver[control].Do(_driver.Readable([kind, command, .. data]), acknowledgement);
        return _driver.Content(acknowledgement)[0] == 0;
    }

    private static byte[] Table(params ulong[] addresses)
    {
        byte[] bytes = new byte[4 + 6 * addresses.Length];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, addresses.Length);
        for (int i = 0; i < addresses.Length; i++)
            new MacAddress(addresses[i]).TryWrite(bytes.AsSpan(4 + 6 * i));
        return bytes;
    }

    [Fact]
    public void A_frame_is_offered_as_it_lies_behind_its_header()
    {
        _driver.Start();
        byte[] frame = Frame(100);
        Assert.Equal(0u, _driver[Transmit].Do(_driver.Readable([.. Header(), .. frame])));
        Assert.Equal(frame, Assert.Single(_port.Frames).Bytes);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(12)]
    [InlineData(13)]
    public void Frames_may_lie_in_pieces_wherever_they_are_cut(int piece)
    {
        _driver.Start();
        byte[] frame = Frame(60);
        Buffer[] buffers = [.. ((byte[])[.. Header(), .. frame]).Chunk(piece).Select(part => _driver.Readable(part))];
        _driver[Transmit].Do(buffers);
        Assert.Equal(frame, Assert.Single(_port.Frames).Bytes);
    }

    [Fact]
    public void Offloads_pass_as_the_guest_claims_them()
    {
        _driver.Start();
        _driver[Transmit].Do(_driver.Readable([.. Header(1, 1 | 0x80, 54, 1448, 34, 16), .. Frame(4000)]));
        FrameOffload offload = Assert.Single(_port.Frames).Offload;
        Assert.True(offload.NeedsChecksum && offload.HasEcn);
        Assert.Equal(FrameSegmentation.TcpV4, offload.Segmentation);
        Assert.Equal((34, 16, 54, 1448), (offload.ChecksumStart, offload.ChecksumOffset, offload.HeaderLength, offload.SegmentSize));
    }

    [Fact]
    public void Frames_are_offered_in_batches_of_thirty_two_at_most()
    {
        _driver.Start();
        for (int i = 0; i < 80; i++)
            _driver[Transmit].Add(_driver.Readable([.. Header(), .. Frame(60 + i)]));
        _driver[Transmit].Kick(80);
        Assert.Equal([32, 32, 16], _port.Batches);
        Assert.Equal(Enumerable.Range(60, 80), _port.Frames.Select(frame => frame.Bytes.Length));
        Assert.Equal(80, _driver[Transmit].UsedIndex);
        Assert.Equal(1, _driver.QueueInterrupts[Transmit]);
    }

    [Fact]
    public void Frames_that_the_port_does_not_take_stay_in_the_queue()
    {
        _driver.Start();
        _port.Room = 3;
        for (int i = 0; i < 5; i++)
            _driver[Transmit].Add(_driver.Readable([.. Header(), .. Frame(60 + i)]));
        _driver[Transmit].Kick(5);
        Assert.Equal(ServiceOutcome.Waiting, _driver.LastOutcome);
        Assert.Equal(3, _driver[Transmit].UsedIndex);
        _port.Room = 100;
        _driver.Serve(Transmit);
        Assert.Equal(5, _driver[Transmit].UsedIndex);
        Assert.Equal(Enumerable.Range(60, 5), _port.Frames.Select(frame => frame.Bytes.Length));
    }

    [Theory]
    [InlineData(13, 0)]
    [InlineData(65554, 0)]
    [InlineData(60, 2)]
    [InlineData(60, 3)]
    public void Frames_that_no_port_may_see_are_dropped_and_the_others_go(int length, byte type)
    {
        _driver.Start();
        _driver[Transmit].Add(_driver.Readable([.. Header(), .. Frame(70)]));
        _driver[Transmit].Add(_driver.Readable([.. Header(type: type), .. Frame(length)]));
        _driver[Transmit].Add(_driver.Readable([.. Header(), .. Frame(80)]));
        _driver[Transmit].Kick(3);
        Assert.Equal([70, 80], _port.Frames.Select(frame => frame.Bytes.Length));
        Assert.Equal(3, _driver[Transmit].UsedIndex);
        Assert.False(_driver.NeedsReset);
    }

    [Fact]
    public void A_frame_without_a_whole_header_breaks_the_device_behind_those_before()
    {
        _driver.Start();
        _driver[Transmit].Add(_driver.Readable([.. Header(), .. Frame(70)]));
        _driver[Transmit].Add(_driver.Readable(new byte[11]));
        _driver[Transmit].Kick(2);
        Assert.Single(_port.Frames);
        Assert.Equal(1, _driver[Transmit].UsedIndex);
        Assert.True(_driver.NeedsReset);
    }

    [Fact]
    public void A_buffer_to_write_among_those_to_send_breaks_the_device()
    {
        _driver.Start();
        _driver[Transmit].Add(_driver.Readable([.. Header(), .. Frame(70)]), _driver.Writable(1));
        _driver[Transmit].Kick();
        Assert.True(_driver.NeedsReset);
        Assert.Empty(_port.Frames);
    }

    [Fact]
    public void A_budget_divides_what_is_sent()
    {
        _driver.Start();
        _driver.ServesAtOnce = false;
        for (int i = 0; i < 10; i++)
            _driver[Transmit].Add(_driver.Readable([.. Header(), .. Frame(1000)]));
        Assert.Equal(ServiceOutcome.More, _device.Service(Transmit, 3 * (VirtioDevice.ChainCost + 1000)));
        Assert.Equal(3, _port.Frames.Count);
        Assert.Equal(ServiceOutcome.More, _device.Service(Transmit, 0));
        Assert.Equal(4, _port.Frames.Count);
        Assert.Equal(ServiceOutcome.Idle, _device.Service(Transmit, 1 << 20));
    }

    [Fact]
    public void A_frame_that_comes_and_goes_uses_up_the_budget()
    {
        _driver.Start();
        int looks = 0;
        _ram.Other = address =>
        {
            // Nothing is there for a look at a single buffer and one at a chain, but something for the last look before the wait.
            if (address == _driver[Transmit].Available + 2)
                _driver[Transmit].Write16(address, (ushort)(++looks % 3 == 0 ? 1 : 0));
        };
        Assert.Equal(ServiceOutcome.More, _device.Service(Transmit, 100 * VirtioDevice.ChainCost));
    }

    [Fact]
    public void A_received_frame_lies_behind_its_header_in_one_buffer()
    {
        _driver.Start();
        Buffer buffer = _driver.Writable(1600);
        _driver[Receive].Add(buffer);
        byte[] frame = Frame(200);
        Assert.Equal(DeliveryStatus.Delivered, Deliver(frame));
        Assert.True(_driver[Receive].TryTake(out _, out uint written));
        Assert.Equal(212u, written);
        Assert.Equal([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0], _driver.Content(buffer)[..12]);
        Assert.Equal(frame, _driver.Content(buffer)[12..212]);
        Assert.Equal(0xEE, _driver.Content(buffer)[212]);
        Assert.Equal(1, _driver.QueueInterrupts[Receive]);
    }

    [Fact]
    public void Mergeable_buffers_share_a_frame_and_the_first_tells_how_many()
    {
        _driver.Start();
        Buffer[] buffers = [.. Enumerable.Range(0, 5).Select(_ => _driver.Writable(100))];
        foreach (Buffer buffer in buffers)
            _driver[Receive].Add(buffer);
        byte[] frame = Frame(300);
        Assert.Equal(DeliveryStatus.Delivered, Deliver(frame));
        uint total = 0;
        for (int i = 0; i < 4; i++)
        {
            Assert.True(_driver[Receive].TryTake(out _, out uint written));
            Assert.Equal(i == 3 ? 12u : 100u, written);
            total += written;
        }
        Assert.False(_driver[Receive].TryTake(out _, out _));
        Assert.Equal(312u, total);
        byte[] all = [.. buffers.SelectMany(_driver.Content)];
        Assert.Equal(4, BinaryPrimitives.ReadUInt16LittleEndian(all.AsSpan(10)));
        Assert.Equal(frame, all[12..312]);
    }

    [Fact]
    public void Nothing_of_a_frame_is_seen_before_the_flush_of_its_batch()
    {
        _driver.Start();
        _driver[Receive].Add(_driver.Writable(100));
        _driver[Receive].Add(_driver.Writable(100));
        Deliver(Frame(60), flushes: false);
        Deliver(Frame(60), flushes: false);
        Assert.Equal(0, _driver[Receive].UsedIndex);
        _device.Flush(0);
        Assert.Equal(2, _driver[Receive].UsedIndex);
        Assert.Equal(1, _driver.QueueInterrupts[Receive]);
    }

    [Fact]
    public void A_frame_for_which_buffers_do_not_suffice_is_dropped_and_they_stay()
    {
        _driver.Start();
        _driver[Receive].Add(_driver.Writable(100));
        Assert.Equal(DeliveryStatus.NoBuffer, Deliver(Frame(300)));
        Assert.Equal(DeliveryStatus.Delivered, Deliver(Frame(60)));
        Assert.Equal(DeliveryStatus.NoBuffer, Deliver(Frame(60)));
        Assert.Equal(1, _driver[Receive].UsedIndex);
    }

    [Fact]
    public void Without_mergeable_buffers_a_frame_that_is_too_long_for_one_is_dropped()
    {
        _driver.Start(Mergeable);
        Buffer one = _driver.Writable(50), two = _driver.Writable(50);
        _driver[Receive].Add(one, two);
        _driver[Receive].Add(_driver.Writable(100));
        Assert.Equal(DeliveryStatus.TooLong, Deliver(Frame(89)));
        byte[] frame = Frame(88);
        Assert.Equal(DeliveryStatus.Delivered, Deliver(frame));
        Assert.Equal(frame, ((byte[])[.. _driver.Content(one), .. _driver.Content(two)])[12..]);
    }

    [Fact]
    public void A_frame_that_would_take_too_many_buffers_is_dropped()
    {
        _driver.Start();
        for (int i = 0; i < 200; i++)
            _driver[Receive].Add(_driver.Writable(1));
        Assert.Equal(DeliveryStatus.TooLong, Deliver(Frame(100)));
        Assert.False(_driver.NeedsReset);
        Assert.Equal(0, _driver[Receive].UsedIndex);
    }

    [Fact]
    public void Buffers_to_receive_need_no_notification()
    {
        _driver.Start(VirtioFeatures.VIRTIO_F_EVENT_IDX);
        _driver[Receive].Add(_driver.Writable(100));
        Assert.False(_driver[Receive].Kick());
        Assert.Equal(DeliveryStatus.Delivered, Deliver(Frame(60)));
    }

    [Fact]
    public void A_broken_receive_queue_breaks_the_receiver()
    {
        _driver.Start();
        _driver[Receive].Add(new Buffer(0xFFFF_FFFF_0000, 100, true));
        Assert.Equal(DeliveryStatus.NotReady, Deliver(Frame(60)));
        Assert.True(_driver.NeedsReset);
        Assert.Equal(DeliveryStatus.NotReady, Deliver(Frame(60)));
    }

    [Fact]
    public void Offloads_that_the_guest_knows_reach_it_as_they_are()
    {
        _driver.Start();
        Buffer buffer = _driver.Writable(1600);
        _driver[Receive].Add(buffer);
        FrameOffload offload = new()
        {
            NeedsChecksum = true, ChecksumStart = 34, ChecksumOffset = 16, Segmentation = FrameSegmentation.TcpV6, HasEcn = true, SegmentSize = 1000,
            HeaderLength = 74,
        };
        Deliver(Frame(1500), offload);
        Assert.Equal([1, 0x84, 74, 0, 0xE8, 0x03, 34, 0, 16, 0, 1, 0], _driver.Content(buffer)[..12]);
        _driver[Receive].Add(buffer);
        Deliver(Frame(60), new FrameOffload { IsChecksumValid = true });
        Assert.Equal([2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0], _driver.Content(buffer)[..12]);
    }

    [Fact]
    public void Without_checksum_offload_the_guest_is_not_told_of_valid_ones()
    {
        _driver.Start(VirtioNet.VIRTIO_NET_F_GUEST_CSUM);
        Assert.Equal(FrameOffloads.None, _device.Accepts);
        Buffer buffer = _driver.Writable(100);
        _driver[Receive].Add(buffer);
        Deliver(Frame(60), new FrameOffload { IsChecksumValid = true });
        Assert.Equal(0, _driver.Content(buffer)[0]);
    }

    [Fact]
    public void What_the_guest_accepts_is_what_it_negotiated_and_set()
    {
        Assert.Equal(FrameOffloads.None, _device.Accepts);
        _driver.Start(VirtioNet.VIRTIO_NET_F_GUEST_TSO6 | VirtioNet.VIRTIO_NET_F_GUEST_USO6);
        Assert.Equal(FrameOffloads.Checksum | FrameOffloads.TcpV4 | FrameOffloads.TcpEcn, _device.Accepts);
        Assert.True(Control(5, 0, 2, 0, 0, 0, 0, 0, 0, 0));
        Assert.Equal(FrameOffloads.Checksum, _device.Accepts);
        // What was not negotiated cannot be switched on.
        Assert.False(Control(5, 0, 2 | 0x80, 1, 0, 0, 0, 0, 0, 0));
        Assert.False(Control(5, 0, 2));
        Assert.Equal(FrameOffloads.Checksum, _device.Accepts);
        _device.WriteStatus(0);
        Assert.Equal(FrameOffloads.None, _device.Accepts);
    }

    [Fact]
    public void Frames_go_from_guest_to_guest()
    {
        _driver.Start();
        TestRam otherRam = new(1 << 20, TestRam.SmallestBlock);
        VirtioNetDevice other = new(otherRam, new VirtioNetConfiguration { Address = new MacAddress(2) }, [new TestPort()]);
        GuestDriver receiver = new GuestDriver(other, otherRam).Start();
        _port.Peer = other;
        Buffer[] buffers = [.. Enumerable.Range(0, 40).Select(_ => receiver.Writable(1700))];
        foreach (Buffer buffer in buffers)
            receiver[Receive].Add(buffer);
        byte[][] frames = [.. Enumerable.Range(0, 40).Select(i => Frame(60 + 30 * i))];
        foreach (byte[] frame in frames)
            _driver[Transmit].Add(_driver.Readable(Header()), _driver.Readable(frame));
        _driver[Transmit].Kick(40);
        for (int i = 0; i < 40; i++)
        {
            Assert.True(receiver[Receive].TryTake(out _, out uint written));
            Assert.Equal(frames[i], receiver.Content(buffers[i])[12..(int)written]);
        }
    }

    [Fact]
    public void Without_a_link_nothing_passes_and_the_guest_is_told()
    {
        _driver.Start();
        Assert.Equal(1, _driver.Configuration(VirtioNet.Status, 2)[0]);
        _device.SetLink(false);
        _device.SetLink(false);
        Assert.Equal(1, _driver.ConfigurationInterrupts);
        Assert.Equal(0, _driver.Configuration(VirtioNet.Status, 2)[0]);
        _driver[Receive].Add(_driver.Writable(100));
        Assert.Equal(DeliveryStatus.NotReady, Deliver(Frame(60)));
        _driver[Transmit].Do(_driver.Readable([.. Header(), .. Frame(60)]));
        Assert.Empty(_port.Frames);
        _device.SetLink(true);
        Assert.Equal(2, _driver.ConfigurationInterrupts);
        Assert.Equal(DeliveryStatus.Delivered, Deliver(Frame(60)));
    }

    [Fact]
    public void The_configuration_holds_address_pairs_and_mtu()
    {
        Assert.Equal([0x52, 0x54, 0, 0x12, 0x34, 0x56, 1, 0, 1, 0, 0xDC, 0x05], _driver.Configuration(0, 12));
    }

    [Fact]
    public void Before_the_driver_speaks_of_filters_all_frames_are_its()
    {
        _driver.Start();
        _driver[Receive].Add(_driver.Writable(100));
        Assert.Equal(DeliveryStatus.Delivered, Deliver(Frame(60, 0x5254_0000_0099)));
        Assert.False(_port.IsPromiscuous);
    }

    [Fact]
    public void Modes_and_tables_filter_frames()
    {
        _driver.Start();
        for (int i = 0; i < 20; i++)
            _driver[Receive].Add(_driver.Writable(100));
        const ulong Other = 0x5254_0000_0099, Multicast = 0x0100_5E00_0001, All = 0xFFFF_FFFF_FFFF;
        bool Gets(ulong destination) => Deliver(Frame(60, destination)) == DeliveryStatus.Delivered;
        Assert.True(Control(0, 0, 1));
        Assert.True(_port.IsPromiscuous);
        Assert.True(Control(0, 0, 0));
        Assert.False(_port.IsPromiscuous);
        Assert.True(Gets(s_own.Value) && Gets(All));
        Assert.False(Gets(Other) || Gets(Multicast));
        Assert.True(Control(1, 0, [.. Table(Other), .. Table(Multicast)]));
        Assert.True(Gets(Other) && Gets(Multicast));
        Assert.True(Control(1, 0, [.. Table(), .. Table()]));
        Assert.False(Gets(Other) || Gets(Multicast));
        Assert.True(Control(0, 1, 1));
        Assert.True(Gets(Multicast) && !Gets(Other));
        Assert.True(Control(0, 2, 1));
        Assert.True(Gets(Other));
        Assert.True(Control(0, 3, 1) && Control(0, 4, 1) && Control(0, 5, 1));
        Assert.False(Gets(Other) || Gets(Multicast) || Gets(All) || Gets(s_own.Value));
        Assert.False(Control(0, 6, 1));
        Assert.False(Control(0, 0));
    }

    [Fact]
    public void Addresses_that_do_not_fit_let_their_kind_through()
    {
        _driver.Start();
        _driver[Receive].Add(_driver.Writable(100));
        Control(0, 0, 0);
        ulong[] many = [.. Enumerable.Range(0, 100).Select(i => 0x0100_5E00_0000ul + (uint)i)];
        Assert.True(Control(1, 0, [.. Table(), .. Table(many)]));
        Assert.Equal(DeliveryStatus.Delivered, Deliver(Frame(60, 0x0100_5E00_FFFF)));
        Assert.Equal(DeliveryStatus.Filtered, Deliver(Frame(60, 0x5254_0000_0099)));
    }

    [Fact]
    public void Tables_with_fewer_addresses_than_they_claim_are_refused()
    {
        _driver.Start();
        byte[] table = Table(1, 2);
        BinaryPrimitives.WriteUInt32LittleEndian(table, uint.MaxValue);
        Assert.False(Control(1, 0, [.. table, .. Table()]));
        Assert.False(Control(1, 0, Table()));
        Assert.False(Control(1, 0, 1, 0));
    }

    [Fact]
    public void The_address_can_be_set_and_a_reset_takes_it_back()
    {
        _driver.Start();
        Assert.True(Control(1, 1, 2, 0, 0, 0, 0, 7));
        Assert.Equal(0x0200_0000_0007ul, _port.Address.Value);
        Assert.Equal([2, 0, 0, 0, 0, 7], _driver.Configuration(0, 6));
        Assert.False(Control(1, 1, 3, 0, 0, 0, 0, 7));
        _device.WriteStatus(0);
        Assert.Equal(s_own.Value, _port.Address.Value);
        Assert.Equal(0x52, _driver.Configuration(0, 1)[0]);
    }

    [Fact]
    public void Tagged_frames_come_by_the_table_of_vlans()
    {
        _driver.Start();
        _driver[Receive].Add(_driver.Writable(100));
        _driver[Receive].Add(_driver.Writable(100));
        byte[] frame = Frame(60);
        frame[12] = 0x81;
        frame[13] = 0;
        frame[14] = 0xE1;
        frame[15] = 0x23;
        Assert.Equal(DeliveryStatus.Filtered, Deliver(frame));
        Assert.True(Control(2, 0, 0x23, 0x01));
        Assert.Equal(DeliveryStatus.Delivered, Deliver(frame));
        Assert.True(Control(2, 1, 0x23, 0x01));
        Assert.Equal(DeliveryStatus.Filtered, Deliver(frame));
        Assert.False(Control(2, 0, 0x00, 0x10));
        Assert.False(Control(2, 2, 0, 0));
        Assert.Equal(DeliveryStatus.Delivered, Deliver(Frame(60)));
    }

    [Fact]
    public void Without_the_vlan_filter_tagged_frames_come()
    {
        _driver.Start(VirtioNet.VIRTIO_NET_F_CTRL_VLAN);
        _driver[Receive].Add(_driver.Writable(100));
        byte[] frame = Frame(60);
        frame[12] = 0x81;
        frame[13] = 0;
        Assert.Equal(DeliveryStatus.Delivered, Deliver(frame));
    }

    [Fact]
    public void An_announcement_is_asked_for_until_it_is_acknowledged()
    {
        _driver.Start();
        _device.Announce();
        Assert.Equal(1, _driver.ConfigurationInterrupts);
        Assert.Equal(3, _driver.Configuration(VirtioNet.Status, 2)[0]);
        Assert.True(Control(3, 0));
        Assert.Equal(1, _driver.Configuration(VirtioNet.Status, 2)[0]);
    }

    [Fact]
    public void A_driver_that_does_not_know_of_announcements_is_not_asked()
    {
        _driver.Start(VirtioNet.VIRTIO_NET_F_GUEST_ANNOUNCE);
        _device.Announce();
        Assert.Equal(0, _driver.ConfigurationInterrupts);
        Assert.False(Control(3, 0));
    }

    [Theory]
    [InlineData(0, 9)]
    [InlineData(1, 2)]
    [InlineData(3, 1)]
    [InlineData(4, 1)]
    [InlineData(5, 1)]
    [InlineData(6, 0)]
    [InlineData(255, 255)]
    public void Commands_that_nobody_knows_are_refused(byte kind, byte command)
    {
        _driver.Start();
        Assert.False(Control(kind, command, 1, 0, 0, 0, 0, 0, 0, 0));
        Assert.False(_driver.NeedsReset);
    }

    [Fact]
    public void A_command_without_a_place_for_its_answer_breaks_the_device()
    {
        _driver.Start();
        _driver[2].Add(_driver.Readable([0, 0, 1]));
        _driver[2].Kick();
        Assert.True(_driver.NeedsReset);
    }

    [Fact]
    public void Several_pairs_send_and_receive_flows_where_they_were_sent()
    {
        TestPort[] ports = [new(), new(), new()];
        VirtioNetDevice device = NewDevice(ports);
        GuestDriver driver = new GuestDriver(device, _ram).Start();
        byte[] sent = Tcp(0x0A00_0001, 0x0A00_0002, 1000, 80), answer = Tcp(0x0A00_0002, 0x0A00_0001, 80, 1000);
        Assert.Equal(0, Select(device, answer));
        Buffer acknowledgement = driver.Writable(1);
        driver[6].Do(driver.Readable([4, 0, 3, 0]), acknowledgement);
        Assert.Equal(0, driver.Content(acknowledgement)[0]);
        driver[5].Do(driver.Readable(Header()), driver.Readable(sent));
        Assert.Equal(sent, Assert.Single(ports[2].Frames).Bytes);
        Assert.Equal(2, Select(device, answer));
        driver[6].Do(driver.Readable([4, 0, 2, 0]), driver.Writable(1));
        Assert.Equal(0, Select(device, answer));
        foreach (byte pairs in new byte[] { 0, 4 })
        {
            acknowledgement = driver.Writable(1);
            driver[6].Do(driver.Readable([4, 0, pairs, 0]), acknowledgement);
            Assert.Equal(1, driver.Content(acknowledgement)[0]);
        }
    }

    [Fact]
    public void For_a_driver_with_one_pair_the_control_queue_is_the_third()
    {
        VirtioNetDevice device = NewDevice(new TestPort(), new TestPort());
        GuestDriver driver = new GuestDriver(device, _ram).Start(Multiqueue);
        Buffer acknowledgement = driver.Writable(1);
        driver[2].Do(driver.Readable([0, 0, 1]), acknowledgement);
        Assert.Equal(0, driver.Content(acknowledgement)[0]);
    }

    [Fact]
    public void A_saved_device_goes_on_where_it_was()
    {
        _driver.Start();
        Control(0, 0, 1);
        Control(1, 0, [.. Table(5, 6), .. Table(0x0100_0000_0001)]);
        Control(1, 1, 2, 0, 0, 0, 0, 7);
        Control(2, 0, 9, 0);
        Control(5, 0, 2, 0, 0, 0, 0, 0, 0, 0);
        _device.Announce();
        _device.Save(out VirtioNetState state);
        TestPort port = new();
        VirtioNetDevice restored = NewDevice(port);
        Assert.Equal(RestoreStatus.Restored, restored.Restore(in state));
        restored.Save(out VirtioNetState again);
        Assert.Equal(ApicMachine.Bytes(state), ApicMachine.Bytes(again));
        Assert.Equal(FrameOffloads.Checksum, restored.Accepts);
        Assert.Equal(7ul, port.Address.Value & 0xFF);
        Assert.True(port.IsPromiscuous);

        VirtioNetState bad = state;
        bad.FilterCount = VirtioNetState.FilterEntries + 1;
        Assert.Equal(RestoreStatus.InvalidValue, restored.Restore(in bad));
        bad = state;
        bad.ActivePairs = 2;
        Assert.Equal(RestoreStatus.InvalidValue, restored.Restore(in bad));
        bad = state;
        bad.Offloads = 1;
        Assert.Equal(RestoreStatus.InvalidValue, restored.Restore(in bad));
        bad = state;
        bad.ReceiveModes = 1 << 7;
        Assert.Equal(RestoreStatus.InvalidValue, restored.Restore(in bad));
        bad = state;
        bad.Version = 0;
        Assert.Equal(RestoreStatus.UnknownVersion, restored.Restore(in bad));
    }

    private static int Select(VirtioNetDevice device, byte[] bytes) => device.SelectPair(new Frame(bytes, null, 0, 0, 0, default));

    private static byte[] Tcp(uint source, uint destination, ushort from, ushort to)
    {
        byte[] frame = Frame(60);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(12), 0x0800);
        frame[14] = 0x45;
        frame[23] = 6;
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(26), source);
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(30), destination);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(34), from);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(36), to);
        return frame;
    }
}
