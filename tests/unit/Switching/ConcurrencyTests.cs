using HyperOS.Core;
using HyperOS.Switching;
using static HyperOS.Tests.Unit.Switching.SwitchBench;

namespace HyperOS.Tests.Unit.Switching;

/// <summary>Several processors, each with a device that sends, while a port changes and is recorded.</summary>
public class ConcurrencyTests
{
    private const int Devices = 4;
    private const int Batches = 500;

    [Fact]
    public void Nothing_is_lost_uncounted_when_all_send_to_all()
    {
        VirtualSwitch network = new(new LockedHost(), Devices + 1, 256, 7);
        PortGroup group = Bridge(10), other = Bridge(20);
        Counter[] receivers = [.. Enumerable.Range(0, Devices + 1).Select(_ => new Counter())];
        SwitchPort[] ports = new SwitchPort[Devices + 1];
        for (int i = 0; i <= Devices; i++)
        {
            Assert.Equal(ConnectStatus.Connected, network.TryConnect(group, Mac((uint)i + 1), receivers[i], 16, out SwitchPort? port));
            ports[i] = port!;
        }
        PortCapture capture = new(1 << 16, 64, 0);
        network.SetCapture(ports[0], capture);
        Thread[] threads = [.. Enumerable.Range(0, Devices).Select(i => new Thread(() => Send(i)))];
        foreach (Thread thread in threads)
            thread.Start();
        for (int i = 0; threads.Any(thread => thread.IsAlive); i++)
            network.Assign(ports[Devices], i % 2 == 0 ? other : group);
        foreach (Thread thread in threads)
            thread.Join();

        for (int i = 0; i <= Devices; i++)
        {
            PortCounters counters = new();
            network.ReadCounters(ports[i], counters);
            SwitchTorment.CheckCounters(counters);
            Assert.Equal((ulong)receivers[i].Frames, counters.Delivered);
            Assert.Equal(i < Devices ? 3ul * Batches : 0, counters.Received);
            if (i < Devices)
                Assert.Equal(((Devices - 1) * 2 + 1) * (ulong)Batches, counters.Delivered);
        }

        void Send(int index)
        {
            TransmitLane lane = network.OpenLane(ports[index], new DirectHost());
            MacAddress self = Mac((uint)index + 1);
            ArrayBatch batch = new(
                [Frame(MacAddress.Broadcast, self), Frame(Mac((uint)((index + 1) % Devices) + 1), self), Frame(MacAddress.Broadcast, Mac((uint)index + 100))]);
            for (int i = 0; i < Batches; i++)
                Assert.Equal(3, lane.Transmit(batch));
        }
    }

    private sealed class LockedHost : SwitchHost
    {
        private readonly Lock _lock = new();

        public override ulong Now => (ulong)Environment.TickCount64 * 1_000_000;

        public override bool Enter()
        {
            _lock.Enter();
            return false;
        }

        public override void Exit(bool state) => _lock.Exit();
    }

    private sealed class DirectHost : LaneHost
    {
        public override bool TryDeliver(SwitchPort receiver, TransmitLane lane)
        {
            lane.Deliver();
            return true;
        }

        public override void ResumeAt(ulong time)
        {
        }
    }

    private sealed class Counter : FrameReceiver
    {
        private long _frames;

        public long Frames => Interlocked.Read(ref _frames);

        public override FrameOffloads Accepts => FrameOffloads.None;

        public override void Deliver(FrameRun run)
        {
            while (run.TryNext(out _))
            {
                Interlocked.Increment(ref _frames);
                run.Settle(DeliveryStatus.Delivered);
            }
        }
    }
}
