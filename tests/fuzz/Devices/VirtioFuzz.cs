using HyperOS.Abi.State;
using HyperOS.Core;
using HyperOS.Devices;
using HyperOS.Specs.Virtio;
using HyperOS.Tests.Unit.Devices;
using Buffer = HyperOS.Tests.Unit.Devices.Buffer;

namespace HyperOS.Tests.Fuzz.Devices;

/// <summary>
/// Hostile drivers at every virtqueue: chains that are right but for what they say, descriptors and rings of drawn bytes, registers at any time.
/// Nothing may throw, every service ends, and a device that broke works again after a reset.
/// </summary>
public class VirtioFuzz
{
    private const int Actions = 24, RamBytes = 1 << 18, Services = 4096;
    private const ushort QueueSize = 8;

    private delegate void Act(Random random, GuestDriver driver);

    /// <summary>A device with a driver that has come some way with it.</summary>
    private static void Try(Random random, TestRam ram, VirtioDevice device, Func<Random, GuestDriver, Buffer[]> request, Act act)
    {
        GuestDriver driver = new(device, ram);
        driver.Start(random.Next(3) == 0 ? (ulong)random.NextInt64() & ~VirtioFeatures.VIRTIO_F_VERSION_1 : 0, QueueSize);
        for (int i = random.Next(Actions); i >= 0; i--)
        {
            int index = random.Next(device.QueueCount);
            DriverQueue queue = driver[index];
            switch (random.Next(10))
            {
                case 0:
                    // Whatever lies in the rings and the table.
                    int at = (int)(random.Next(3) switch { 0 => queue.Descriptors, 1 => queue.Available, _ => queue.Used }) + random.Next(16 * QueueSize);
                    ram.Bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    Buffer buffer = AnyBuffer(random);
                    queue.WriteDescriptor(queue.Descriptors, (ushort)random.Next(QueueSize), buffer.Address, buffer.Length, random.Next(8), Any(random));
                    break;
                case 2:
                    queue.Offer(Any(random));
                    break;
                case 3:
                    Register(random, device);
                    break;
                case 4:
                    act(random, driver);
                    break;
                default:
                    Offer(random, queue, request(random, driver));
                    break;
            }
            Serve(device, index, random.Next(3) == 0 ? random.Next(5000) : 1 << 20);
        }
        FuzzRun.Saw(device.LastError);
        device.WriteStatus(0);
        Assert.Equal(VirtioStatus.None, device.Status);
        driver.Start(0, QueueSize);
        Assert.True(device.IsRunning);
        Serve(device, 0, 1 << 20);
        Assert.False(driver.NeedsReset);
    }

    // Ends by itself, in few rounds: whatever the rings say, they hold no more chains than descriptors.
    private static void Serve(VirtioDevice device, int index, int budget)
    {
        int rounds = 0;
        while (device.Service(index, budget) == ServiceOutcome.More)
            Assert.True(++rounds < Services);
    }

    private static ushort Any(Random random) => (ushort)(random.Next(8) == 0 ? random.Next(65536) : random.Next(QueueSize));

    private static Buffer AnyBuffer(Random random)
    {
        ulong address = random.Next(8) switch
        {
            0 => (ulong)random.NextInt64(),
            1 => ulong.MaxValue - (ulong)random.Next(64),
            2 => RamBytes - (ulong)random.Next(64),
            _ => (ulong)random.Next(RamBytes),
        };
        uint length = random.Next(6) switch { 0 => (uint)random.NextInt64(), 1 => 0, 2 => 16u * (uint)random.Next(20), _ => (uint)random.Next(600) };
        return new Buffer(address, length, random.Next(2) == 0);
    }

    // Descriptors in the order of their numbers, or a table, with now and then one that is wrong.
    private static void Offer(Random random, DriverQueue queue, Buffer[] buffers)
    {
        if (random.Next(8) == 0)
            buffers[random.Next(buffers.Length)] = AnyBuffer(random);
        int first = random.Next(QueueSize);
        for (int i = 0; i < buffers.Length; i++)
        {
            int flags = (buffers[i].IsWritable ? 2 : 0) | (i + 1 < buffers.Length ? 1 : 0);
            queue.WriteDescriptor(queue.Descriptors, (ushort)((first + i) % QueueSize), buffers[i].Address, buffers[i].Length, flags,
                (ushort)((first + i + 1) % QueueSize));
        }
        queue.Offer((ushort)first);
    }

    private static void Register(Random random, VirtioDevice device)
    {
        byte[] bytes = new byte[random.Next(9)];
        random.NextBytes(bytes);
        switch (random.Next(7))
        {
            case 0: device.WriteStatus((byte)(1 << random.Next(8))); break;
            case 1: device.WriteAcceptedFeatures((uint)random.Next(3), (uint)random.NextInt64()); break;
            case 2: device.EnableQueue((uint)random.Next(5)); break;
            case 3: device.Notify((uint)random.Next(5)); break;
            case 4: device.ReadConfiguration(random.Next(4) == 0 ? (uint)random.NextInt64() : (uint)random.Next(80), bytes); break;
            case 5: device.WriteConfiguration(random.Next(4) == 0 ? (uint)random.NextInt64() : (uint)random.Next(80), bytes); break;
            default:
                if (device.TryGetQueue((uint)random.Next(4), out Virtqueue queue))
                {
                    queue.Size = (ushort)random.Next(40);
                    queue.DescriptorArea = new GuestPhysicalAddress((ulong)random.Next(RamBytes));
                }
                break;
        }
    }

    private static TestRam NewRam(Random random) => new(RamBytes, 1 << (6 + random.Next(10)));

    private static byte[] Bytes(Random random, int length)
    {
        byte[] bytes = new byte[length];
        for (int i = 0; i < Math.Min(length, 64); i++)
            bytes[i] = random.Next(3) switch { 0 => 0, 1 => (byte)random.Next(8), _ => (byte)random.Next(256) };
        return bytes;
    }

    [Fact]
    public void No_driver_breaks_the_disk() => FuzzRun.Run(random =>
    {
        TestRam ram = NewRam(random);
        MemoryStore store = new(64 * 1024, random.Next(8) == 0, random.Next(2) == 0 ? 0u : 4096u) { Fails = random.Next(8) == 0 };
        VirtioBlockDevice device = new(ram, store, "disk"u8, 1 + random.Next(2));
        Try(random, ram, device, (random, driver) =>
        {
            byte[] header = new byte[16];
            header[0] = (byte)(random.Next(8) switch { 0 => 1, 1 => 4, 2 => 8, 3 => 11, 4 => 13, 5 => random.Next(256), _ => 0 });
            header[8] = (byte)random.Next(256);
            header[9 + random.Next(7)] = (byte)(random.Next(8) == 0 ? random.Next(256) : 0);
            Buffer data = header[0] is 1 or 11 or 13 ? driver.Readable(Bytes(random, 16 * random.Next(1, 40))) : driver.Writable(256 * random.Next(1, 5));
            return [driver.Readable(header), data, driver.Writable(1)];
        }, (_, _) => { });
        device.Save(out VirtioBlockState state);
        Assert.Equal(RestoreStatus.Restored, device.Restore(in state));
    });

    [Fact]
    public void No_driver_breaks_the_network() => FuzzRun.Run(random =>
    {
        TestRam ram = NewRam(random);
        TestPort[] ports = random.Next(2) == 0 ? [new TestPort()] : [new TestPort(), new TestPort { Room = random.Next(4) }];
        VirtioNetDevice device = new(ram, new VirtioNetConfiguration { Address = new MacAddress(0x0200_0000_0001) }, ports);
        // Frames that are sent come back to the sender: its receive queue is as hostile as the others.
        ports[0].Peer = random.Next(2) == 0 ? device : null;
        Try(random, ram, device, (random, driver) => random.Next(4) switch
        {
            0 => [driver.Writable(random.Next(1, 200)), driver.Writable(random.Next(1, 200))],
            1 => [driver.Readable([(byte)random.Next(7), (byte)random.Next(6)]), driver.Readable(Bytes(random, random.Next(1, 40))), driver.Writable(1)],
            2 => [driver.Readable(new byte[12]), driver.Readable(Bytes(random, random.Next(1, 300)))],
            _ => [driver.Readable(Bytes(random, random.Next(1, 300)))],
        }, (random, driver) =>
        {
            byte[] bytes = Bytes(random, random.Next(14, 700));
            FrameOffload offload = new() { NeedsChecksum = random.Next(2) == 0, ChecksumStart = 14 };
            Frame frame = new(bytes, null, 0, 0, 0, in offload);
            int pair = device.SelectPair(in frame);
            FuzzRun.Saw(device.Deliver(in frame, pair));
            if (random.Next(2) == 0)
                device.Flush(pair);
            device.SetLink(random.Next(4) != 0);
            if (random.Next(4) == 0)
                device.Announce();
            foreach (TestPort port in ports)
                port.Room = random.Next(3) == 0 ? random.Next(4) : int.MaxValue;
        });
        device.Save(out VirtioNetState state);
        Assert.Equal(RestoreStatus.Restored, device.Restore(in state));
    });

    [Fact]
    public void No_driver_breaks_the_console() => FuzzRun.Run(random =>
    {
        TestRam ram = NewRam(random);
        TestLine line = new();
        VirtioConsoleDevice device = new(ram, line);
        Try(random, ram, device, (random, driver) => random.Next(2) == 0
            ? [driver.Readable(Bytes(random, random.Next(1, 100))), driver.Readable(Bytes(random, random.Next(1, 100)))]
            : [driver.Writable(random.Next(1, 100))], (random, _) =>
        {
            line.Room = random.Next(3) == 0 ? int.MaxValue : random.Next(100);
            foreach (byte value in Bytes(random, random.Next(60)))
                line.Input.Enqueue(value);
            device.Resize((ushort)random.Next(65536), (ushort)random.Next(65536));
        });
        device.Save(out VirtioConsoleState state);
        Assert.Equal(RestoreStatus.Restored, device.Restore(in state));
    });

    [Fact]
    public void No_driver_breaks_the_entropy_device() => FuzzRun.Run(random =>
    {
        TestRam ram = NewRam(random);
        TestEntropy source = new();
        VirtioEntropyDevice device = new(ram, source);
        Try(random, ram, device, (random, driver) => [driver.Writable(random.Next(1, 100)), driver.Writable(random.Next(1, 5000))],
            (random, _) => source.Left = random.Next(3) == 0 ? int.MaxValue : random.Next(100));
        device.Save(out VirtioEntropyState state);
        Assert.Equal(RestoreStatus.Restored, device.Restore(in state));
    });

    [Fact]
    public void No_driver_breaks_the_balloon() => FuzzRun.Run(random =>
    {
        TestRam ram = NewRam(random);
        TestSink sink = new();
        VirtioBalloonDevice device = new(ram, sink, random.Next(2) == 0);
        Try(random, ram, device, (random, driver) => random.Next(3) switch
        {
            0 => [driver.Readable(Bytes(random, 10 * random.Next(1, 12)))],
            1 => [new Buffer((ulong)random.Next(RamBytes), (uint)random.Next(1, 20_000), true)],
            _ => [driver.Readable([.. Enumerable.Range(0, random.Next(1, 20)).SelectMany(_ => BitConverter.GetBytes(random.Next(RamBytes / 4096 + 1)))])],
        }, (random, driver) =>
        {
            device.Target = (uint)random.NextInt64();
            FuzzRun.Saw("request", device.RequestStatistics() ? 1 : 0);
            FuzzRun.Saw("want", device.TryWantStatistics() ? 1 : 0);
            sink.Settles = random.Next(3) != 0;
            device.NotifyReports();
            device.TryGetStatistic((VirtioBalloonStatistic)random.Next(12), out _);
        });
        foreach ((ulong address, ulong length) in sink.Released.Concat(sink.Reclaimed).Concat(sink.Reported))
            Assert.True(address % 4096 == 0 && length % 4096 == 0 && length != 0 && ram.Contains(new GuestPhysicalAddress(address), length));
        device.Save(out VirtioBalloonState state);
        Assert.Equal(RestoreStatus.Restored, device.Restore(in state));
    });

    [Fact]
    public void No_record_breaks_a_restore() => FuzzRun.Run(random =>
    {
        TestRam ram = NewRam(random);
        TestPort port = new();
        VirtioNetDevice device = new(ram, default, [port]);
        GuestDriver driver = new GuestDriver(device, ram).Start(0, QueueSize);
        driver[1].Add(driver.Readable(new byte[80]));
        device.Save(out VirtioNetState state);
        Span<byte> bytes = System.Runtime.InteropServices.MemoryMarshal.AsBytes(new Span<VirtioNetState>(ref state));
        // The filter's tables and the queues that the device does not have are most of the record, and anything goes there.
        for (int changes = random.Next(1, 6); changes > 0; changes--)
            bytes[random.Next(2) == 0 ? random.Next(40) : bytes.Length - random.Next(1, bytes.Length / 2)] = (byte)random.Next(256);
        if (random.Next(8) != 0)
            state.Version = state.Device.Version = 1;
        RestoreStatus status = device.Restore(in state);
        FuzzRun.Saw(status);
        if (status != RestoreStatus.Restored)
            return;
        for (int i = 0; i < 3; i++)
            Serve(device, i, 1 << 16);
        byte[] frame = new byte[60];
        device.Deliver(new Frame(frame, null, 0, 0, 0, default), pair: 0);
        device.Flush(0);
        device.Save(out state);
        Assert.Equal(RestoreStatus.Restored, device.Restore(in state));
    });
}
