using System;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using HyperOS.Management.Api;
using HyperOS.Management.Audit;
using HyperOS.Management.Identity;
using HyperOS.Management.Tasks;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace HyperOS.Management.VirtualMachines;

/// <summary>/vms: virtual machines, by name or identity.</summary>
internal static class VmApi
{
    private static readonly (string Name, string Meaning) s_range = ("range", $"Of the history: {string.Join(", ", VmHistory.Ranges)}; the first without.");

    public static void MapVirtualMachines(this IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder group = routes.MapGroup("/vms").WithTags("Virtual machines");
        group.MapGet("", List).Is(new ApiOperation { Summary = "List VMs", Role = Role.Viewer, Answer = typeof(Page<VmResource>), Query = [.. ListQuery.Parameters, ("state", "Only those in this state.")], IsFilteredByVm = true });
        group.MapPost("", CreateAsync).Is(new ApiOperation { Summary = "Make a VM, and start it if asked to", Role = Role.Operator, Body = typeof(VmCreation), Answer = typeof(VmResource), Status = 201, Problems = [409, 413, 415, 507] });
        group.MapGet("/{vm}", Read).Is(new ApiOperation { Summary = "Read a VM", Role = Role.Viewer, Answer = typeof(VmResource), Problems = [404], IsOfOneVm = true });
        group.MapPut("/{vm}", ReplaceAsync).Is(new ApiOperation { Summary = "Replace a VM's configuration; If-Match is required", Role = Role.Operator, Body = typeof(VmConfig), Answer = typeof(VmResource), Query = [("discardDisks", "true: disks in the host's memory may lose their contents.")], Problems = [404, 409, 412, 413, 415, 428, 507], IsOfOneVm = true });
        group.MapPatch("/{vm}", PatchAsync).Is(new ApiOperation { Summary = "Change a VM's configuration by JSON Merge Patch", Role = Role.Operator, Body = typeof(VmConfig), BodyContentType = "application/merge-patch+json", Answer = typeof(VmResource), Query = [("discardDisks", "true: disks in the host's memory may lose their contents.")], Problems = [404, 409, 412, 413, 415, 507], IsOfOneVm = true });
        group.MapDelete("/{vm}", DeleteAsync).Is(new ApiOperation { Summary = "Delete a VM that is off", Role = Role.Operator, Status = 204, Query = [("keepDisks", "true: what its disks hold stays on the host's disk.")], Problems = [404, 409, 412], IsOfOneVm = true });
        group.MapPost("/{vm}/start", StartAsync).Is(Action("Start a VM", 507));
        group.MapPost("/{vm}/shutdown", ShutDownAsync).Is(Action("Press a VM's power button, and wait for its end"));
        group.MapPost("/{vm}/stop", StopAsync).Is(Action("Stop a VM at once, as if its power were cut"));
        group.MapPost("/{vm}/reset", ResetAsync).Is(Action("Stop a VM at once and start it again"));
        group.MapPost("/{vm}/pause", PauseAsync).Is(Action("Halt a VM where it is"));
        group.MapPost("/{vm}/resume", ResumeAsync).Is(Action("Let a paused VM go on"));
        group.MapGet("/{vm}/stats", ReadStatisticsAsync).Is(new ApiOperation { Summary = "Read what a VM did, exits by reason, and its history", Role = Role.Viewer, Answer = typeof(VmStatistics), Query = [s_range], Problems = [404], IsOfOneVm = true });
        group.Map("/{vm}/console", ConsoleSession.ServeAsync).Is(new ApiOperation { Summary = "A VM's console, as a WebSocket: docs/api.md", Role = Role.Viewer, Status = 101, Query = [("from", "The offset to begin at."), ("tail", "How many of the last bytes to begin with."), ("write", "true: to type as well; the role operator.")], Problems = [404, 426, 503], IsOfOneVm = true });
    }

    private static ApiOperation Action(string summary, params int[] problems) => new()
    {
        Summary = summary, Role = Role.Operator, Answer = typeof(TaskResource), Status = 202, Query = [TasksApi.WaitParameter], Problems = [404, 409, .. problems], IsOfOneVm = true,
    };

    /// <summary>The VM that a route names, as far as the caller may see it.</summary>
    public static Vm? Find(HttpContext context, VirtualMachines machines, string key) =>
        machines.Find(key) is Vm vm && Authentication.CallerOf(context)!.MaySee(vm.Name) ? vm : null;

    private static IResult List(HttpContext context, VirtualMachines machines)
    {
        Caller caller = Authentication.CallerOf(context)!;
        return ListQuery.Apply(
            context.Request,
            machines.All.Where(vm => caller.MaySee(vm.Name)),
            new ListField<VmResource>("name", vm => vm.Name),
            new ListField<VmResource>("id", vm => vm.Id),
            new ListField<VmResource>("state", vm => vm.Runtime.State),
            new ListField<VmResource>("memory", vm => vm.Config.Memory),
            new ListField<VmResource>("cpu", vm => vm.Config.Cpu.Count),
            new ListField<VmResource>("createdAt", vm => vm.CreatedAt)).Answer(page => TypedResults.Json(page, ApiJson.Default.PageVmResource));
    }

    private static IResult Read(string vm, HttpContext context, VirtualMachines machines) =>
        Find(context, machines, vm) is Vm found ? Answer(context, machines, found) : ApiProblem.NotFound("VM", vm).Answer();

    private static async Task<IResult> CreateAsync(HttpContext context, VirtualMachines machines, TaskManager tasks, AuditLog audit)
    {
        Outcome<VmCreation> body = await ApiBody.ReadAsync(context, ApiJson.Default.VmCreation);
        if (body.Problem is ApiProblem problem)
            return problem.Answer();
        Outcome<Vm> made = await machines.CreateAsync(body.Value);
        audit.Write(context, "vm.create", body.Value.Name, made.Problem is null);
        if (made.Problem is not null)
            return made.Problem.Answer();
        Vm vm = made.Value;
        if (body.Value.Start)
        {
            // That it cannot start does not unmake it: the task tells.
            Outcome<TaskResource> task = tasks.Begin("vm.start", vm.Name, Authentication.CallerOf(context)!.User, Location(vm), cancellation => machines.StartAsync(vm, cancellation));
            if (task.Problem is null)
                context.Response.Headers["Task-Location"] = $"{TasksApi.Path}/{task.Value.Id}";
        }
        ETags.Set(context, vm.Document.Revision);
        context.Response.Headers.Location = Location(vm);
        return TypedResults.Json(machines.Resource(vm), ApiJson.Default.VmResource, statusCode: StatusCodes.Status201Created);
    }

    private static async Task<IResult> ReplaceAsync(string vm, HttpContext context, VirtualMachines machines, AuditLog audit)
    {
        if (Find(context, machines, vm) is not Vm found)
            return ApiProblem.NotFound("VM", vm).Answer();
        Outcome<VmConfig> body = await ApiBody.ReadAsync(context, ApiJson.Default.VmConfig);
        return body.Problem is ApiProblem problem ? problem.Answer() : await ConfigureAsync(context, machines, audit, found, body.Value, isMatchRequired: true);
    }

    private static async Task<IResult> PatchAsync(string vm, HttpContext context, VirtualMachines machines, AuditLog audit)
    {
        if (Find(context, machines, vm) is not Vm found)
            return ApiProblem.NotFound("VM", vm).Answer();
        // What is merged is what the condition is judged against: an edit in between is a conflict, not overwritten.
        VmDocument before = found.Document;
        Outcome<VmConfig> body = await ApiBody.ReadPatchAsync(context, before.Config, ApiJson.Default.VmConfig);
        if (body.Problem is ApiProblem problem)
            return problem.Answer();
        return await ConfigureAsync(context, machines, audit, found, body.Value, isMatchRequired: false, before.Revision);
    }

    private static async Task<IResult> ConfigureAsync(
        HttpContext context, VirtualMachines machines, AuditLog audit, Vm vm, VmConfig config, bool isMatchRequired, ulong? merged = null)
    {
        Func<ulong, ApiProblem?> precondition = ETags.Precondition(context, isMatchRequired);
        Outcome<Vm> outcome = await machines.ConfigureAsync(
            vm,
            config,
            revision => precondition(revision) ?? (merged is ulong read && read != revision
                ? ApiProblem.Conflict("changedMeanwhile", "Somebody else has changed it", "It was changed while this change was applied.", "Repeat the request.")
                : null),
            IsTrue(context, "discardDisks"));
        audit.Write(context, "vm.configure", vm.Name, outcome.Problem is null);
        return outcome.Answer(changed => Answer(context, machines, changed));
    }

    private static async Task<IResult> DeleteAsync(string vm, HttpContext context, VirtualMachines machines, AuditLog audit)
    {
        if (Find(context, machines, vm) is not Vm found)
            return ApiProblem.NotFound("VM", vm).Answer();
        ApiProblem? problem = await machines.DeleteAsync(found, IsTrue(context, "keepDisks"), ETags.Precondition(context, isRequired: false));
        audit.Write(context, "vm.delete", found.Name, problem is null);
        return problem is null ? TypedResults.NoContent() : problem.Answer();
    }

    private static Task<IResult> StartAsync(string vm, HttpContext context, VirtualMachines machines, TaskManager tasks, AuditLog audit) =>
        ActAsync(vm, "start", context, machines, tasks, audit, machines.StartAsync);

    private static Task<IResult> ShutDownAsync(string vm, HttpContext context, VirtualMachines machines, TaskManager tasks, AuditLog audit) =>
        ActAsync(vm, "shutdown", context, machines, tasks, audit, machines.ShutDownAsync);

    private static Task<IResult> StopAsync(string vm, HttpContext context, VirtualMachines machines, TaskManager tasks, AuditLog audit) =>
        ActAsync(vm, "stop", context, machines, tasks, audit, machines.StopAsync);

    private static Task<IResult> ResetAsync(string vm, HttpContext context, VirtualMachines machines, TaskManager tasks, AuditLog audit) =>
        ActAsync(vm, "reset", context, machines, tasks, audit, machines.ResetAsync);

    private static Task<IResult> PauseAsync(string vm, HttpContext context, VirtualMachines machines, TaskManager tasks, AuditLog audit) =>
        ActAsync(vm, "pause", context, machines, tasks, audit, machines.PauseAsync);

    private static Task<IResult> ResumeAsync(string vm, HttpContext context, VirtualMachines machines, TaskManager tasks, AuditLog audit) =>
        ActAsync(vm, "resume", context, machines, tasks, audit, machines.ResumeAsync);

    private static async Task<IResult> ActAsync(
        string key, string action, HttpContext context, VirtualMachines machines, TaskManager tasks, AuditLog audit, Func<Vm, CancellationToken, Task<ApiProblem?>> act)
    {
        if (Find(context, machines, key) is not Vm vm)
            return ApiProblem.NotFound("VM", key).Answer();
        Outcome<TimeSpan> wait = TasksApi.ReadWait(context.Request);
        if (wait.Problem is ApiProblem problem)
            return problem.Answer();
        audit.Write(context, $"vm.{action}", vm.Name);
        return await TasksApi.AnswerAsync(
            context, tasks, tasks.Begin($"vm.{action}", vm.Name, Authentication.CallerOf(context)!.User, Location(vm), cancellation => act(vm, cancellation)));
    }

    private static async Task<IResult> ReadStatisticsAsync(string vm, HttpContext context, VirtualMachines machines)
    {
        if (Find(context, machines, vm) is not Vm found)
            return ApiProblem.NotFound("VM", vm).Answer();
        string range = context.Request.Query["range"].ToString() is { Length: > 0 } text ? text : VmHistory.Ranges[0];
        if (!VmHistory.Ranges.Contains(range))
            return ApiProblem.BadField("range", "outOfRange", $"range is none of {string.Join(", ", VmHistory.Ranges)}.").Answer();
        return (await machines.ReadStatisticsAsync(found, range)).Answer(statistics => TypedResults.Json(statistics, ApiJson.Default.VmStatistics));
    }

    private static IResult Answer(HttpContext context, VirtualMachines machines, Vm vm)
    {
        ETags.Set(context, vm.Document.Revision);
        return TypedResults.Json(machines.Resource(vm), ApiJson.Default.VmResource);
    }

    private static string Location(Vm vm) => $"/api/v1/vms/{vm.Id}";

    private static bool IsTrue(HttpContext context, string parameter) => context.Request.Query[parameter] == "true";
}
