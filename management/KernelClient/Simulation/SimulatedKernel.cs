using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using System.Threading;
using HyperOS.Abi;
using HyperOS.Abi.Control;
using HyperOS.Core;

namespace HyperOS.Management.KernelClient.Simulation;

/// <summary>How big the simulated host is.</summary>
public sealed record SimulationOptions
{
    /// <summary>In bytes.</summary>
    public ulong MemoryBytes { get; init; } = 8ul << 30;

    public uint Processors { get; init; } = 8;

    /// <summary>Of the disk that keeps images and volumes, in bytes; 0 for none.</summary>
    public ulong StorageBytes { get; init; } = 64ul << 30;
}

/// <summary>
/// A host in memory, for developing and testing without one: it answers the messages of the control ABI as the kernel does, and its guests are shells.
/// Nothing of it outlasts the process but what the management keeps itself.
/// </summary>
public sealed partial class SimulatedKernel : IKernel
{
    private const ulong Reserved = 24ul << 20;
    private const int MaxVms = 512;
    private const ulong MaxImageBytes = 1ul << 40;

    /// <summary>What a guest takes from its power button to its end.</summary>
    private static readonly TimeSpan s_shutdown = TimeSpan.FromMilliseconds(300);

    private readonly object _lock = new();
    private readonly SimulationOptions _options;
    private readonly TimeProvider _time;
    private readonly long _bootTick;
    private readonly OutputRing _log = new(1 << 16);
    private readonly SortedDictionary<ulong, SimulatedVm> _vms = [];
    private readonly SortedDictionary<ulong, SimulatedImage> _images = [];
    private readonly SortedDictionary<ulong, NetworkRecord> _networks = [];
    private readonly SortedDictionary<ulong, PortGroupRecord> _portGroups = [];
    private readonly SortedDictionary<ulong, VolumeRecord> _volumes = [];
    private readonly List<EventsFile> _listeners = [];
    private ulong _lastIdentity;
    private ulong _lastEvent;

    public SimulatedKernel(SimulationOptions? options = null, TimeProvider? time = null)
    {
        _options = options ?? new SimulationOptions();
        _time = time ?? TimeProvider.System;
        _bootTick = _time.GetTimestamp();
        Log($"boot: simulated host, {_options.Processors} processors, {_options.MemoryBytes >> 20} MiB");
    }

    /// <summary>How the host was asked to end.</summary>
    public HostEndAction Ended { get; private set; }

    private ulong Now => (ulong)(_time.GetElapsedTime(_bootTick).Ticks * 100);

    private ulong AvailableMemory => _options.MemoryBytes - Reserved - ReservedMemory - ImageMemory;

    private ulong ReservedMemory => _vms.Values.Where(vm => vm.IsOn).Aggregate(0ul, (sum, vm) => sum + vm.Definition.MemoryBytes);

    private ulong ImageMemory => _images.Values.Where(image => !image.IsPersistent).Aggregate(0ul, (sum, image) => sum + image.Bytes);

    private ulong FreeStorage => _options.StorageBytes
        - _images.Values.Where(image => image.IsPersistent).Aggregate(0ul, (sum, image) => sum + image.Bytes)
        - _volumes.Values.Aggregate(0ul, (sum, volume) => sum + volume.Bytes);

    /// <summary>The host's files.</summary>
    public IDeviceFile Open(string path)
    {
        lock (_lock)
        {
            if (path == DevicePaths.Control)
                return new ControlFile(this);
            if (path == DevicePaths.Events)
                return new EventsFile(this);
            if (path.StartsWith(DevicePaths.Console, StringComparison.Ordinal)
                && _vms.Values.FirstOrDefault(vm => vm.Name == path[DevicePaths.Console.Length..]) is SimulatedVm vm)
            {
                return new ConsoleFile(this, vm);
            }
            throw new FileNotFoundException("There is no such device file.", path);
        }
    }

    private void Log(string line) => _log.Write(Encoding.UTF8.GetBytes($"[{Now / 1e9:F6}] {line}\n"));

    private void Tell(EventKind kind, ulong subject, ulong detail = 0)
    {
        EventRecord record = new() { Sequence = ++_lastEvent, Time = Now, Subject = subject, Detail = detail, Kind = kind };
        foreach (EventsFile listener in _listeners)
            listener.Add(in record);
        Monitor.PulseAll(_lock);
    }

    private void TellOf(SimulatedVm vm) => Tell(EventKind.VmChanged, vm.Id, (ulong)vm.State | (ulong)vm.StopReason << 8);

    private int Serve(ReadOnlySpan<byte> message, Span<byte> answer)
    {
        ControlStatus status = RequestHeader.TryOpen(message, out RequestHeader header, out ReadOnlySpan<byte> body);
        AnswerWriter writer = new(answer, header.Operation);
        ulong detail = status == ControlStatus.WrongVersion ? ControlMessage.CurrentVersion : 0ul;
        if (status == ControlStatus.Done)
        {
            lock (_lock)
                status = Serve(header.Operation, body, ref writer, out detail);
        }
        return writer.Finish(status, detail);
    }

    private ControlStatus Serve(ControlOperation operation, ReadOnlySpan<byte> body, ref AnswerWriter answer, out ulong detail)
    {
        detail = 0;
        LittleEndianReader reader = new(body);
        switch (operation)
        {
            case ControlOperation.HostInformation:
                return body.IsEmpty ? ReadHost(ref answer) : ControlStatus.Malformed;
            case ControlOperation.HostStatistics:
                return body.IsEmpty ? ReadStatistics(ref answer) : ControlStatus.Malformed;
            case ControlOperation.VmCreate:
                return CreateVm(body, ref answer, out detail);
            case ControlOperation.VmOperate:
                VmOperateRequest operate = VmOperateRequest.Read(ref reader);
                return IsWhole(in reader) ? Operate(in operate, out detail) : ControlStatus.Malformed;
            case ControlOperation.ImageCreate:
                ImageCreateRequest image = ImageCreateRequest.Read(ref reader);
                return IsWhole(in reader) ? CreateImage(in image, ref answer, out detail) : ControlStatus.Malformed;
            case ControlOperation.ImageAppend:
                ImageAppendRequest append = ImageAppendRequest.Read(ref reader);
                return reader.TryTake(reader.Remaining, out ReadOnlySpan<byte> piece) ? AppendImage(in append, piece, ref answer, out detail) : ControlStatus.Malformed;
            case ControlOperation.ImageSeal:
                ImageSealRequest seal = ImageSealRequest.Read(ref reader);
                return reader.TryTake(Sha256.HashLength, out ReadOnlySpan<byte> hash) && IsWhole(in reader) ? SealImage(seal.Id, hash, out detail) : ControlStatus.Malformed;
            case ControlOperation.NetworkWrite:
                NetworkWriteRequest network = NetworkWriteRequest.Read(ref reader);
                return IsWhole(in reader) ? WriteNetwork(in network, ref answer, out detail) : ControlStatus.Malformed;
            case ControlOperation.PortGroupWrite:
                PortGroupWriteRequest group = PortGroupWriteRequest.Read(ref reader);
                return IsWhole(in reader) ? WritePortGroup(in group, ref answer, out detail) : ControlStatus.Malformed;
            case ControlOperation.VolumeCreate:
                VolumeCreateRequest volume = VolumeCreateRequest.Read(ref reader);
                return IsWhole(in reader) ? CreateVolume(in volume, ref answer, out detail) : ControlStatus.Malformed;
            default:
                TargetRequest target = TargetRequest.Read(ref reader);
                detail = target.Id;
                return IsWhole(in reader) ? ServeTarget(operation, in target, ref answer, ref detail) : ControlStatus.Malformed;
        }
    }

    private static bool IsWhole(in LittleEndianReader reader) => !reader.Overrun && reader.Remaining == 0;

    private ControlStatus ServeTarget(ControlOperation operation, in TargetRequest target, ref AnswerWriter answer, ref ulong detail)
    {
        switch (operation)
        {
            case ControlOperation.HostEnd:
                return EndHost((HostEndAction)target.Argument);
            case ControlOperation.HostLog:
                return ReadLog(target.Argument, ref answer);
            case ControlOperation.VmDelete:
                return DeleteVm(target.Id);
            case ControlOperation.VmRead:
                return _vms.TryGetValue(target.Id, out SimulatedVm? vm) ? Answer(ref answer, vm.Record(Now)) : ControlStatus.NotFound;
            case ControlOperation.VmList:
                return List(_vms, target.Id, static (self, vm) => vm.Record(self.Now), ref answer);
            case ControlOperation.VmExits:
                return _vms.TryGetValue(target.Id, out vm) ? AnswerAll(ref answer, vm.Exits(Now)) : ControlStatus.NotFound;
            case ControlOperation.VmDefinition:
                if (!_vms.TryGetValue(target.Id, out vm))
                    return ControlStatus.NotFound;
                answer.Body.WriteBytes(vm.Body);
                return ControlStatus.Done;
            case ControlOperation.ImageDelete:
                return DeleteImage(target.Id);
            case ControlOperation.ImageList:
                return List(_images, target.Id, static (self, image) => image.Record(self.ImageUsers(image.Id)), ref answer);
            case ControlOperation.NetworkDelete:
                return DeleteNetwork(target.Id);
            case ControlOperation.NetworkList:
                return List(_networks, target.Id, static (self, network) => network with { Ports = (uint)self.Ports().Count(port => port.Network == network.Id) }, ref answer);
            case ControlOperation.PortGroupDelete:
                return DeletePortGroup(target.Id);
            case ControlOperation.PortGroupList:
                return List(_portGroups, target.Id, static (self, group) => group with { Users = (uint)self.UsersOf(group.Id) }, ref answer);
            case ControlOperation.PortList:
                ulong after = target.Id;
                return AnswerAll(ref answer, Ports().Where(port => port.Id > after).OrderBy(port => port.Id));
            case ControlOperation.DeviceList:
                after = target.Id;
                return AnswerAll(ref answer, Devices().Where(device => device.Id > after));
            case ControlOperation.VolumeDelete:
                return DeleteVolume(target.Id);
            case ControlOperation.VolumeList:
                return List(_volumes, target.Id, static (self, volume) => volume with { Users = (uint)self._vms.Values.Count(vm => vm.Volumes.Contains(volume.Id)) }, ref answer);
            default:
                detail = 0;
                return ControlStatus.UnknownOperation;
        }
    }

    private ControlStatus List<TThing, TRecord>(
        SortedDictionary<ulong, TThing> things, ulong after, Func<SimulatedKernel, TThing, TRecord> record, ref AnswerWriter answer)
        where TRecord : struct, IControlRecord<TRecord>
    {
        foreach ((ulong id, TThing thing) in things)
        {
            if (id > after && !answer.TryAdd(record(this, thing)))
                break;
        }
        return ControlStatus.Done;
    }

    private static ControlStatus Answer<T>(ref AnswerWriter answer, in T record)
        where T : struct, IControlRecord<T>
    {
        answer.TryAdd(in record);
        return ControlStatus.Done;
    }

    private static ControlStatus AnswerAll<T>(ref AnswerWriter answer, IEnumerable<T> records)
        where T : struct, IControlRecord<T>
    {
        foreach (T record in records)
        {
            if (!answer.TryAdd(in record))
                break;
        }
        return ControlStatus.Done;
    }

    private ControlStatus Created(ref AnswerWriter answer, ulong id) => Answer(ref answer, new CreatedAnswer { Id = id });

    private ControlStatus ReadHost(ref AnswerWriter answer)
    {
        HostInformation host = new()
        {
            StartedAt = (ulong)(_time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * 100 - Now,
            MemoryBytes = _options.MemoryBytes,
            TicksPerSecond = 1_000_000_000,
            Processors = _options.Processors,
            MaxVms = MaxVms,
            Vendor = VmVendor.Svm,
        };
        host.Processor.Set("Simulated processor"u8);
        host.KernelVersion.Set("simulation"u8);
        return Answer(ref answer, in host);
    }

    private ControlStatus ReadStatistics(ref AnswerWriter answer)
    {
        ulong now = Now, cpu = _vms.Values.Aggregate(0ul, (sum, vm) => sum + vm.Record(now).CpuTime);
        return Answer(ref answer, new HostStatistics
        {
            Now = now,
            FreeMemory = _options.MemoryBytes - Reserved - ImageMemory - _vms.Values.Aggregate(0ul, (sum, vm) => sum + vm.Record(now).MemoryInUse),
            ReservedMemory = ReservedMemory,
            AvailableMemory = AvailableMemory,
            BusyTime = cpu + now / 100,
            VmTime = cpu,
            StorageBytes = _options.StorageBytes,
            FreeStorage = _options.StorageBytes == 0 ? 0 : FreeStorage,
            Vms = (uint)_vms.Count,
            RunningVms = (uint)_vms.Values.Count(vm => vm.IsOn),
        });
    }

    private ControlStatus ReadLog(ulong offset, ref AnswerWriter answer)
    {
        byte[] bytes = new byte[1 << 15];
        int length = _log.Read(ref offset, bytes);
        new OutputChunk { Start = offset, End = _log.End }.Write(ref answer.Body);
        answer.Body.WriteBytes(bytes.AsSpan(0, length));
        return ControlStatus.Done;
    }

    private ControlStatus EndHost(HostEndAction action)
    {
        if (action is not (HostEndAction.PowerOff or HostEndAction.Reboot))
            return ControlStatus.Malformed;
        Log($"hyperos: asked to {(action == HostEndAction.Reboot ? "reboot" : "power off")}: the machines shut down");
        foreach (SimulatedVm vm in _vms.Values.Where(vm => vm.IsOn))
        {
            vm.Stop(StopReason.PowerOff, Now);
            TellOf(vm);
        }
        Ended = action;
        Tell(EventKind.HostEnds, 0, (ulong)action);
        return ControlStatus.Done;
    }
}
