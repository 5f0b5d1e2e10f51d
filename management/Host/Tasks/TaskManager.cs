using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text.Json.Serialization;
using System.Threading;
using System.Threading.Tasks;
using HyperOS.Management.Api;
using HyperOS.Management.Events;
using HyperOS.Management.Identity;
using Microsoft.Extensions.Logging;

namespace HyperOS.Management.Tasks;

[JsonConverter(typeof(CamelCase<TaskState>))]
internal enum TaskState
{
    Running,
    Succeeded,
    Failed,
    Cancelled,
}

/// <summary>Long work, as the API tells of it.</summary>
internal sealed record TaskResource
{
    public required string Id { get; init; }

    /// <summary>As vm.start.</summary>
    public required string Kind { get; init; }

    /// <summary>What it is done to, by name.</summary>
    public required string Target { get; init; }

    public required string User { get; init; }

    public required TaskState State { get; init; }

    /// <summary>0 to 100; null where nobody knows.</summary>
    public int? Progress { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>Where what it made is, if it made something.</summary>
    public string? Result { get; init; }

    public ApiProblem? Error { get; init; }
}

/// <summary>Long work: begun by requests, told as events, kept for a day after its end.</summary>
internal sealed partial class TaskManager(EventHub events, TimeProvider time, ILogger<TaskManager> logger)
{
    public const int MaxKept = 2000, MaxRunning = 256;

    public static readonly TimeSpan Kept = TimeSpan.FromHours(24);

    private readonly ConcurrentDictionary<string, Work> _tasks = new(StringComparer.Ordinal);
    private long _last;

    public IReadOnlyList<TaskResource> Tasks => [.. _tasks.Values.Select(work => work.Resource)];

    /// <summary>Begins work.</summary>
    /// <param name="kind">As vm.start.</param>
    /// <param name="target">What it is done to, by name.</param>
    /// <param name="user">Who asked.</param>
    /// <param name="result">Where what it makes will be.</param>
    /// <param name="work">Returns why it failed, or null.</param>
    public Outcome<TaskResource> Begin(string kind, string target, string user, string? result, Func<CancellationToken, Task<ApiProblem?>> work)
    {
        Forget();
        if (_tasks.Values.Count(other => other.Resource.State == TaskState.Running) >= MaxRunning)
            return ApiProblem.Of(503) with { Code = "tooManyTasks", Detail = "Too much work is under way.", RetryAfter = TimeSpan.FromSeconds(5) };
        string id = Interlocked.Increment(ref _last).ToString("D6", CultureInfo.InvariantCulture) + "-" + Guid.NewGuid().ToString("N")[..8];
        Work begun = new(new TaskResource { Id = id, Kind = kind, Target = target, User = user, State = TaskState.Running, StartedAt = time.GetUtcNow() });
        _tasks[id] = begun;
        Publish(begun);
        begun.Completion = RunAsync(begun, result, work);
        return begun.Resource;
    }

    public TaskResource? Find(string id) => _tasks.GetValueOrDefault(id)?.Resource;

    /// <summary>Waits for the end, at most so long.</summary>
    public async Task<TaskResource?> WaitAsync(string id, TimeSpan most, CancellationToken cancellationToken)
    {
        if (!_tasks.TryGetValue(id, out Work? work))
            return null;
        using CancellationTokenSource over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(work.Completion, Task.Delay(most, time, over.Token));
        await over.CancelAsync();
        return work.Resource;
    }

    /// <summary>Asks running work to end.</summary>
    /// <returns>False if it has ended.</returns>
    public bool Cancel(string id)
    {
        if (!_tasks.TryGetValue(id, out Work? work) || work.Resource.State != TaskState.Running)
            return false;
        work.Cancellation.Cancel();
        return true;
    }

    private async Task RunAsync(Work work, string? result, Func<CancellationToken, Task<ApiProblem?>> body)
    {
        await Task.Yield();
        ApiProblem? problem;
        TaskState state;
        try
        {
            problem = await body(work.Cancellation.Token);
            state = problem is null ? TaskState.Succeeded : TaskState.Failed;
        }
        catch (OperationCanceledException)
        {
            (problem, state) = (null, TaskState.Cancelled);
        }
        catch (Exception exception) when (exception is System.IO.IOException or InvalidOperationException)
        {
            LogFailed(exception, work.Resource.Kind, work.Resource.Target);
            (problem, state) = (ApiProblem.Of(500) with { Detail = "The host failed at it; its log tells more." }, TaskState.Failed);
        }
        work.Resource = work.Resource with { State = state, FinishedAt = time.GetUtcNow(), Error = problem, Progress = state == TaskState.Succeeded ? 100 : null, Result = problem is null ? result : null };
        work.Cancellation.Dispose();
        Publish(work);
    }

    private void Publish(Work work) => events.Publish("task", work.Resource.Kind.StartsWith("vm.", StringComparison.Ordinal) ? work.Resource.Target : "", work.Resource, ApiJson.Default.TaskResource);

    private void Forget()
    {
        DateTimeOffset now = time.GetUtcNow();
        foreach ((string id, Work work) in _tasks)
        {
            if (now - work.Resource.FinishedAt > Kept)
                _tasks.TryRemove(id, out _);
        }
        int tooMany = _tasks.Count - MaxKept;
        if (tooMany <= 0)
            return;
        foreach (string id in _tasks.Values.Where(work => work.Resource.FinishedAt is not null).OrderBy(work => work.Resource.FinishedAt).Take(tooMany).Select(work => work.Resource.Id))
            _tasks.TryRemove(id, out _);
    }

    [LoggerMessage(1, LogLevel.Error, "{Kind} {Target} failed.")]
    private partial void LogFailed(Exception exception, string kind, string target);

    private sealed class Work(TaskResource resource)
    {
        private volatile TaskResource _resource = resource;

        public TaskResource Resource
        {
            get => _resource;
            set => _resource = value;
        }

        public CancellationTokenSource Cancellation { get; } = new();

        public Task Completion { get; set; } = Task.CompletedTask;
    }
}
