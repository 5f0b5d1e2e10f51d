using System;
using System.Collections.Generic;
using System.Text;
using HyperOS.Abi;
using HyperOS.Abi.Control;
using HyperOS.Core;

namespace HyperOS.Management.KernelClient.Simulation;

/// <summary>A VM of the simulated kernel. All is under that one's lock.</summary>
internal sealed class SimulatedVm
{
    private const ulong NanosecondsPerSecond = 1_000_000_000;

    private readonly SimulatedGuest _guest;
    private readonly string _commandLine;
    private ulong _busy;

    public SimulatedVm(ulong id, byte[] body)
    {
        Id = id;
        Body = body;
        VmCreateRequest.TryOpen(body, out VmCreateRequest request);
        Definition = request.ReadVm();
        Name = Encoding.ASCII.GetString(Definition.Name.Bytes);
        _commandLine = Encoding.UTF8.GetString(Definition.CommandLine);
        _guest = new SimulatedGuest(Name, Definition.MemoryBytes, text => Console.Write(Encoding.UTF8.GetBytes(text)));
        for (int i = 0; i < request.ImageCount; i++)
            Images.Add(request.ImageAt(i));
        for (int i = 0; i < request.DiskCount; i++)
            Volumes.Add(request.VolumeAt(i));
        for (int i = 0; i < request.NicCount; i++)
        {
            NicDefinition nic = request.ReadNic(i);
            Nics.Add(new SimulatedNic(nic, request.PortGroupAt((int)nic.PortGroup)));
        }
    }

    public ulong Id { get; }

    public string Name { get; }

    /// <summary>The request that made it.</summary>
    public byte[] Body { get; }

    public VmDefinition Definition { get; }

    public OutputRing Console { get; } = new(OutputChunk.ConsoleCapacity);

    public HashSet<ulong> Images { get; } = [];

    public HashSet<ulong> Volumes { get; } = [];

    public List<SimulatedNic> Nics { get; } = [];

    public VmState State { get; set; } = VmState.Stopped;

    public StopReason StopReason { get; set; }

    public uint Starts { get; private set; }

    public ulong StartedAt { get; private set; }

    public ulong MemoryTarget { get; set; }

    public bool IsDeaf { get; private set; }

    public bool IsDeleted { get; set; }

    /// <summary>Which of its shutdowns a timer belongs to.</summary>
    public uint Run => Starts;

    public bool IsOn => State is VmState.Running or VmState.Paused or VmState.ShuttingDown;

    private ulong StoppedAt { get; set; }

    public void Start(ulong now)
    {
        State = VmState.Running;
        Starts++;
        StartedAt = now;
        StoppedAt = 0;
        _busy = 0;
        IsDeaf = false;
        MemoryTarget = Definition.MemoryBytes;
        _guest.Boot(_commandLine);
    }

    public void Stop(StopReason reason, ulong now)
    {
        State = VmState.Stopped;
        StopReason = reason;
        StoppedAt = now;
    }

    public void PressPowerButton()
    {
        State = VmState.ShuttingDown;
        if (!IsDeaf)
            _guest.PressPowerButton();
    }

    public GuestWish Type(byte key)
    {
        GuestWish wish = _guest.Type(key);
        if (wish == GuestWish.IgnorePowerButton)
            IsDeaf = true;
        else if (wish == GuestWish.Burn)
            _busy += _guest.Amount * NanosecondsPerSecond;
        else if (wish == GuestWish.Send)
            Send(_guest.Amount);
        return wish;
    }

    public VmRecord Record(ulong now)
    {
        VmRecord record = new()
        {
            Id = Id,
            State = State,
            StopReason = StopReason,
            Options = Definition.Options,
            CpuCount = Definition.CpuCount,
            Starts = Starts,
            MemoryBytes = Definition.MemoryBytes,
            MemoryInUse = IsOn ? Math.Min(MemoryTarget, 48 * Size.MiB) : 0,
            MemoryTarget = IsOn ? MemoryTarget : Definition.MemoryBytes,
            CpuTime = CpuTime(now),
            StartedAt = StartedAt,
            ConsoleEnd = Console.End,
            Name = Definition.Name,
        };
        return record;
    }

    /// <summary>As a guest that idles with a timer has them.</summary>
    public IEnumerable<VmExitRecord> Exits(ulong now)
    {
        ulong milliseconds = CpuTime(now) / 1_000_000;
        yield return new VmExitRecord { Kind = VmExitKind.HostInterrupt, Count = milliseconds, Cycles = 900 * milliseconds };
        yield return new VmExitRecord { Kind = VmExitKind.Cpuid, Count = 408 * Starts, Cycles = 328ul * 408 * Starts };
        yield return new VmExitRecord { Kind = VmExitKind.Hlt, Count = 2 * milliseconds, Cycles = 1200 * milliseconds };
        yield return new VmExitRecord { Kind = VmExitKind.Port, Count = Console.End, Cycles = 436 * Console.End };
    }

    private ulong CpuTime(ulong now)
    {
        if (Starts == 0)
            return 0;
        ulong passed = (IsOn ? now : StoppedAt) - Math.Min(StartedAt, IsOn ? now : StoppedAt);
        return passed / 32 + Math.Min(_busy, passed);
    }

    private void Send(ulong frames)
    {
        foreach (SimulatedNic nic in Nics)
            nic.Send(frames);
    }
}

/// <summary>A NIC with its port's counters. Others' frames reach it by way of its port group.</summary>
internal sealed class SimulatedNic(NicDefinition definition, ulong portGroup)
{
    private const ulong FrameBytes = 98;

    public NicDefinition Definition => definition;

    public ulong PortGroup => portGroup;

    public ulong Port { get; set; }

    public ulong Sent { get; private set; }

    public ulong Got { get; private set; }

    public ulong Unwanted { get; private set; }

    /// <summary>What it sent and nobody has got yet.</summary>
    public ulong OnTheWay { get; private set; }

    public void Send(ulong frames)
    {
        Sent += frames;
        OnTheWay += frames;
    }

    public ulong TakeSent() => (OnTheWay, OnTheWay = 0).Item1;

    public void Receive(ulong frames) => Got += frames;

    public void Waste(ulong frames) => Unwanted += frames;

    public PortRecord Record(ulong network, ulong vm, bool isUp)
    {
        PortRecord port = new()
        {
            Id = Port,
            Network = network,
            PortGroup = portGroup,
            Vm = vm,
            Address = definition.Address,
            Kind = PortKind.Vm,
            IsUp = isUp,
            Name = definition.Name,
            Received = Sent,
            ReceivedBytes = Sent * FrameBytes,
            Forwarded = Sent - Unwanted,
            Offered = Got,
            Delivered = Got,
            DeliveredBytes = Got * FrameBytes,
        };
        port.SetDrops(DropReason.NoDestination, Unwanted);
        return port;
    }
}
