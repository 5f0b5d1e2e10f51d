using System.Buffers.Binary;
using HyperOS.Core;
using HyperOS.Switching;
using static HyperOS.Tests.Unit.Switching.SwitchBench;

namespace HyperOS.Tests.Unit.Switching;

public class CaptureTests
{
    private const ulong Epoch = 1_700_000_000 * Second;

    private readonly SwitchBench _bench = new();

    [Fact]
    public void A_recording_is_a_pcap_file_of_both_directions_and_of_what_is_dropped()
    {
        BenchDevice a = _bench.Connect(Access(10), 1), trunk = _bench.Connect(Trunk(0, 10), 2);
        PortCapture capture = new(1 << 16, 65_535, Epoch);
        _bench.Switch.SetCapture(trunk.Port, capture);
        _bench.Host.Time = 3 * Second + 7;
        a.SendTo(trunk.Address, 100);
        byte[] back = Frame(a.Address, trunk.Address, 200, 10), bad = Frame(a.Address, trunk.Address, 64, 20);
        trunk.Send(back, bad);
        byte[] file = Read(capture, 1 << 16);
        Assert.Equal([0x4D, 0x3C, 0xB2, 0xA1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0, 0, 1, 0, 0, 0], file[..24]);
        List<(ulong Time, byte[] Bytes, int Length)> records = Records(file);
        Assert.Equal(3, records.Count);
        Assert.All(records, record => Assert.Equal(Epoch + 3 * Second + 7, record.Time));
        Assert.Equal(Assert.Single(trunk.Got).Bytes, records[0].Bytes);
        Assert.Equal(104, records[0].Length);
        Assert.Equal(back, records[1].Bytes);
        Assert.Equal(bad, records[2].Bytes);
    }

    [Fact]
    public void Long_frames_are_cut_and_say_so()
    {
        BenchDevice a = _bench.Connect(Access(0), 1), b = _bench.Connect(Access(0), 2);
        PortCapture capture = new(4096, 96, 0);
        _bench.Switch.SetCapture(b.Port, capture);
        a.SendTo(b.Address, 1000);
        (_, byte[] bytes, int length) = Assert.Single(Records(Read(capture, 4096)));
        Assert.Equal(b.Got[0].Bytes[..96], bytes);
        Assert.Equal(1000, length);
    }

    [Fact]
    public void What_does_not_fit_until_it_is_fetched_is_lost_and_counted()
    {
        BenchDevice a = _bench.Connect(Access(0), 1), b = _bench.Connect(Access(0), 2);
        PortCapture capture = new(1000, 2000, 0);
        _bench.Switch.SetCapture(a.Port, capture);
        for (int i = 0; i < 10; i++)
            a.SendTo(b.Address, 300);
        Assert.Equal(7u, capture.Lost);
        Assert.Equal(10, b.Got.Count);
        List<byte> file = [.. Read(capture, 500)];
        file.AddRange(Read(capture, 500));
        a.SendTo(b.Address, 300);
        for (int i = 0; i < 50; i++)
        {
            file.AddRange(Read(capture, 500));
            a.SendTo(b.Address, 300);
        }
        while (Read(capture, 500) is { Length: > 0 } more)
            file.AddRange(more);
        Assert.Equal(7u, capture.Lost);
        Assert.Equal(54, Records([.. file]).Count);
        Assert.All(Records([.. file]), record => Assert.Equal(b.Got[0].Bytes, record.Bytes));
    }

    [Fact]
    public void A_recorder_that_ended_in_the_middle_stops_nobody()
    {
        BenchDevice a = _bench.Connect(Access(0), 1), b = _bench.Connect(Access(0), 2);
        PortCapture capture = new(1 << 16, 2000, 0);
        _bench.Switch.SetCapture(a.Port, capture);
        CutBatch cut = new(Frame(b.Address, a.Address, 1000));
        Assert.Throws<SenderCut>(() => a.Transmit(cut));
        a.SendTo(b.Address);
        Assert.Single(b.Got);
        Assert.Equal(1u, capture.Lost);
        _bench.Switch.SetCapture(a.Port, null);
        a.SendTo(b.Address);
        Assert.Equal(2, b.Got.Count);
    }

    private static byte[] Read(PortCapture capture, int room)
    {
        byte[] bytes = new byte[room];
        return bytes[..capture.Read(bytes)];
    }

    private static List<(ulong Time, byte[] Bytes, int Length)> Records(byte[] file)
    {
        List<(ulong, byte[], int)> records = [];
        int at = 24;
        while (at < file.Length)
        {
            ReadOnlySpan<byte> header = file.AsSpan(at, 16);
            int captured = BinaryPrimitives.ReadInt32LittleEndian(header[8..]);
            ulong time = BinaryPrimitives.ReadUInt32LittleEndian(header) * Second + BinaryPrimitives.ReadUInt32LittleEndian(header[4..]);
            records.Add((time, file[(at + 16)..(at + 16 + captured)], BinaryPrimitives.ReadInt32LittleEndian(header[12..])));
            at += 16 + captured;
        }
        Assert.Equal(file.Length, at);
        return records;
    }

    /// <summary>Its machine ends when its payload is looked at.</summary>
    private sealed class CutBatch(byte[] frame) : FrameBatch
    {
        public override int Count => 1;

        public override int Length(int index) => frame.Length;

        public override FrameOffload Offload(int index) => default;

        public override ReadOnlySpan<byte> From(int index, int offset) => offset < 100 ? frame.AsSpan(offset, 100 - offset) : throw new SenderCut();
    }
}
