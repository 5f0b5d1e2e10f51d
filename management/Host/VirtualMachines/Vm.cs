using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using HyperOS.Abi;
using HyperOS.Abi.Control;

namespace HyperOS.Management.VirtualMachines;

/// <summary>
/// A VM. What may change is changed by who holds <see cref="Writer"/>, one at a time; readers take whatever is there. What the kernel tells of it comes
/// through <see cref="Update"/>.
/// </summary>
internal sealed class Vm(VmDocument document, ulong kernelId)
{
    private readonly Lock _lock = new();
    private volatile VmDocument _document = document;
    private VmRecord _record;
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string Id => _document.Id;

    public string Name => _document.Config.Name;

    /// <summary>Held by who changes the VM.</summary>
    public SemaphoreSlim Writer { get; } = new(1);

    public VmDocument Document
    {
        get => _document;
        set => _document = value;
    }

    /// <summary>Its identity in the kernel; 0 while it has none.</summary>
    public ulong KernelId { get; set; } = kernelId;

    public VmHistory History { get; } = new();

    public VmRecord Record
    {
        get
        {
            lock (_lock)
                return _record;
        }
    }

    public bool IsOn => Record.State is VmState.Running or VmState.Paused or VmState.ShuttingDown or VmState.Ending;

    public void Update(in VmRecord record)
    {
        TaskCompletionSource changed;
        lock (_lock)
        {
            _record = record;
            changed = _changed;
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
        changed.SetResult();
    }

    /// <summary>Waits until the kernel tells what is waited for.</summary>
    public async Task<VmRecord> WaitAsync(Func<VmRecord, bool> condition, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task changed;
            VmRecord record;
            lock (_lock)
                (changed, record) = (_changed.Task, _record);
            if (condition(record))
                return record;
            await changed.WaitAsync(cancellationToken);
        }
    }

    public VmResource Resource(DateTimeOffset hostStartedAt, ulong now) => new()
    {
        Id = Id,
        Name = Name,
        Revision = _document.Revision,
        CreatedAt = _document.CreatedAt,
        Config = _document.Config,
        Runtime = Runtime(hostStartedAt, now),
        Pending = IsOn ? PendingParts() : [],
    };

    public VmRuntime Runtime(DateTimeOffset hostStartedAt, ulong now)
    {
        VmRecord record = Record;
        bool isOn = IsOn;
        return new VmRuntime
        {
            State = record.State switch
            {
                VmState.Running => VmStateChoice.Running,
                VmState.Paused => VmStateChoice.Paused,
                VmState.ShuttingDown => VmStateChoice.ShuttingDown,
                VmState.Ending => VmStateChoice.Ending,
                VmState.Refused => VmStateChoice.Refused,
                _ => VmStateChoice.Stopped,
            },
            StopReason = record.StopReason == StopReason.None ? null : record.StopReason,
            StopDetail = record.StopReason == StopReason.None ? null : Encoding.ASCII.GetString(StopReasons.Describe(record.StopReason)).Trim(),
            ExitCode = record.StopReason == StopReason.ExitCode ? record.ExitCode : null,
            Starts = record.Starts,
            StartedAt = isOn ? hostStartedAt + TimeSpan.FromTicks((long)(record.StartedAt / 100)) : null,
            UptimeSeconds = isOn ? (now - Math.Min(now, record.StartedAt)) / 1_000_000_000 : 0,
            CpuTimeNanoseconds = record.CpuTime,
            MemoryInUse = record.MemoryInUse,
            MemoryTarget = record.MemoryTarget,
            DiskBytesRead = record.DiskRead,
            DiskBytesWritten = record.DiskWritten,
            ConsoleEnd = record.ConsoleEnd,
        };
    }

    private IReadOnlyList<string> PendingParts()
    {
        VmDocument document = _document;
        if (document.Applied is not VmConfig applied)
            return [];
        VmConfig wanted = document.Config;
        List<string> parts = [];
        Compare("cpu", wanted.Cpu with { Pin = [] } == applied.Cpu with { Pin = [] } && wanted.Cpu.Pin.SequenceEqual(applied.Cpu.Pin));
        Compare("memory", wanted.Memory == applied.Memory);
        Compare("boot", wanted.Boot == applied.Boot);
        Compare("console", wanted.Console == applied.Console);
        Compare("nics", wanted.Nics.SequenceEqual(applied.Nics));
        Compare("disks", wanted.Disks.SequenceEqual(applied.Disks));
        Compare("devices", wanted.Devices.SequenceEqual(applied.Devices));
        Compare("balloon", wanted.Balloon == applied.Balloon);
        Compare("autostart", wanted.Autostart == applied.Autostart);
        Compare("restart", wanted.Restart == applied.Restart);
        Compare("shutdownTimeout", wanted.ShutdownTimeout == applied.ShutdownTimeout);
        return parts;

        void Compare(string part, bool isSame)
        {
            if (!isSame)
                parts.Add(part);
        }
    }
}
