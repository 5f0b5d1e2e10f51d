using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;
using System.Threading.Tasks;
using HyperOS.Abi;
using HyperOS.Abi.Control;
using HyperOS.Core;
using HyperOS.Management.Api;
using HyperOS.Management.Audit;
using HyperOS.Management.Configuration;
using HyperOS.Management.Identity;
using HyperOS.Management.KernelClient;
using HyperOS.Management.Tasks;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace HyperOS.Management.HostControl;

/// <summary>The host, as the API has it. Sizes in bytes.</summary>
internal sealed record HostResource
{
    public required string Processor { get; init; }

    public required uint Processors { get; init; }

    /// <summary>svm or vmx.</summary>
    public required string Virtualization { get; init; }

    public required string KernelVersion { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    public required ulong UptimeSeconds { get; init; }

    public required HostMemory Memory { get; init; }

    /// <summary>Null: the host runs from its memory, and forgets.</summary>
    public HostStorage? Storage { get; init; }

    public required HostCpu Cpu { get; init; }

    public required uint Vms { get; init; }

    public required uint RunningVms { get; init; }

    public required uint MaxVms { get; init; }

    /// <summary>Whether users, VMs and networks outlast the host.</summary>
    public required bool IsConfigurationPersistent { get; init; }

    public required IReadOnlyList<HostDevice> Devices { get; init; }
}

internal sealed record HostMemory(ulong Total, ulong Free, ulong ReservedByVms, ulong Available);

internal sealed record HostStorage(ulong Total, ulong Free);

/// <summary>Processor time since the start, all processors together.</summary>
internal sealed record HostCpu(ulong BusyNanoseconds, ulong VmNanoseconds);

/// <summary>A network card or a disk of the host.</summary>
internal sealed record HostDevice
{
    /// <summary>nic or disk.</summary>
    public required string Kind { get; init; }

    public required string Name { get; init; }

    public required string Model { get; init; }

    public required bool IsUp { get; init; }

    /// <summary>Of a NIC.</summary>
    public string? Address { get; init; }

    /// <summary>Of a NIC.</summary>
    public ulong? BitsPerSecond { get; init; }

    /// <summary>Of a disk.</summary>
    public ulong? Bytes { get; init; }

    /// <summary>Of a disk: it keeps images and volumes.</summary>
    public bool? IsStorage { get; init; }
}

/// <summary>A part of the host's log.</summary>
/// <param name="Start">Offset of the text's first byte.</param>
/// <param name="Next">Where to go on.</param>
/// <param name="End">Where the log ends now.</param>
/// <param name="Text">Lines.</param>
internal sealed record HostLog(ulong Start, ulong Next, ulong End, string Text);

/// <summary>/host: the machine.</summary>
internal static class HostApi
{
    public static void MapHost(this IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder group = routes.MapGroup("/host").WithTags("Host");
        group.MapGet("", ReadAsync).Is(new ApiOperation { Summary = "Read the host's state", Role = Role.Viewer, Answer = typeof(HostResource), IsFilteredByVm = true });
        group.MapGet("/log", ReadLogAsync).Is(new ApiOperation { Summary = "Read the host's log", Role = Role.Operator, Answer = typeof(HostLog), Query = [("from", "The offset to begin at; the oldest there is without.")] });
        group.MapPost("/reboot", RebootAsync).Is(new ApiOperation { Summary = "Shut all VMs down and restart the host", Role = Role.Administrator, Answer = typeof(TaskResource), Status = 202, Query = [TasksApi.WaitParameter] });
        group.MapPost("/shutdown", ShutDownAsync).Is(new ApiOperation { Summary = "Shut all VMs down and switch the host off", Role = Role.Administrator, Answer = typeof(TaskResource), Status = 202, Query = [TasksApi.WaitParameter] });
    }

    private static async Task<IResult> ReadAsync(KernelConnection kernel, HostClock clock, IConfigurationStore store)
    {
        ControlResult<HostStatistics> statistics = await kernel.ReadStatisticsAsync();
        if (!statistics.IsDone)
            return KernelProblems.Of(statistics).Answer();
        HostInformation host = clock.Information;
        HostStatistics now = statistics.Value;
        return TypedResults.Json(
            new HostResource
            {
                Processor = Encoding.UTF8.GetString(host.Processor.Bytes),
                Processors = host.Processors,
                Virtualization = host.Vendor == VmVendor.Vmx ? "vmx" : "svm",
                KernelVersion = Encoding.UTF8.GetString(host.KernelVersion.Bytes),
                StartedAt = clock.StartedAt,
                UptimeSeconds = now.Now / 1_000_000_000,
                Memory = new HostMemory(host.MemoryBytes, now.FreeMemory, now.ReservedMemory, now.AvailableMemory),
                Storage = now.StorageBytes == 0 ? null : new HostStorage(now.StorageBytes, now.FreeStorage),
                Cpu = new HostCpu(now.BusyTime, now.VmTime),
                Vms = now.Vms,
                RunningVms = now.RunningVms,
                MaxVms = host.MaxVms,
                IsConfigurationPersistent = store.IsPersistent,
                Devices = [.. (await kernel.ListDevicesAsync()).Select(Device)],
            },
            ApiJson.Default.HostResource);
    }

    private static HostDevice Device(DeviceRecord device)
    {
        bool isNic = device.Kind == DeviceKind.Nic;
        return new HostDevice
        {
            Kind = isNic ? "nic" : "disk",
            Name = Encoding.UTF8.GetString(device.Name.Bytes),
            Model = Encoding.UTF8.GetString(device.Model.Bytes),
            IsUp = (device.Flags & DeviceFlags.Up) != 0,
            Address = isNic ? Addresses.Text(new MacAddress(device.Value)) : null,
            BitsPerSecond = isNic ? device.Rate : null,
            Bytes = isNic ? null : device.Value,
            IsStorage = isNic ? null : (device.Flags & DeviceFlags.Storage) != 0,
        };
    }

    private static async Task<IResult> ReadLogAsync(HttpContext context, KernelConnection kernel)
    {
        string from = context.Request.Query["from"].ToString();
        ulong offset = 0;
        if (from.Length > 0 && !ulong.TryParse(from, NumberStyles.None, CultureInfo.InvariantCulture, out offset))
            return ApiProblem.BadField("from", "outOfRange", "from is no offset.").Answer();
        ControlResult<OutputPart> log = await kernel.ReadLogAsync(offset);
        return log.IsDone
            ? TypedResults.Json(new HostLog(log.Value.Start, log.Value.Start + (ulong)log.Value.Bytes.Length, log.Value.End, Encoding.UTF8.GetString(log.Value.Bytes)), ApiJson.Default.HostLog)
            : KernelProblems.Of(log).Answer();
    }

    private static Task<IResult> RebootAsync(HttpContext context, KernelConnection kernel, TaskManager tasks, AuditLog audit) =>
        EndAsync(context, "reboot", HostEndAction.Reboot, kernel, tasks, audit);

    private static Task<IResult> ShutDownAsync(HttpContext context, KernelConnection kernel, TaskManager tasks, AuditLog audit) =>
        EndAsync(context, "shutdown", HostEndAction.PowerOff, kernel, tasks, audit);

    private static async Task<IResult> EndAsync(HttpContext context, string verb, HostEndAction action, KernelConnection kernel, TaskManager tasks, AuditLog audit)
    {
        Outcome<TimeSpan> wait = TasksApi.ReadWait(context.Request);
        if (wait.Problem is ApiProblem problem)
            return problem.Answer();
        audit.Write(context, $"host.{verb}", "host");
        return await TasksApi.AnswerAsync(context, tasks, tasks.Begin($"host.{verb}", "host", Authentication.CallerOf(context)!.User, null, async _ =>
        {
            ControlResult<bool> result = await kernel.EndHostAsync(action);
            return result.IsDone ? null : KernelProblems.Of(result);
        }));
    }
}
