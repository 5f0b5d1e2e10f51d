using System;
using System.Globalization;
using System.Text;
using System.Threading.Tasks;
using HyperOS.Abi.Control;
using HyperOS.Management.Api;
using HyperOS.Management.Identity;
using HyperOS.Management.KernelClient;
using HyperOS.Management.VirtualMachines;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace HyperOS.Management.HostControl;

/// <summary>Whether the host answers.</summary>
internal sealed record HealthResource(string Status);

/// <summary>/healthz for whoever watches the host, /metrics for Prometheus (its text format, version 0.0.4).</summary>
internal static class HealthApi
{
    public static void MapHealth(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/healthz", ReadHealthAsync).WithTags("Health").Is(new ApiOperation { Summary = "Ask whether the host answers", Role = null, Answer = typeof(HealthResource), Problems = [503] });
        routes.MapGet("/metrics", ReadMetricsAsync).WithTags("Health").Is(new ApiOperation { Summary = "Read counters, in Prometheus' text format", Role = Role.Viewer, AnswerContentType = "text/plain" });
    }

    private static async Task<IResult> ReadHealthAsync(KernelConnection kernel) => (await kernel.ReadStatisticsAsync()).IsDone
        ? TypedResults.Json(new HealthResource("ok"), ApiJson.Default.HealthResource)
        : ApiProblem.Of(StatusCodes.Status503ServiceUnavailable).Answer();

    private static async Task<IResult> ReadMetricsAsync(KernelConnection kernel, HostClock clock, VirtualMachines.VirtualMachines machines)
    {
        ControlResult<HostStatistics> statistics = await kernel.ReadStatisticsAsync();
        HostStatistics host = statistics.Value;
        StringBuilder text = new();
        Add("hyperos_uptime_seconds", "gauge", "Time since the kernel began.", host.Now / 1e9);
        Add("hyperos_memory_bytes", "gauge", "The host's memory.", clock.Information.MemoryBytes);
        Add("hyperos_memory_free_bytes", "gauge", "Memory that nobody has.", host.FreeMemory);
        Add("hyperos_memory_available_bytes", "gauge", "Memory that a VM could be promised.", host.AvailableMemory);
        Add("hyperos_cpu_busy_seconds_total", "counter", "Time in which processors ran anything.", host.BusyTime / 1e9);
        Add("hyperos_cpu_vm_seconds_total", "counter", "Time in which processors ran VMs.", host.VmTime / 1e9);
        Add("hyperos_storage_free_bytes", "gauge", "Free space of the host's disk.", host.FreeStorage);
        Add("hyperos_vms", "gauge", "VMs that there are.", host.Vms);
        Add("hyperos_vms_running", "gauge", "VMs that run.", host.RunningVms);
        Add("hyperos_management_memory_bytes", "gauge", "Memory of the management process's heap.", GC.GetTotalMemory(forceFullCollection: false));
        Head("hyperos_vm_running", "gauge", "Whether a VM runs.");
        foreach (VmResource vm in machines.All)
            Line("hyperos_vm_running", vm.Name, vm.Runtime.State is VmStateChoice.Running or VmStateChoice.ShuttingDown ? 1 : 0);
        Head("hyperos_vm_cpu_seconds_total", "counter", "Processor time of a VM's run.");
        foreach (VmResource vm in machines.All)
            Line("hyperos_vm_cpu_seconds_total", vm.Name, vm.Runtime.CpuTimeNanoseconds / 1e9);
        Head("hyperos_vm_memory_bytes", "gauge", "The host's memory that a VM holds.");
        foreach (VmResource vm in machines.All)
            Line("hyperos_vm_memory_bytes", vm.Name, vm.Runtime.MemoryInUse);
        return TypedResults.Text(text.ToString(), "text/plain; version=0.0.4; charset=utf-8");

        void Head(string name, string kind, string help) => text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {help}\n# TYPE {name} {kind}\n");

        void Add(string name, string kind, string help, double value)
        {
            Head(name, kind, help);
            text.Append(CultureInfo.InvariantCulture, $"{name} {value}\n");
        }

        void Line(string name, string vm, double value) => text.Append(CultureInfo.InvariantCulture, $"{name}{{vm=\"{vm}\"}} {value}\n");
    }
}
