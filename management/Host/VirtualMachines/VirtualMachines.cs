using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.Json;
using System.Threading;
using System.Threading.Tasks;
using HyperOS.Abi;
using HyperOS.Abi.Control;
using HyperOS.Management.Api;
using HyperOS.Management.Configuration;
using HyperOS.Management.Events;
using HyperOS.Management.HostControl;
using HyperOS.Management.KernelClient;
using Microsoft.Extensions.Logging;

namespace HyperOS.Management.VirtualMachines;

/// <summary>
/// All VMs: what is stored of them, what the kernel has of them, and the one place that changes either. A VM's life cycle is the kernel's:
/// <see cref="VmState"/>.
/// </summary>
internal sealed partial class VirtualMachines(
    KernelConnection kernel, IConfigurationStore store, EventHub events, HostClock clock, TimeProvider time, ILogger<VirtualMachines> logger)
{
    private const string Prefix = "vms/";

    /// <summary>How long the kernel may take for what it does at once.</summary>
    private static readonly TimeSpan s_prompt = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<string, Vm> _vms = new(StringComparer.Ordinal);

    // Held while a VM comes or goes, or gets another name: names are unique.
    private readonly SemaphoreSlim _names = new(1);

    public IReadOnlyList<VmResource> All => [.. _vms.Values.Select(Resource)];

    public ulong MaxMemory => clock.Information.MemoryBytes;

    /// <param name="key">A VM's identity or its name.</param>
    public Vm? Find(string key) => _vms.GetValueOrDefault(key) ?? _vms.Values.FirstOrDefault(vm => vm.Name == key);

    /// <returns>The name of the VM that has an identity in the kernel, or null.</returns>
    public string? NameOf(ulong kernelId) => kernelId == 0 ? null : _vms.Values.FirstOrDefault(vm => vm.KernelId == kernelId)?.Name;

    public VmResource Resource(Vm vm) => vm.Resource(clock.StartedAt, clock.Now);

    /// <summary>Takes up what is stored and what the kernel has: VMs that run go on, those that it has not got are made, and started if they are to be.</summary>
    public async Task LoadAsync(CancellationToken cancellationToken)
    {
        Dictionary<string, VmRecord> known = (await kernel.ListVmsAsync()).ToDictionary(vm => Inventory.NameOf(in vm.Name), StringComparer.Ordinal);
        foreach ((string key, byte[] content) in store.List(Prefix))
        {
            VmDocument document = JsonSerializer.Deserialize(content, ApiJson.Default.VmDocument) ?? throw new InvalidDataException($"The document {key} is empty.");
            Vm vm = new(document, 0);
            _vms[vm.Id] = vm;
            if (known.Remove(vm.Name, out VmRecord record))
            {
                vm.KernelId = record.Id;
                vm.Update(in record);
            }
            else
            {
                await RestoreAsync(vm, cancellationToken);
            }
        }
        foreach (VmRecord record in known.Values)
            await AdoptAsync(record);
    }

    /// <summary>Asks the kernel about a VM again, after an event of it.</summary>
    public async Task RefreshAsync(ulong kernelId)
    {
        if (_vms.Values.FirstOrDefault(vm => vm.KernelId == kernelId) is not Vm vm)
            return;
        ControlResult<VmRecord> record = await kernel.ReadVmAsync(kernelId);
        if (!record.IsDone)
            return;
        vm.Update(record.Value);
        Publish(vm);
    }

    /// <summary>Asks about all of them, after events were lost.</summary>
    public async Task RefreshAllAsync()
    {
        foreach (Vm vm in _vms.Values)
            await RefreshAsync(vm.KernelId);
    }

    /// <summary>Takes a sample of each for its history.</summary>
    public async Task SampleAsync()
    {
        Dictionary<ulong, ulong> traffic = (await kernel.ListPortsAsync())
            .GroupBy(port => port.Vm).ToDictionary(ports => ports.Key, ports => ports.Aggregate(0ul, (sum, port) => sum + port.ReceivedBytes + port.DeliveredBytes));
        Dictionary<ulong, VmRecord> records = (await kernel.ListVmsAsync()).ToDictionary(record => record.Id);
        DateTimeOffset now = time.GetUtcNow();
        foreach (Vm vm in _vms.Values)
        {
            if (!records.TryGetValue(vm.KernelId, out VmRecord record))
                continue;
            vm.Update(in record);
            vm.History.Add(new VmSample(now, record.CpuTime, record.MemoryInUse, record.DiskRead + record.DiskWritten, traffic.GetValueOrDefault(vm.KernelId)));
        }
    }

    public async Task<Outcome<Vm>> CreateAsync(VmConfig config)
    {
        await _names.WaitAsync();
        try
        {
            if (_vms.Values.Any(other => other.Name == config.Name))
                return ApiProblem.Conflict("nameTaken", "The name is taken", $"There is a VM \"{config.Name}\".", "Choose another name.") with { Field = "name" };
            VmDocument document = new() { Id = Guid.NewGuid().ToString(), Revision = 1, CreatedAt = time.GetUtcNow(), Config = config };
            Vm vm = new(document, 0);
            ApiProblem? problem = await MakeInKernelAsync(vm, config);
            if (problem is not null)
                return problem;
            Save(document);
            _vms[vm.Id] = vm;
            Publish(vm);
            return vm;
        }
        finally
        {
            _names.Release();
        }
    }

    /// <summary>Judges a configuration without doing anything.</summary>
    public async Task<ApiProblem?> CheckAsync(VmConfig config)
    {
        Outcome<VmBlueprint> blueprint = new BlueprintMaker(config, await TakeInventoryAsync(0)).Make(MaxMemory);
        return blueprint.Problem;
    }

    /// <summary>
    /// Gives a VM another configuration: one that is off is made anew at once; for one that runs it waits for the next start. What an edit may not change
    /// is its name.
    /// </summary>
    public async Task<Outcome<Vm>> ConfigureAsync(Vm vm, VmConfig config, Func<ulong, ApiProblem?> precondition, bool mayLoseDisks)
    {
        await vm.Writer.WaitAsync();
        try
        {
            if (precondition(vm.Document.Revision) is ApiProblem stale)
                return stale;
            if (config.Name != vm.Name)
                return ApiProblem.BadField("name", "nameFixed", "A VM keeps its name.", "Make another VM.");
            if (await CheckAsync(config) is ApiProblem bad)
                return bad;
            if (!mayLoseDisks && vm.Record.Starts > 0 && await HasMemoryDisksAsync(vm))
            {
                return ApiProblem.Conflict(
                    "disksWouldBeLost", "Disks would be lost", "The VM has disks in the host's memory, whose contents go when it is made anew.", "Repeat the request with ?discardDisks=true.");
            }
            bool isOn = vm.IsOn;
            if (!isOn && await RemakeAsync(vm, config) is ApiProblem problem)
                return problem;
            VmDocument before = vm.Document;
            Save(vm.Document = before with { Config = config, Revision = before.Revision + 1, Applied = isOn ? before.Applied ?? before.Config : null });
            Publish(vm);
            return vm;
        }
        finally
        {
            vm.Writer.Release();
        }
    }

    /// <summary>Deletes a VM that is off.</summary>
    /// <param name="keepVolumes">Its disks stay on the host's disk.</param>
    public async Task<ApiProblem?> DeleteAsync(Vm vm, bool keepVolumes, Func<ulong, ApiProblem?> precondition)
    {
        await _names.WaitAsync();
        await vm.Writer.WaitAsync();
        try
        {
            if (precondition(vm.Document.Revision) is ApiProblem stale)
                return stale;
            ulong[] volumes = [];
            if (vm.KernelId != 0)
            {
                ControlResult<VmBlueprint> blueprint = await kernel.ReadBlueprintAsync(vm.KernelId);
                volumes = blueprint.IsDone ? [.. blueprint.Value.Volumes.Where(volume => volume != 0)] : [];
                ControlResult<bool> deleted = await kernel.DeleteVmAsync(vm.KernelId);
                if (deleted.Status == ControlStatus.InUse)
                    return ApiProblem.Conflict("vmRuns", "The VM runs", $"\"{vm.Name}\" cannot be deleted while it runs.", "Stop it first.");
                if (!deleted.IsDone && deleted.Status != ControlStatus.NotFound)
                    return KernelProblems.Of(deleted);
            }
            foreach (ulong volume in keepVolumes ? [] : volumes)
                await kernel.DeleteVolumeAsync(volume);
            store.Commit(new DocumentChange(Prefix + vm.Id, null));
            _vms.TryRemove(vm.Id, out _);
            events.Publish("vmDeleted", vm.Name, new VmDeletion(vm.Id, vm.Name), ApiJson.Default.VmDeletion);
            return null;
        }
        finally
        {
            vm.Writer.Release();
            _names.Release();
        }
    }

    /// <summary>Starts a VM, after its configuration is the kernel's, and waits until it runs.</summary>
    public async Task<ApiProblem?> StartAsync(Vm vm, CancellationToken cancellationToken)
    {
        await vm.Writer.WaitAsync(cancellationToken);
        try
        {
            if (!vm.IsOn && (vm.KernelId == 0 || vm.Document.Applied is not null))
            {
                if (await RemakeAsync(vm, vm.Document.Config) is ApiProblem problem)
                    return problem;
                Save(vm.Document = vm.Document with { Applied = null });
            }
            ControlResult<HostStatistics> host = await kernel.ReadStatisticsAsync();
            if (!vm.IsOn && host.IsDone && vm.Document.Config.Memory > host.Value.AvailableMemory)
                return NoMemory(vm, host.Value.AvailableMemory);
            uint starts = vm.Record.Starts;
            if (await OperateAsync(vm, VmOperation.Start) is ApiProblem refused)
                return refused;
            VmRecord record = await WaitAsync(vm, now => now.Starts != starts || now.State == VmState.Refused, cancellationToken);
            if (record.State == VmState.Refused)
            {
                host = await kernel.ReadStatisticsAsync();
                return NoMemory(vm, host.Value.AvailableMemory);
            }
            return null;
        }
        finally
        {
            vm.Writer.Release();
        }
    }

    /// <summary>
    /// Presses the power button and waits for the VM's end, without holding it: a stop may come in between.
    /// </summary>
    public async Task<ApiProblem?> ShutDownAsync(Vm vm, CancellationToken cancellationToken)
    {
        if (await DoAsync(vm, VmOperation.Shutdown, cancellationToken) is ApiProblem problem)
            return problem;
        await vm.WaitAsync(IsOff, cancellationToken);
        return null;
    }

    public async Task<ApiProblem?> StopAsync(Vm vm, CancellationToken cancellationToken)
    {
        if (await DoAsync(vm, VmOperation.Stop, cancellationToken) is ApiProblem problem)
            return problem;
        await WaitAsync(vm, IsOff, cancellationToken);
        return null;
    }

    public async Task<ApiProblem?> ResetAsync(Vm vm, CancellationToken cancellationToken)
    {
        uint starts = vm.Record.Starts;
        if (await DoAsync(vm, VmOperation.Reset, cancellationToken) is ApiProblem problem)
            return problem;
        await WaitAsync(vm, now => now.Starts != starts || now.State == VmState.Refused, cancellationToken);
        return null;
    }

    public async Task<ApiProblem?> PauseAsync(Vm vm, CancellationToken cancellationToken)
    {
        if (await DoAsync(vm, VmOperation.Pause, cancellationToken) is ApiProblem problem)
            return problem;
        await WaitAsync(vm, now => now.State != VmState.Running, cancellationToken);
        return null;
    }

    public async Task<ApiProblem?> ResumeAsync(Vm vm, CancellationToken cancellationToken)
    {
        if (await DoAsync(vm, VmOperation.Resume, cancellationToken) is ApiProblem problem)
            return problem;
        await WaitAsync(vm, now => now.State != VmState.Paused, cancellationToken);
        return null;
    }

    public async Task<Outcome<VmStatistics>> ReadStatisticsAsync(Vm vm, string range)
    {
        ControlResult<IReadOnlyList<VmExitRecord>> exits = await kernel.ReadExitsAsync(vm.KernelId);
        ControlResult<VmRecord> record = await kernel.ReadVmAsync(vm.KernelId);
        if (!exits.IsDone || !record.IsDone)
            return ApiProblem.NotFound("VM", vm.Name);
        vm.Update(record.Value);
        return new VmStatistics
        {
            Runtime = vm.Runtime(clock.StartedAt, clock.Now),
            Exits = [.. exits.Value.Select(exit => new ExitStatistics(CamelCase(exit.Kind.ToString()), exit.Count, exit.Cycles))],
            CyclesPerSecond = clock.Information.TicksPerSecond,
            History = vm.History.Read(range),
        };
    }

    private static string CamelCase(string name) => char.ToLowerInvariant(name[0]) + name[1..];

    private static bool IsOff(VmRecord record) => record.State is VmState.Stopped or VmState.Refused;

    private static ApiProblem NoMemory(Vm vm, ulong available) => new()
    {
        Status = 507,
        Code = "notEnoughMemory",
        Title = "Not enough free memory",
        Detail = string.Create(CultureInfo.InvariantCulture, $"\"{vm.Name}\" needs {vm.Document.Config.Memory} bytes, {available} are free."),
        Field = "memory",
        Hint = "Give it less memory, or stop another VM.",
        Available = available,
    };

    private async Task<VmRecord> WaitAsync(Vm vm, Func<VmRecord, bool> condition, CancellationToken cancellationToken)
    {
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(s_prompt);
        try
        {
            return await vm.WaitAsync(condition, limit.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new IOException($"The kernel took longer than {s_prompt.TotalSeconds} s over {vm.Name}.");
        }
    }

    private async Task<ApiProblem?> DoAsync(Vm vm, VmOperation operation, CancellationToken cancellationToken)
    {
        await vm.Writer.WaitAsync(cancellationToken);
        try
        {
            return await OperateAsync(vm, operation);
        }
        finally
        {
            vm.Writer.Release();
        }
    }

    private async Task<ApiProblem?> OperateAsync(Vm vm, VmOperation operation)
    {
        ControlResult<bool> result = await kernel.OperateVmAsync(vm.KernelId, operation);
        LogOperation(vm.Name, operation, result.Status);
        if (result.IsDone)
            return null;
        if (result.Status != ControlStatus.Refused)
            return KernelProblems.Of(result);
        VmOperationStatus status = (VmOperationStatus)result.Detail;
        return ApiProblem.Conflict(CamelCase(status.ToString()), "The VM cannot do that now", $"\"{vm.Name}\": {Encoding.ASCII.GetString(VmOperations.Describe(status))}.");
    }

    private async Task<Inventory> TakeInventoryAsync(ulong own)
    {
        IReadOnlyList<NetworkRecord> networks = await kernel.ListNetworksAsync();
        IReadOnlyList<PortGroupRecord> groups = await kernel.ListPortGroupsAsync();
        IReadOnlyList<PortRecord> ports = await kernel.ListPortsAsync();
        ControlResult<HostStatistics> host = await kernel.ReadStatisticsAsync();
        return new Inventory(
            (await kernel.ListImagesAsync()).ToDictionary(image => Inventory.NameOf(in image.Name), StringComparer.Ordinal),
            groups.Where(group => networks.Any(network => network.Id == group.Network)).ToDictionary(
                group => (Inventory.NameOf(networks.First(network => network.Id == group.Network).Definition.Name), Inventory.NameOf(in group.Definition.Name)), group => group.Id),
            ports.Where(port => port.Vm != own || own == 0).Select(port => port.Address.Value).ToHashSet(),
            host.Value.StorageBytes != 0);
    }

    // Makes a VM in the kernel, with the volumes that it needs; those that are there from before are taken as they are.
    private async Task<ApiProblem?> MakeInKernelAsync(Vm vm, VmConfig config)
    {
        BlueprintMaker maker = new(config, await TakeInventoryAsync(vm.KernelId));
        Outcome<VmBlueprint> blueprint = maker.Make(MaxMemory);
        if (blueprint.Problem is ApiProblem bad)
            return bad;
        List<ulong> made = [];
        IReadOnlyList<VolumeRecord> volumes = maker.Volumes.Count == 0 ? [] : await kernel.ListVolumesAsync();
        foreach (VolumeWish wish in maker.Volumes)
        {
            ImageName name = default;
            name.Set(Encoding.ASCII.GetBytes($"{vm.Id[..8]}-{config.Name[..Math.Min(config.Name.Length, 28)]}-{config.Disks[wish.Index].Name}"));
            ulong volume = volumes.FirstOrDefault(volume => volume.Name.SameAs(in name)).Id;
            if (volume == 0)
            {
                ControlResult<ulong> created = await kernel.CreateVolumeAsync(in name, wish.Bytes, wish.Image);
                if (!created.IsDone)
                    return await UndoAsync(made, KernelProblems.Of(created) with { Field = string.Create(CultureInfo.InvariantCulture, $"disks[{wish.Index}].size") });
                volume = created.Value;
                made.Add(volume);
            }
            blueprint.Value.Volumes[wish.Index] = volume;
        }
        ControlResult<ulong> result = await kernel.CreateVmAsync(blueprint.Value);
        if (!result.IsDone)
            return await UndoAsync(made, KernelProblems.Of(result));
        vm.KernelId = result.Value;
        ControlResult<VmRecord> record = await kernel.ReadVmAsync(vm.KernelId);
        vm.Update(record.Value);
        return null;
    }

    private async Task<ApiProblem> UndoAsync(List<ulong> volumes, ApiProblem problem)
    {
        foreach (ulong volume in volumes)
            await kernel.DeleteVolumeAsync(volume);
        return problem;
    }

    // Replaces what the kernel has of a VM that is off. If the new one cannot be made the old one comes back.
    private async Task<ApiProblem?> RemakeAsync(Vm vm, VmConfig config)
    {
        VmConfig before = vm.Document.Applied ?? vm.Document.Config;
        bool had = vm.KernelId != 0;
        if (had)
        {
            ControlResult<bool> deleted = await kernel.DeleteVmAsync(vm.KernelId);
            if (!deleted.IsDone && deleted.Status != ControlStatus.NotFound)
                return KernelProblems.Of(deleted);
            vm.KernelId = 0;
        }
        ApiProblem? problem = await MakeInKernelAsync(vm, config);
        if (problem is not null && had && await MakeInKernelAsync(vm, before) is ApiProblem second)
            LogLost(vm.Name, second.Detail ?? second.Title);
        return problem;
    }

    private async Task<bool> HasMemoryDisksAsync(Vm vm)
    {
        ControlResult<VmBlueprint> blueprint = await kernel.ReadBlueprintAsync(vm.KernelId);
        return blueprint.IsDone && blueprint.Value.Volumes.Any(volume => volume == 0);
    }

    private async Task RestoreAsync(Vm vm, CancellationToken cancellationToken)
    {
        ApiProblem? problem = await MakeInKernelAsync(vm, vm.Document.Config);
        if (problem is null && vm.Document.Config.Autostart)
            problem = await StartAsync(vm, cancellationToken);
        if (problem is not null)
            LogNotRestored(vm.Name, problem.Detail ?? problem.Title);
    }

    // A VM of the bundle's: from now on it is managed like any other.
    private async Task AdoptAsync(VmRecord record)
    {
        ControlResult<VmBlueprint> blueprint = await kernel.ReadBlueprintAsync(record.Id);
        if (!blueprint.IsDone)
            return;
        VmConfig config = await new ConfigReader(kernel).ReadAsync(blueprint.Value);
        Vm vm = new(new VmDocument { Id = Guid.NewGuid().ToString(), Revision = 1, CreatedAt = time.GetUtcNow(), Config = config }, record.Id);
        vm.Update(in record);
        Save(vm.Document);
        _vms[vm.Id] = vm;
    }

    private void Save(VmDocument document) => store.Commit(new DocumentChange(Prefix + document.Id, JsonSerializer.SerializeToUtf8Bytes(document, ApiJson.Default.VmDocument)));

    private void Publish(Vm vm) => events.Publish("vm", vm.Name, Resource(vm), ApiJson.Default.VmResource);

    [LoggerMessage(1, LogLevel.Information, "VM {Name}: {Operation}: {Status}.")]
    private partial void LogOperation(string name, VmOperation operation, ControlStatus status);

    [LoggerMessage(2, LogLevel.Error, "VM {Name} could not be made anew, and is not there: {Reason}")]
    private partial void LogLost(string name, string reason);

    [LoggerMessage(3, LogLevel.Warning, "VM {Name} could not be restored: {Reason}")]
    private partial void LogNotRestored(string name, string reason);
}
