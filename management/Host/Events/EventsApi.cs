using System;
using System.Collections.Generic;
using System.IO;
using System.Text;
using System.Threading;
using System.Threading.Channels;
using System.Threading.Tasks;
using HyperOS.Management.Api;
using HyperOS.Management.Identity;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;

namespace HyperOS.Management.Events;

/// <summary>
/// /events: server-sent events (WHATWG HTML, "Server-sent events"). The first is a resync unless Last-Event-ID was still known: then what the client knows may be old.
/// </summary>
internal static class EventsApi
{
    private static readonly TimeSpan s_heartbeat = TimeSpan.FromSeconds(15);

    public static void MapEvents(this IEndpointRouteBuilder routes) => routes.MapGet("/events", ListenAsync).Is(new ApiOperation
    {
        Summary = "Listen to changes, as server-sent events", Role = Role.Viewer, AnswerContentType = "text/event-stream", IsFilteredByVm = true, Problems = [503],
    });

    private static async Task<IResult> ListenAsync(HttpContext context, EventHub events)
    {
        Caller caller = Authentication.CallerOf(context)!;
        string lastId = context.Request.Headers["Last-Event-ID"].ToString();
        Channel<ApiEvent>? channel = events.Listen(lastId.Length == 0 ? null : lastId, out IReadOnlyList<ApiEvent>? missed, out ulong last);
        if (channel is null)
            return (ApiProblem.Of(StatusCodes.Status503ServiceUnavailable) with { Code = "tooManyListeners", Detail = "Too many clients listen to events." }).Answer();
        try
        {
            context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
            context.Response.ContentType = "text/event-stream";
            await WriteAsync(context, "retry: 2000\n\n");
            if (missed is null)
                await WriteAsync(context, $"id: {events.IdOf(last)}\nevent: resync\ndata: {{}}\n\n");
            foreach (ApiEvent happened in missed ?? [])
                await WriteAsync(context, events, caller, happened);
            while (await WaitAsync(context, channel))
            {
                while (channel.Reader.TryRead(out ApiEvent? happened))
                    await WriteAsync(context, events, caller, happened);
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException)
        {
            // The client has gone.
        }
        finally
        {
            events.Leave(channel);
        }
        return TypedResults.Empty;
    }

    // False when the client was too slow: it comes back, and is told what it missed.
    private static async Task<bool> WaitAsync(HttpContext context, Channel<ApiEvent> channel)
    {
        while (true)
        {
            using CancellationTokenSource pause = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
            pause.CancelAfter(s_heartbeat);
            try
            {
                return await channel.Reader.WaitToReadAsync(pause.Token);
            }
            catch (OperationCanceledException) when (!context.RequestAborted.IsCancellationRequested)
            {
                await WriteAsync(context, ": still here\n\n");
            }
        }
    }

    private static Task WriteAsync(HttpContext context, EventHub events, Caller caller, ApiEvent happened) =>
        caller.Credential.Vms is not null && !caller.MaySee(happened.Subject)
            ? Task.CompletedTask
            : WriteAsync(context, $"id: {events.IdOf(happened.Number)}\nevent: {happened.Type}\ndata: {Encoding.UTF8.GetString(happened.Json)}\n\n");

    private static async Task WriteAsync(HttpContext context, string text)
    {
        await context.Response.WriteAsync(text, context.RequestAborted);
        await context.Response.Body.FlushAsync(context.RequestAborted);
    }
}
