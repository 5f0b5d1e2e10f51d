using HyperOS.Devices;

namespace HyperOS.Tests.Unit.Devices;

public class LocalApicConcurrencyTests
{
    private const int Senders = 2, Rounds = 5_000;

    private sealed class NoKick : VcpuKick
    {
        public override void Kick(int vcpu) { }
    }

    private sealed class NoBroadcast : EndOfInterruptListener
    {
        public override void EndOfInterrupt(int vector) { }
    }

    /// <summary>
    /// Each sender waits for its vector to be served before it sends the next: a request lost between a sender's view and the owner's would
    /// stop it for good. The vectors share a word of IRR, whose summary bit comes and goes all the time.
    /// </summary>
    [Fact]
    public void No_message_is_lost_between_senders_and_the_owner()
    {
        var bus = new ApicBus(1, new NoKick(), new NoBroadcast());
        var apic = new LocalApic(bus, 0, new uint[LocalApic.PageLength]);
        apic.WriteMmio((uint)ApicRegister.SVR << 4, 4, 0x1FF, 0, 0);
        int[] served = new int[Senders];
        int[] running = [Senders];
        var threads = new Thread[Senders];
        for (int i = 0; i < Senders; i++)
        {
            int sender = i;
            threads[i] = new Thread(() =>
            {
                for (int round = 1; round <= Rounds; round++)
                {
                    bus.DeliverMsi(LocalApic.BaseAddress, (uint)(0x45 + sender));
                    while (Volatile.Read(ref served[sender]) < round)
                    {
                        if (Volatile.Read(ref running[0]) < 0)
                            return;
                        Thread.Yield();
                    }
                }
                Interlocked.Decrement(ref running[0]);
            });
            threads[i].Start();
        }
        int idle = 0;
        while (Volatile.Read(ref running[0]) > 0 && idle < 10_000_000)
        {
            if (!apic.TryGetPending(out int vector))
            {
                idle++;
                Thread.Yield();
                continue;
            }
            idle = 0;
            apic.Acknowledge(vector);
            apic.EndOfInterrupt();
            Volatile.Write(ref served[vector - 0x45], served[vector - 0x45] + 1);
        }
        bool isLost = Volatile.Read(ref running[0]) > 0;
        if (isLost)
            Volatile.Write(ref running[0], -1);
        foreach (Thread thread in threads)
            thread.Join();
        Assert.False(isLost);
        Assert.Equal([Rounds, Rounds], served);
    }
}
