using System;
using System.IO;
using System.Threading.Tasks;
using HyperOS.Management.Identity;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace HyperOS.Management.Api;

/// <summary>
/// Around every request: security headers, and a problem in place of an empty error or an exception. Nothing that a request does ends the process.
/// </summary>
internal sealed partial class RequestGuard(RequestDelegate next, ServerCertificates certificates, ILogger<RequestGuard> logger)
{
    // Scripts come from here alone; xterm.js sets styles on its elements.
    private const string ContentSecurityPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    public async Task InvokeAsync(HttpContext context)
    {
        IHeaderDictionary headers = context.Response.Headers;
        headers.ContentSecurityPolicy = ContentSecurityPolicy;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=()";
        headers["Request-Id"] = context.TraceIdentifier;
        // With the host's own certificate a browser would leave its user no way past the warning.
        if (certificates.IsInstalled)
            headers.StrictTransportSecurity = "max-age=31536000";
        if (context.Request.Path.StartsWithSegments("/api"))
            headers.CacheControl = "no-store";
        try
        {
            await next(context);
        }
        catch (BadHttpRequestException exception)
        {
            await AnswerAsync(context, ApiProblem.Of(exception.StatusCode));
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client has gone.
        }
        catch (IOException exception)
        {
            LogFailed(exception, context.Request.Method, context.Request.Path);
            await AnswerAsync(context, ApiProblem.Of(StatusCodes.Status500InternalServerError) with { Code = "inputOutput", Detail = "The host failed at it; its log tells more." });
        }
        catch (Exception exception)
        {
            LogFailed(exception, context.Request.Method, context.Request.Path);
            await AnswerAsync(context, ApiProblem.Of(StatusCodes.Status500InternalServerError) with { Code = "bug", Detail = "This is a fault in the host's management." });
        }
        if (context.Response is { HasStarted: false, StatusCode: >= 400, ContentType: null, ContentLength: null })
            await AnswerAsync(context, ApiProblem.Of(context.Response.StatusCode));
    }

    private static Task AnswerAsync(HttpContext context, ApiProblem problem)
    {
        if (context.Response.HasStarted)
        {
            context.Abort();
            return Task.CompletedTask;
        }
        return problem.Answer().ExecuteAsync(context);
    }

    [LoggerMessage(1, LogLevel.Error, "{Method} {Path} failed.")]
    private partial void LogFailed(Exception exception, string method, string path);
}
