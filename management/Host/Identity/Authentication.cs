using System;
using System.Linq;
using System.Threading.Tasks;
using HyperOS.Management.Api;
using HyperOS.Management.Audit;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Net.Http.Headers;

namespace HyperOS.Management.Identity;

/// <summary>
/// Lets requests in: a bearer token for automation, a cookie for browsers, which then must come from the portal's own origin. What an endpoint asks for is
/// its <see cref="ApiOperation"/>.
/// </summary>
internal sealed class Authentication(RequestDelegate next, Identities identities, AuditLog audit)
{
    /// <summary>The prefix makes browsers refuse it for any other host, path, or without TLS.</summary>
    public const string Cookie = "__Host-hyperos";

    private const string Bearer = "Bearer ";

    private static readonly object s_caller = new();

    public static Caller? CallerOf(HttpContext context) => context.Items[s_caller] as Caller;

    public Task InvokeAsync(HttpContext context)
    {
        // What is no route of ours is an answer of the framework's: no such path, or not by this method.
        if (context.GetEndpoint() is not RouteEndpoint endpoint)
            return next(context);
        ApiOperation? operation = endpoint.Metadata.GetMetadata<ApiOperation>();
        if (operation is null)
            return ApiProblem.Of(StatusCodes.Status404NotFound).Answer().ExecuteAsync(context);
        bool isPresented = TryIdentify(context, out Caller? caller);
        context.Items[s_caller] = caller;
        ApiProblem? refusal = Judge(context, operation, caller, isPresented);
        if (refusal is null)
            return next(context);
        if (isPresented)
            audit.Write(caller?.User ?? "", AddressOf(context), "request.refused", $"{context.Request.Method} {context.Request.Path}", succeeded: false);
        return refusal.Answer().ExecuteAsync(context);
    }

    public static string AddressOf(HttpContext context) => context.Connection.RemoteIpAddress?.ToString() ?? "";

    /// <summary>The request comes from the page that this host serves, as far as the browser tells; programs tell nothing.</summary>
    public static bool IsOwnOrigin(HttpRequest request)
    {
        string origin = request.Headers.Origin.ToString();
        if (origin.Length > 0)
            return string.Equals(origin, $"https://{request.Host}", StringComparison.OrdinalIgnoreCase);
        return request.Headers["Sec-Fetch-Site"].ToString() is "same-origin" or "none";
    }

    private static ApiProblem? Judge(HttpContext context, ApiOperation operation, Caller? caller, bool isPresented)
    {
        if (operation.Role is not Role role)
            return null;
        if (caller is null)
        {
            ApiProblem problem = ApiProblem.Of(StatusCodes.Status401Unauthorized);
            return isPresented ? problem with { Code = "credentialInvalid", Detail = "The session or token is unknown or has ended." } : problem;
        }
        bool isChange = !HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method);
        bool isWebSocket = HttpMethods.IsConnect(context.Request.Method) || context.Request.Headers.ContainsKey(HeaderNames.Upgrade);
        if (caller.IsSession && (isChange || isWebSocket) && !IsOwnOrigin(context.Request))
            return ApiProblem.Of(StatusCodes.Status403Forbidden) with { Code = "foreignOrigin", Detail = "The request comes from a page of another origin." };
        if (caller.Role < role)
            return ApiProblem.Of(StatusCodes.Status403Forbidden) with { Code = "roleTooLow", Detail = $"This needs the role {role.ToString().ToLowerInvariant()}." };
        if (caller.Credential.Vms is not null && !operation.IsFilteredByVm && !operation.IsOfOneVm)
            return ApiProblem.Of(StatusCodes.Status403Forbidden) with { Code = "outOfScope", Detail = "The token is limited to some VMs." };
        return null;
    }

    // True if a credential was presented, whether it is one or not.
    private bool TryIdentify(HttpContext context, out Caller? caller)
    {
        string authorization = context.Request.Headers.Authorization.ToString();
        if (authorization.Length > 0)
        {
            caller = authorization.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase) ? identities.Identify(authorization[Bearer.Length..].Trim(), isSession: false) : null;
            return true;
        }
        string? cookie = context.Request.Cookies[Cookie];
        caller = cookie is null ? null : identities.Identify(cookie, isSession: true);
        return cookie is not null;
    }
}
