using System;
using System.Threading;
using HyperOS.Core;
using HyperOS.Diagnostics;
using HyperOS.Ethernet;
using HyperOS.Firmware;
using HyperOS.Interrupts;
using HyperOS.Memory;
using HyperOS.Pci;
using HyperOS.PciHost;
using HyperOS.Platform;
using HyperOS.Scheduling;
using HyperOS.Virtio;

namespace HyperOS.Nics;

/// <summary>A card of this machine on a thread of its own, which its interrupts wake; they come to that thread's processor.</summary>
internal sealed class PhysicalNic : Uplink
{
    /// <summary>
    /// Messages for a virtio device's configuration and its receive queue; what is transmitted is not announced. Intel's cards are driven with one
    /// interrupt, whose causes they tell.
    /// </summary>
    private const int VirtioMessages = 2;

    /// <summary>
    /// How often to look at a card that cannot interrupt, and at one whose pin may lead elsewhere than firmware says, in nanoseconds.
    /// </summary>
    private const ulong WithoutInterrupts = 1_000_000, WithPin = 10_000_000;

    private readonly byte[] _name;
    private readonly NicModel _model;
    private readonly PciFunction _function;
    private readonly FunctionInterrupts _interrupts;
    private readonly NicService _service;
    private readonly KernelThread _thread;
    private KernelLock _lock = new(LockRank.Devices);
    private bool _hasStarted;

    private PhysicalNic(byte[] name, NicModel model, PciFunction function, KernelThread thread, Body body, NicDevice device, VirtioTransport? transport,
        InterruptTopology topology)
    {
        _name = name;
        _model = model;
        _function = function;
        _thread = thread;
        _interrupts = FunctionInterrupts.Prepare(function, transport is null ? 0 : VirtioMessages, new Handler(this), thread.ApicId, topology);
        if (transport is not null)
            transport.Messages = _interrupts.Messages;
        ulong pollInterval = _interrupts.Way switch { InterruptWay.None => WithoutInterrupts, InterruptWay.Pin => WithPin, _ => 0 };
        _service = new NicService(device, new Host(this), pollInterval);
        body.Begin(_service, thread);
    }

    public override ReadOnlySpan<byte> Name => _name;

    public override MacAddress Address => _service.Address;

    public override bool IsLinkUp => _service.IsLinkUp;

    public override FrameReceiver Receiver => _service.Receiver;

    public override UplinkStatistics Statistics => _service.Statistics;

    public override void Connect(FramePort? port, UplinkListener? listener) => _service.Connect(port, listener);

    /// <summary>Sets a card up and starts its thread; during start-up.</summary>
    /// <returns>Null if it cannot be used; the log says why.</returns>
    public static PhysicalNic? Start(byte[] name, NicModel model, PciFunction function, InterruptTopology topology)
    {
        function.ReadBaseAddresses();
        NicDevice? device = NicModels.Create(model, function, out VirtioTransport? transport, out ReadOnlySpan<byte> problem);
        Body body = new();
        KernelThread? thread = null;
        if (device is null || !Scheduler.TryCreate(body, FrameOwner.Kernel, null, out ThreadHandle handle) || !handle.TryGet(out thread))
        {
            Log.Write(name, $"{NicModels.Name(model)} at {Place(function.Address)}: not used: {problem}");
            return null;
        }
        return new PhysicalNic(name, model, function, thread!, body, device, transport, topology);
    }

    private static LogLine Place(PciAddress address) => $"{(uint)address.Bus:x2}:{(uint)address.Device:x2}.{(uint)address.Function}";

    private void Report(NicEvent what)
    {
        switch (what)
        {
            case NicEvent.Started when !_hasStarted:
                _hasStarted = true;
                Log.Write(Name, $"{NicModels.Name(_model)} at {Place(_function.Address)}, {Address}, {Way} {_interrupts.Source}, APIC {_thread.ApicId}");
                break;
            case NicEvent.Started:
                Log.Write(Name, $"runs again");
                break;
            case NicEvent.NotStarted:
                Log.Write(Name, $"{NicModels.Name(_model)} at {Place(_function.Address)} does not start; it is tried again and again");
                break;
            case NicEvent.LinkUp:
                Log.Write(Name, $"link up");
                break;
            case NicEvent.LinkDown:
                Log.Write(Name, $"link down");
                break;
            case NicEvent.Hung:
                Log.Write(Name, $"hangs: reset");
                break;
            case NicEvent.Lied:
                Log.Write(Name, $"says what cannot be ({_service.Statistics.Lies} times): reset");
                break;
            case NicEvent.Gone:
                Log.Write(Name, $"does not answer: unplugged");
                break;
        }
    }

    private ReadOnlySpan<byte> Way => _interrupts.Way switch
    {
        InterruptWay.MessageTable => "MSI-X from vector"u8,
        InterruptWay.Message => "MSI by vector"u8,
        InterruptWay.Pin => "INTx at IOAPIC pin"u8,
        _ => "no interrupt,"u8,
    };

    /// <summary>What the card's logic needs of the kernel.</summary>
    private sealed class Host : NicHost
    {
        private readonly PhysicalNic _nic;

        public Host(PhysicalNic nic) => _nic = nic;

        public override ulong Now => Clock.Now;

        public override void Delay(ulong nanoseconds) => Clock.Delay(nanoseconds);

        public override bool Enter() => _nic._lock.Enter();

        public override void Exit(bool state) => _nic._lock.Exit(state);

        public override bool TryAttach()
        {
            if (!_nic._function.TryEnable())
                return false;
            _nic._interrupts.Apply();
            return true;
        }

        public override bool IsAttached => _nic._function.IsEnabled;

        public override void Detach() => _nic._function.Disable();

        public override void Wake() => Scheduler.Wake(_nic._thread);

        public override void Report(NicEvent what) => _nic.Report(what);
    }

    private sealed class Handler : InterruptHandler
    {
        private readonly PhysicalNic _nic;

        public Handler(PhysicalNic nic) => _nic = nic;

        public override void Handle() => _nic._service?.OnInterrupt();
    }

    /// <summary>The card's thread: waits until the card is set up, then serves it for ever.</summary>
    private sealed class Body : ThreadBody
    {
        private NicService? _service;

        public void Begin(NicService service, KernelThread thread)
        {
            Volatile.Write(ref _service, service);
            Scheduler.Wake(thread);
        }

        public override void Run()
        {
            NicService? service;
            while ((service = Volatile.Read(ref _service)) is null)
                Scheduler.Block();
            while (true)
            {
                ulong due = service.Serve();
                if (due > Clock.Now)
                    Scheduler.Block(due);
                else
                    Scheduler.Yield();
            }
        }
    }
}
