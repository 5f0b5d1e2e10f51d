using System;
using System.Globalization;
using System.Linq;
using System.Threading.Tasks;
using HyperOS.Management.Api;
using HyperOS.Management.Identity;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace HyperOS.Management.Tasks;

/// <summary>/tasks: long work.</summary>
internal static class TasksApi
{
    public const string Path = "/api/v1/tasks";

    public static readonly (string Name, string Meaning) WaitParameter = ("wait", "Seconds to wait for the task's end, at most 60.");

    private const int MaxWait = 60;

    public static void MapTasks(this IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder group = routes.MapGroup("/tasks").WithTags("Tasks");
        group.MapGet("", List).Is(new ApiOperation { Summary = "List tasks", Role = Role.Viewer, Answer = typeof(Page<TaskResource>), Query = ListQuery.Parameters, IsFilteredByVm = true });
        group.MapGet("/{task}", ReadAsync).Is(new ApiOperation { Summary = "Read a task, or wait for its end", Role = Role.Viewer, Answer = typeof(TaskResource), Query = [WaitParameter], Problems = [404], IsFilteredByVm = true });
        group.MapPost("/{task}/cancel", Cancel).Is(new ApiOperation { Summary = "Ask a running task to end", Role = Role.Operator, Status = 204, Problems = [404, 409], IsFilteredByVm = true });
    }

    /// <summary>202 with the task, or what it has become after waiting as asked.</summary>
    public static async Task<IResult> AnswerAsync(HttpContext context, TaskManager tasks, Outcome<TaskResource> begun)
    {
        if (begun.Problem is ApiProblem problem)
            return problem.Answer();
        Outcome<TimeSpan> wait = ReadWait(context.Request);
        TaskResource task = wait.Problem is null && wait.Value > TimeSpan.Zero
            ? await tasks.WaitAsync(begun.Value.Id, wait.Value, context.RequestAborted) ?? begun.Value
            : begun.Value;
        context.Response.Headers.Location = $"{Path}/{task.Id}";
        return TypedResults.Json(task, ApiJson.Default.TaskResource, statusCode: task.State == TaskState.Running ? StatusCodes.Status202Accepted : StatusCodes.Status200OK);
    }

    /// <summary>What the query says of waiting; to be looked at before anything is begun.</summary>
    public static Outcome<TimeSpan> ReadWait(HttpRequest request)
    {
        string text = request.Query["wait"].ToString();
        if (text.Length == 0)
            return TimeSpan.Zero;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int seconds) && seconds <= MaxWait
            ? TimeSpan.FromSeconds(seconds)
            : ApiProblem.BadField("wait", "outOfRange", $"wait is not 0 to {MaxWait} seconds.");
    }

    private static IResult List(HttpContext context, TaskManager tasks)
    {
        Caller caller = Authentication.CallerOf(context)!;
        return ListQuery.Apply(
            context.Request,
            tasks.Tasks.Where(task => MaySee(caller, task)),
            new ListField<TaskResource>("id", task => task.Id),
            new ListField<TaskResource>("kind", task => task.Kind),
            new ListField<TaskResource>("target", task => task.Target),
            new ListField<TaskResource>("user", task => task.User),
            new ListField<TaskResource>("state", task => task.State),
            new ListField<TaskResource>("startedAt", task => task.StartedAt)).Answer(page => TypedResults.Json(page, ApiJson.Default.PageTaskResource));
    }

    private static async Task<IResult> ReadAsync(string task, HttpContext context, TaskManager tasks)
    {
        Outcome<TimeSpan> wait = ReadWait(context.Request);
        if (wait.Problem is ApiProblem problem)
            return problem.Answer();
        TaskResource? found = tasks.Find(task) is TaskResource seen && MaySee(Authentication.CallerOf(context)!, seen)
            ? await tasks.WaitAsync(task, wait.Value, context.RequestAborted)
            : null;
        return found is null ? ApiProblem.NotFound("task", task).Answer() : TypedResults.Json(found, ApiJson.Default.TaskResource);
    }

    private static IResult Cancel(string task, HttpContext context, TaskManager tasks)
    {
        if (tasks.Find(task) is not TaskResource found || !MaySee(Authentication.CallerOf(context)!, found))
            return ApiProblem.NotFound("task", task).Answer();
        return tasks.Cancel(task) ? TypedResults.NoContent() : ApiProblem.Conflict("taskFinished", "The task has ended", $"It has {found.State.ToString().ToLowerInvariant()}.").Answer();
    }

    private static bool MaySee(Caller caller, TaskResource task) => caller.Credential.Vms is null || task.Kind.StartsWith("vm.", StringComparison.Ordinal) && caller.MaySee(task.Target);
}
