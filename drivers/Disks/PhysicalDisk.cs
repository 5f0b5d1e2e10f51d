using System;
using System.Threading;
using HyperOS.Block;
using HyperOS.Core;
using HyperOS.Diagnostics;
using HyperOS.Interrupts;
using HyperOS.Memory;
using HyperOS.Pci;
using HyperOS.PciHost;
using HyperOS.Platform;
using HyperOS.Scheduling;

namespace HyperOS.Disks;

/// <summary>
/// A controller of this machine, or an adapter's port, on a thread of its own, which its interrupts wake; they come to that thread's processor.
/// </summary>
internal sealed class PhysicalDisk
{
    /// <summary>
    /// How often to look at a controller that has requests and cannot interrupt, and at one whose pin may lead elsewhere than firmware says, in nanoseconds.
    /// </summary>
    private const ulong WithoutInterrupts = 500_000, WithPin = 10_000_000;

    /// <summary>Waits from here on let others run, in nanoseconds; and between two log lines about errors.</summary>
    private const ulong ShortWait = 100_000, ErrorInterval = 10_000_000_000;

    private readonly byte[] _kind;
    private readonly PciFunction _function;
    private readonly KernelThread _thread;
    private readonly Body _body;
    private readonly DiskListener _listener;
    private KernelLock _lock = new(LockRank.Devices);
    private FunctionInterrupts? _interrupts;
    private DiskService? _service;
    private bool _hasStarted;
    private ulong _nextErrorLine, _errorsUnsaid;

    private PhysicalDisk(ReadOnlySpan<byte> kind, PciFunction function, KernelThread thread, Body body, DiskListener listener)
    {
        _kind = new byte[kind.Length];
        kind.CopyTo(_kind);
        _function = function;
        _thread = thread;
        _body = body;
        _listener = listener;
        Handler = new OwnHandler(this);
    }

    /// <summary>After <see cref="Begin"/>.</summary>
    public DiskService Service => _service!;

    /// <summary>Serves the interrupts of a controller that has them for itself.</summary>
    public InterruptHandler Handler { get; }

    /// <summary>Of the processor that its thread runs on.</summary>
    public uint ApicId => _thread.ApicId;

    /// <summary>Its disks have names.</summary>
    public bool IsNamed { get; set; }

    /// <summary>The port of an adapter; -1 for a controller.</summary>
    public int SharedPort { get; set; } = -1;

    /// <summary>Makes the thread, which waits for <see cref="Begin"/>; during start-up.</summary>
    /// <returns>Null if there is no room.</returns>
    public static PhysicalDisk? Create(ReadOnlySpan<byte> kind, PciFunction function, DiskListener listener)
    {
        Body body = new();
        return Scheduler.TryCreate(body, FrameOwner.Kernel, null, out ThreadHandle handle) && handle.TryGet(out KernelThread? thread)
            ? new PhysicalDisk(kind, function, thread!, body, listener)
            : null;
    }

    /// <summary>The thread begins to serve the controller.</summary>
    public void Begin(DiskDevice device, FunctionInterrupts interrupts)
    {
        _interrupts = interrupts;
        ulong pollInterval = interrupts.Way switch { InterruptWay.None => WithoutInterrupts, InterruptWay.Pin => WithPin, _ => 0 };
        _service = new DiskService(device, new Host(this), pollInterval);
        _body.Begin(this);
        Scheduler.Wake(_thread);
    }

    /// <summary>Any context.</summary>
    public void OnInterrupt() => _service?.OnInterrupt();

    /// <summary>Writes a disk that has just got its name into the log.</summary>
    public void Describe(DiskUnit disk, int unit)
    {
        DiskIdentity identity = disk.Identity;
        Log.Write(disk.Name, $"{Kind} at {Place(_function.Address)}{Part(unit)}, {identity.Model}, serial {(identity.Serial.IsEmpty ? "none"u8 : identity.Serial)}, {identity.Length / Size.MiB} MiB in blocks of {(uint)identity.BlockBytes}{(identity.IsReadOnly ? ", read-only"u8 : default)}, {Way} {_interrupts!.Source}, APIC {ApicId}");
    }

    public static LogLine Place(PciAddress address) => $"{(uint)address.Bus:x2}:{(uint)address.Device:x2}.{(uint)address.Function}";

    private ReadOnlySpan<byte> Kind => _kind;

    private LogLine Part(int unit)
    {
        if (SharedPort >= 0)
            return $" port {SharedPort}";
        if (Service.UnitCount > 1)
            return $" namespace {unit + 1}";
        return $"";
    }

    // Of the first disk, or of the place until there is one.
    private void Say(scoped LogLine what)
    {
        for (int i = 0; i < Service.UnitCount; i++)
        {
            if (!Service.Unit(i).Name.IsEmpty)
                Log.Write(Service.Unit(i).Name, what);
        }
        if (Service.UnitCount == 0 || Service.Unit(0).Name.IsEmpty)
            Log.Write("disks"u8, $"{Kind} at {Place(_function.Address)}{Part(0)}: {what}");
    }

    private void Report(DiskEvent what)
    {
        switch (what)
        {
            case DiskEvent.Started when _hasStarted:
                Say($"runs again");
                break;
            case DiskEvent.Started:
                _hasStarted = true;
                break;
            case DiskEvent.NotStarted:
                Say($"does not start; it is tried again");
                break;
            case DiskEvent.Hung:
                Say($"does not answer in time: reset");
                break;
            case DiskEvent.Lied:
                Say($"says what cannot be: reset");
                break;
            case DiskEvent.Gone:
                Say($"does not answer: unplugged; what it had not written down is lost, and it stays unused until the host starts again");
                break;
            case DiskEvent.Replaced:
                Say($"is another one than before: not used");
                break;
            case DiskEvent.Failed:
                Say($"has failed: not used any more");
                break;
        }
    }

    private void ReportError(BlockRequest request)
    {
        ulong now = Clock.Now;
        if (now < _nextErrorLine)
        {
            _errorsUnsaid++;
            return;
        }
        _nextErrorLine = now + ErrorInterval;
        ReadOnlySpan<byte> operation = request.Operation switch
        {
            BlockOperation.Read => "read"u8,
            BlockOperation.Write => "write"u8,
            BlockOperation.Flush => "flush"u8,
            BlockOperation.Discard => "discard"u8,
            _ => "write of zeroes"u8,
        };
        Log.Write(Service.Unit(request.Unit).Name, $"error: {operation} of {request.Length} bytes at {request.Offset} ({_errorsUnsaid} other errors since the last such line)");
        _errorsUnsaid = 0;
    }

    private ReadOnlySpan<byte> Way => _interrupts!.Way switch
    {
        InterruptWay.MessageTable => "MSI-X from vector"u8,
        InterruptWay.Message => "MSI by vector"u8,
        InterruptWay.Pin => "INTx at IOAPIC pin"u8,
        _ => "no interrupt,"u8,
    };

    /// <summary>What the controller's logic needs of the kernel. A port's adapter stays attached for the other ports, unless this one does not let memory be.</summary>
    private sealed class Host : DiskHost
    {
        private readonly PhysicalDisk _disk;

        public Host(PhysicalDisk disk) => _disk = disk;

        public override ulong Now => Clock.Now;

        public override bool IsAttached => _disk._function.IsEnabled;

        public override void Delay(ulong nanoseconds)
        {
            if (nanoseconds < ShortWait)
            {
                Clock.Delay(nanoseconds);
                return;
            }
            for (ulong end = Clock.Now + nanoseconds; Clock.Now < end;)
                Scheduler.Block(end);
        }

        public override bool Enter() => _disk._lock.Enter();

        public override void Exit(bool state) => _disk._lock.Exit(state);

        public override bool TryAttach()
        {
            if (_disk.SharedPort >= 0 && IsAttached)
                return true;
            if (!_disk._function.TryEnable())
                return false;
            _disk._interrupts!.Apply();
            return true;
        }

        public override void Detach() => _disk._function.Disable();

        public override void Wake() => Scheduler.Wake(_disk._thread);

        public override void Report(DiskEvent what) => _disk.Report(what);

        public override void ReportError(BlockRequest request) => _disk.ReportError(request);
    }

    private sealed class OwnHandler : InterruptHandler
    {
        private readonly PhysicalDisk _disk;

        public OwnHandler(PhysicalDisk disk) => _disk = disk;

        public override void Handle() => _disk.OnInterrupt();
    }

    /// <summary>The controller's thread: waits until the controller is set up, then serves it for ever.</summary>
    private sealed class Body : ThreadBody
    {
        private PhysicalDisk? _disk;

        public void Begin(PhysicalDisk disk) => Volatile.Write(ref _disk, disk);

        public override void Run()
        {
            PhysicalDisk? disk;
            while ((disk = Volatile.Read(ref _disk)) is null)
                Scheduler.Block();
            DiskService service = disk.Service;
            bool isSettled = false;
            while (true)
            {
                ulong due = service.Serve();
                if (!isSettled && service.IsSettled)
                {
                    isSettled = true;
                    disk._listener.Settled();
                }
                if (due > Clock.Now)
                    Scheduler.Block(due);
                else
                    Scheduler.Yield();
            }
        }
    }
}
