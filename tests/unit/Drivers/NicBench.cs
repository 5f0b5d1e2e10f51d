using HyperOS.Core;
using HyperOS.Ethernet;

namespace HyperOS.Tests.Unit.Drivers;

/// <summary>A card's model: what the device does.</summary>
internal interface INicModel
{
    FakeDma Memory { get; }

    NicDevice Driver { get; }

    /// <summary>Frames that the driver has transmitted, which the model takes when asked to.</summary>
    List<byte[]> Transmitted { get; }

    bool IsLinkUp { set; }

    /// <summary>Reads as all ones.</summary>
    bool IsUnplugged { set; }

    /// <summary>Takes nothing from its transmit queue.</summary>
    bool IsHung { set; }

    /// <returns>False if the driver left no buffer.</returns>
    bool Receive(byte[] frame);

    /// <summary>Does what a device does by itself.</summary>
    void Run();

    /// <summary>Says that it put so many bytes into a buffer, whatever the number.</summary>
    void ClaimLength(uint length);
}

/// <summary>A card's service on a clock set by hand, with a port that keeps what comes in.</summary>
internal sealed class NicBench
{
    public const ulong Second = 1_000_000_000;

    public NicBench(INicModel model)
    {
        Model = model;
        Host = new BenchHost();
        Service = new NicService(model.Driver, Host, 0);
        Listener = new BenchListener();
        Port = new BenchPort();
    }

    public INicModel Model { get; }

    public BenchHost Host { get; }

    public NicService Service { get; }

    public BenchListener Listener { get; }

    public BenchPort Port { get; }

    public static MacAddress Mac { get; } = new(0x5254_0012_3456);

    public static NicBench Of(string kind) => new(kind switch
    {
        "e1000" => new IntelNicModel(IntelNicFamily.E1000),
        "e1000e" => new IntelNicModel(IntelNicFamily.E1000e),
        "igb" => new IntelNicModel(IntelNicFamily.Igb),
        _ => new VirtioNicModel(),
    });

    /// <summary>With the port connected and the card running.</summary>
    public NicBench Started()
    {
        Service.Connect(Port, Listener);
        Serve();
        return this;
    }

    /// <summary>Serves the card until it is done for now.</summary>
    public ulong Serve()
    {
        ulong due;
        int rounds = 0;
        do
        {
            due = Service.Serve();
            Model.Run();
            Assert.InRange(++rounds, 0, 10_000);
        }
        while (due <= Host.Now);
        Assert.False(Host.IsLocked);
        return due;
    }

    public DeliveryStatus Transmit(byte[] bytes)
    {
        SingleRun run = new(bytes);
        Service.Receiver.Deliver(run);
        return run.Status;
    }

    /// <summary>A frame whose bytes follow from its number.</summary>
    public static byte[] Bytes(int number, int length) => [.. Enumerable.Range(0, length).Select(i => (byte)(number * 7 + i))];

    internal sealed class BenchHost : NicHost
    {
        private ulong _now = Second;
        private bool _isAttached;

        public override ulong Now => _now;

        public bool IsLocked { get; private set; }

        public bool IsPresent { get; set; } = true;

        public override bool IsAttached => _isAttached && IsPresent;

        public int Wakes { get; private set; }

        public List<NicEvent> Events { get; } = [];

        public void Advance(ulong nanoseconds) => _now += nanoseconds;

        public override void Delay(ulong nanoseconds) => _now += nanoseconds;

        public override bool Enter()
        {
            Assert.False(IsLocked);
            IsLocked = true;
            return true;
        }

        public override void Exit(bool state)
        {
            Assert.True(IsLocked && state);
            IsLocked = false;
        }

        public override bool TryAttach() => _isAttached = IsPresent;

        public override void Detach() => _isAttached = false;

        public override void Wake() => Wakes++;

        public override void Report(NicEvent what) => Events.Add(what);
    }

    internal sealed class BenchListener : UplinkListener
    {
        public List<bool> Changes { get; } = [];

        public override void LinkChanged(bool isUp) => Changes.Add(isUp);
    }

    internal sealed class BenchPort : FramePort
    {
        public List<byte[]> Frames { get; } = [];

        /// <summary>Of each batch.</summary>
        public int Takes { get; set; } = FrameBatch.MaxCount;

        public override int Transmit(FrameBatch batch)
        {
            Assert.InRange(batch.Count, 1, FrameBatch.MaxCount);
            int taken = Math.Min(Takes, batch.Count);
            for (int i = 0; i < taken; i++)
            {
                byte[] bytes = new byte[batch.Length(i)];
                Frame frame = new(default, batch, i, 0, bytes.Length, default);
                Assert.Equal(bytes.Length, frame.CopyTo(0, bytes));
                Assert.True(batch.From(i, bytes.Length).IsEmpty);
                Frames.Add(bytes);
            }
            return taken;
        }
    }
}
