using HyperOS.Block;
using HyperOS.Core;

namespace HyperOS.Tests.Unit.Drivers;

/// <summary>A controller's service on a clock set by hand, with requests for its disks.</summary>
internal sealed class DiskBench
{
    public const int RequestCount = 40;
    public const int RequestPages = RequestCount * BlockRequest.MaximumPages;
    public const ulong Second = 1_000_000_000;

    private int _next;

    public DiskBench(DiskModel model)
    {
        Model = model;
        Service = new DiskService(model.Driver, Host, 0);
        Requests = [.. Enumerable.Range(0, RequestCount).Select(i => new Request(model.Memory, (model.DriverPages + i * BlockRequest.MaximumPages) * DmaMemory.PageBytes))];
    }

    public DiskModel Model { get; }

    public BenchHost Host { get; } = new();

    public DiskService Service { get; }

    public Request[] Requests { get; }

    public DiskUnit Disk => Service.Unit(0);

    public static DiskBench Of(string kind) => new(ModelOf(kind));

    public static DiskModel ModelOf(string kind) => kind switch
    {
        "virtio" => new VirtioDiskModel(),
        "virtio 4096" => new VirtioDiskModel(4096),
        "nvme" => new NvmeModel(),
        "nvme 4096" => new NvmeModel(4096),
        "ahci" => new AhciModel(),
        "ahci 4096" => new AhciModel(4096),
        "ahci without queuing" => new AhciModel(hasQueuing: false),
        _ => throw new ArgumentException(kind),
    };

    /// <summary>With the disk running.</summary>
    public DiskBench Started()
    {
        Serve();
        Assert.True(Service.IsSettled && Service.UnitCount >= 1);
        return this;
    }

    /// <summary>Serves the controller until it is done for now, or it is to be looked at later.</summary>
    public void Serve()
    {
        ulong due;
        int rounds = 0;
        do
        {
            due = Service.Serve();
            Model.Run();
            Assert.InRange(++rounds, 0, 10_000);
        }
        while (due <= Host.Now || Model.Driver.HasDone && !Service.HasFailed && Model.Driver.Out != 0);
        Assert.False(Host.IsLocked);
    }

    /// <summary>Lets time go by, with turns in between.</summary>
    public void Wait(ulong seconds)
    {
        for (ulong i = 0; i < seconds; i++)
        {
            Host.Advance(Second);
            Serve();
        }
    }

    /// <summary>Begins a request.</summary>
    public Request Submit(BlockOperation operation, ulong offset, ulong length, byte[]? data = null, int unit = 0)
    {
        Request request = Requests[_next++ % RequestCount];
        Assert.False(request.IsOut);
        request.Operation = operation;
        request.Offset = offset;
        request.Length = length;
        request.IsOut = true;
        if (data is not null)
            request.Put(0, data);
        Service.Unit(unit).Submit(request);
        return request;
    }

    /// <summary>A request from begin to end.</summary>
    public BlockStatus Do(BlockOperation operation, ulong offset, ulong length, byte[]? data = null)
    {
        Request request = Submit(operation, offset, length, data);
        Model.Run();
        Serve();
        Assert.False(request.IsOut);
        return request.Status;
    }

    public byte[] Read(ulong offset, int length)
    {
        Request request = Submit(BlockOperation.Read, offset, (ulong)length);
        Model.Run();
        Serve();
        Assert.Equal(BlockStatus.Done, request.Status);
        return request.Data;
    }

    internal sealed class Request(DmaMemory memory, int start) : BlockRequest(memory, start, MaximumPages)
    {
        public bool IsOut { get; set; }

        public byte[] Data
        {
            get
            {
                byte[] data = new byte[Length];
                Get(0, data);
                return data;
            }
        }

        public override void Done()
        {
            Assert.True(IsOut);
            IsOut = false;
        }
    }

    internal sealed class BenchHost : DiskHost
    {
        private ulong _now = Second;
        private bool _isAttached;

        public override ulong Now => _now;

        public bool IsLocked { get; private set; }

        public bool IsPresent { get; set; } = true;

        public override bool IsAttached => _isAttached && IsPresent;

        public bool HasDetached { get; private set; }

        public List<DiskEvent> Events { get; } = [];

        public List<ulong> Errors { get; } = [];

        public void Advance(ulong nanoseconds) => _now += nanoseconds;

        public override void Delay(ulong nanoseconds)
        {
            Assert.False(IsLocked);
            _now += nanoseconds;
        }

        public override bool Enter()
        {
            Assert.False(IsLocked);
            return IsLocked = true;
        }

        public override void Exit(bool state)
        {
            Assert.True(IsLocked && state);
            IsLocked = false;
        }

        public override bool TryAttach() => _isAttached = IsPresent;

        public override void Detach() => (_isAttached, HasDetached) = (false, true);

        public override void Wake() { }

        public override void Report(DiskEvent what) => Events.Add(what);

        public override void ReportError(BlockRequest request) => Errors.Add(request.Offset);
    }
}
