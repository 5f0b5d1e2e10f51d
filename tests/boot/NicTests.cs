using System.Buffers.Binary;
using System.Text;

namespace HyperOS.Tests.Boot;

/// <summary>Physical network cards, driven by the test kernel with `nicTest=1`, which greets and sends frames back: NicTest.cs in kernel/Startup.</summary>
public class NicTests
{
    private const ushort Echo = 0x88B5, Report = 0x88B6;
    private const int HeaderBytes = 14, ShortestFrame = 60, LongestFrame = 1514;

    private static readonly byte[] s_station = [0x02, 0, 0, 0, 0, 0x99];

    [Theory]
    [InlineData("virtio-net-pci", "q35", "virtio-net", "MSI-X")]
    [InlineData("virtio-net-pci,vectors=0", "q35", "virtio-net", "INTx")]
    [InlineData("virtio-net-pci-non-transitional", "pc", "virtio-net", "MSI-X")]
    [InlineData("e1000e", "q35", "Intel 82574L", "MSI")]
    [InlineData("e1000", "q35", "Intel 82540EM", "INTx")]
    [InlineData("e1000", "pc", "Intel 82540EM", "INTx")]
    [InlineData("igb", "q35", "Intel 82576", "MSI")]
    public async Task Frames_of_every_size_go_both_ways(string device, string board, string name, string interrupts)
    {
        using Wire wire = new();
        await using Machine machine = Start(device, board, wire);
        string line = await machine.WaitForLine($"nic0: {name}");
        Assert.Contains($", 52:54:00:12:34:56, {interrupts} ", line, StringComparison.Ordinal);
        byte[] greeting = await wire.Receive();
        Assert.Equal("HyperOS", Encoding.ASCII.GetString(greeting, HeaderBytes, 7));
        byte[] card = greeting[6..12];
        for (int length = ShortestFrame; length <= LongestFrame; length += length < LongestFrame - 40 ? 31 : 1)
        {
            byte[] frame = FrameFor(card, Echo, length);
            wire.Send(frame);
            Assert.Equal(AnswerTo(frame), await wire.Receive());
        }
        wire.Send(FrameFor(card, Report, ShortestFrame));
        Assert.EndsWith("dropped 0 and 0, errors 0, lies 0, resets 0", await machine.WaitForLine("nicTest: nic0 received"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("virtio-net-pci")]
    [InlineData("e1000e")]
    [InlineData("e1000")]
    [InlineData("igb")]
    public async Task A_link_that_goes_is_noticed_and_frames_flow_again_when_it_is_back(string device)
    {
        using Wire wire = new();
        using Monitor monitor = new();
        await using Machine machine = Start(device + ",id=card", "q35", wire, [.. monitor.Arguments]);
        await machine.WaitForLine("nic0: link up");
        byte[] card = (await wire.Receive())[6..12];
        using CancellationTokenSource limit = new(TimeSpan.FromMinutes(5));
        await monitor.Do("set_link card off", limit.Token);
        await machine.WaitForLine("nic0: link down");
        await monitor.Do("set_link card on", limit.Token);
        await machine.WaitForLine("nic0: link up");
        Assert.Equal(card, (await wire.Receive())[6..12]);
        byte[] frame = FrameFor(card, Echo, 100);
        wire.Send(frame);
        Assert.Equal(AnswerTo(frame), await wire.Receive());
    }

    [Fact]
    public async Task Several_cards_of_every_kind_run_beside_each_other()
    {
        string[] devices = ["e1000", "virtio-net-pci", "e1000e", "igb"];
        Wire[] wires = [.. devices.Select(_ => new Wire())];
        List<string> arguments = [];
        for (int i = 0; i < devices.Length; i++)
            arguments.AddRange([.. wires[i].Arguments($"n{i}"), "-device", $"{devices[i]},netdev=n{i}"]);
        await using Machine machine = Machine.Start(new MachineOptions
        {
            Processors = 2, HasFaultPoints = true, CommandLine = "panic=0 nicTest=1", ExtraArguments = arguments,
        });
        foreach (Wire wire in wires)
        {
            byte[] card = (await wire.Receive())[6..12];
            byte[] frame = FrameFor(card, Echo, 1000);
            wire.Send(frame);
            Assert.Equal(AnswerTo(frame), await wire.Receive());
        }
        Array.ForEach(wires, wire => wire.Dispose());
    }

    private static Machine Start(string device, string board, Wire wire, params string[] more) => Machine.Start(new MachineOptions
    {
        Processors = 2, HasFaultPoints = true, CommandLine = "panic=0 nicTest=1",
        ExtraArguments = ["-machine", board, .. wire.Arguments("n0"), "-device", $"{device},netdev=n0", .. more],
    }, test: $"{device}-{board}-{more.Length}");

    private static byte[] FrameFor(byte[] destination, ushort type, int length)
    {
        byte[] frame = [.. destination, .. s_station, .. Enumerable.Range(0, length - 12).Select(i => (byte)(i * length))];
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(12), type);
        return frame;
    }

    private static byte[] AnswerTo(byte[] frame) => [.. frame[6..12], .. frame[..6], .. frame[12..]];
}
