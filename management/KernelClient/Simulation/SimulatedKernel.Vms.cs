using System;
using System.Linq;
using System.Threading;
using HyperOS.Abi;
using HyperOS.Abi.Control;
using HyperOS.Core;

namespace HyperOS.Management.KernelClient.Simulation;

public sealed partial class SimulatedKernel
{
    private ControlStatus CreateVm(ReadOnlySpan<byte> body, ref AnswerWriter answer, out ulong detail)
    {
        detail = 0;
        if (!VmCreateRequest.TryOpen(body, out VmCreateRequest request))
            return ControlStatus.Malformed;
        ControlStatus status = request.Validate(_options.MemoryBytes - Reserved, out detail);
        if (status != ControlStatus.Done)
            return status;
        detail = MaxVms;
        if (_vms.Count == MaxVms)
            return ControlStatus.TooMany;
        SimulatedVm vm = new(_lastIdentity + 1, body.ToArray());
        if (_vms.Values.Any(other => other.Name == vm.Name))
            return ControlStatus.NameTaken;
        for (int i = 0; i < request.ImageCount; i++)
        {
            detail = request.ImageAt(i);
            if (!_images.TryGetValue(detail, out SimulatedImage? image))
                return ControlStatus.NotFound;
            if (!image.IsSealed)
                return ControlStatus.WrongState;
        }
        for (int i = 0; i < request.PortGroupCount; i++)
        {
            detail = request.PortGroupAt(i);
            if (!_portGroups.ContainsKey(detail))
                return ControlStatus.NotFound;
        }
        for (int i = 0; i < request.DiskCount; i++)
        {
            ulong volume = detail = request.VolumeAt(i);
            if (volume != 0 && !_volumes.ContainsKey(volume))
                return ControlStatus.NotFound;
            if (volume != 0 && _vms.Values.Any(other => other.Volumes.Contains(volume)))
                return ControlStatus.InUse;
        }
        _vms.Add(++_lastIdentity, vm);
        foreach (SimulatedNic nic in vm.Nics)
            nic.Port = ++_lastIdentity;
        Log($"vm {vm.Name}: made");
        TellOf(vm);
        return Created(ref answer, vm.Id);
    }

    private ControlStatus DeleteVm(ulong id)
    {
        if (!_vms.TryGetValue(id, out SimulatedVm? vm))
            return ControlStatus.NotFound;
        if (vm.IsOn)
            return ControlStatus.InUse;
        vm.IsDeleted = true;
        _vms.Remove(id);
        Log($"vm {vm.Name}: deleted");
        Tell(EventKind.VmDeleted, id);
        return ControlStatus.Done;
    }

    private ControlStatus Operate(in VmOperateRequest request, out ulong detail)
    {
        detail = request.Id;
        if (!_vms.TryGetValue(request.Id, out SimulatedVm? vm))
            return ControlStatus.NotFound;
        VmOperationStatus refusal = Check(vm, in request);
        detail = (ulong)refusal;
        if (refusal != VmOperationStatus.Taken)
            return ControlStatus.Refused;
        switch (request.Operation)
        {
            case VmOperation.Start:
                Start(vm);
                break;
            case VmOperation.Shutdown:
                ShutDown(vm);
                break;
            case VmOperation.Stop:
                Stop(vm, StopReason.Stopped);
                break;
            case VmOperation.Pause:
                vm.State = VmState.Paused;
                TellOf(vm);
                break;
            case VmOperation.Resume:
                vm.State = VmState.Running;
                TellOf(vm);
                break;
            case VmOperation.Reset:
                Stop(vm, StopReason.Reset);
                Start(vm);
                break;
            case VmOperation.SetMemory:
                vm.MemoryTarget = Alignment.Down(request.Argument, Size.Page);
                Tell(EventKind.VmMemory, vm.Id);
                break;
            default:
                Tell(EventKind.VmMemory, vm.Id);
                break;
        }
        return ControlStatus.Done;
    }

    private VmOperationStatus Check(SimulatedVm vm, in VmOperateRequest request) => request.Operation switch
    {
        VmOperation.None or > VmOperation.Reset => VmOperationStatus.Refused,
        VmOperation.Start when Ended != HostEndAction.None => VmOperationStatus.HostEnds,
        VmOperation.Start => vm.IsOn ? VmOperationStatus.AlreadyRuns : VmOperationStatus.Taken,
        _ when !vm.IsOn => VmOperationStatus.NotRunning,
        VmOperation.SetMemory or VmOperation.AskMemory when (vm.Definition.Options & VmOptions.Balloon) == 0 => VmOperationStatus.NoBalloon,
        VmOperation.SetMemory when request.Argument == 0 || request.Argument > vm.Definition.MemoryBytes => VmOperationStatus.BadSize,
        VmOperation.Pause when vm.State == VmState.Paused => VmOperationStatus.AlreadyPaused,
        VmOperation.Resume when vm.State != VmState.Paused => VmOperationStatus.NotPaused,
        _ => VmOperationStatus.Taken,
    };

    private void Start(SimulatedVm vm)
    {
        if (vm.Definition.MemoryBytes > AvailableMemory)
        {
            vm.State = VmState.Refused;
            vm.StopReason = StopReason.OutOfMemory;
            Log($"vm {vm.Name}: refused: needs {vm.Definition.MemoryBytes >> 20} MiB, {AvailableMemory >> 20} MiB are free");
        }
        else
        {
            vm.Start(Now);
            Log($"vm {vm.Name}: running");
        }
        TellOf(vm);
    }

    private void Stop(SimulatedVm vm, StopReason reason)
    {
        vm.Stop(reason, Now);
        Log($"vm {vm.Name}: stopped: {System.Text.Encoding.ASCII.GetString(StopReasons.Describe(reason))}");
        TellOf(vm);
    }

    // A guest that hears it ends soon; one that does not, when its time is over.
    private void ShutDown(SimulatedVm vm)
    {
        if (vm.State == VmState.ShuttingDown)
            return;
        vm.PressPowerButton();
        Log($"vm {vm.Name}: asked to shut down");
        TellOf(vm);
        (uint run, bool isDeaf) = (vm.Run, vm.IsDeaf);
        TimeSpan time = isDeaf ? TimeSpan.FromTicks((long)vm.Definition.ShutdownTimeout / 100) : s_shutdown;
        After(time, () =>
        {
            if (vm.State == VmState.ShuttingDown && vm.Run == run)
                Stop(vm, isDeaf ? StopReason.NoAnswer : StopReason.PowerOff);
        });
    }

    private void After(TimeSpan time, Action action)
    {
        ITimer? timer = null;
        timer = _time.CreateTimer(
            _ =>
            {
                lock (_lock)
                    action();
                timer?.Dispose();
            },
            null,
            time,
            Timeout.InfiniteTimeSpan);
    }

    private void Type(SimulatedVm vm, ReadOnlySpan<byte> keys)
    {
        foreach (byte key in keys)
        {
            if (vm.State != VmState.Running)
                return;
            GuestWish wish = vm.Type(key);
            switch (wish)
            {
                case GuestWish.PowerOff:
                    Stop(vm, StopReason.PowerOff);
                    Restart(vm, isFailure: false);
                    break;
                case GuestWish.Reset:
                    Stop(vm, StopReason.Reset);
                    Restart(vm, isFailure: true);
                    break;
                case GuestWish.Crash:
                    Stop(vm, StopReason.TripleFault);
                    Restart(vm, isFailure: true);
                    break;
                case GuestWish.Send:
                    Deliver(vm);
                    break;
            }
        }
    }

    private void Restart(SimulatedVm vm, bool isFailure)
    {
        if (vm.Definition.Restart == VmRestart.Always || isFailure && vm.Definition.Restart == VmRestart.OnFailure)
            Start(vm);
    }

    // Broadcasts: all that run in the port group get them.
    private void Deliver(SimulatedVm sender)
    {
        foreach (SimulatedNic nic in sender.Nics)
        {
            ulong frames = nic.TakeSent();
            bool reached = false;
            foreach (SimulatedVm vm in _vms.Values.Where(vm => vm != sender && vm.IsOn))
            {
                foreach (SimulatedNic other in vm.Nics.Where(other => other.PortGroup == nic.PortGroup))
                {
                    other.Receive(frames);
                    reached = true;
                }
            }
            if (!reached)
                nic.Waste(frames);
        }
    }
}
