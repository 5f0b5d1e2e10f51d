using HyperOS.Management.Api;
using HyperOS.Management.Identity;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace HyperOS.Management.Audit;

/// <summary>/audit: who did what.</summary>
internal static class AuditApi
{
    public static void MapAudit(this IEndpointRouteBuilder routes) => routes.MapGet("/audit", List).WithTags("Audit").Is(new ApiOperation
    {
        Summary = "List changes and failed sign-ins", Role = Role.Administrator, Answer = typeof(Page<AuditEntry>), Query = ListQuery.Parameters,
    });

    /// <summary>Writes down what a request did, or tried.</summary>
    public static void Write(this AuditLog audit, HttpContext context, string action, string target, bool succeeded = true) =>
        audit.Write(Authentication.CallerOf(context)?.User ?? "", Authentication.AddressOf(context), action, target, succeeded);

    private static IResult List(HttpContext context, AuditLog audit) => ListQuery.Apply(
        context.Request,
        audit.Entries,
        new ListField<AuditEntry>("number", entry => entry.Number),
        new ListField<AuditEntry>("time", entry => entry.Time),
        new ListField<AuditEntry>("user", entry => entry.User),
        new ListField<AuditEntry>("address", entry => entry.Address),
        new ListField<AuditEntry>("action", entry => entry.Action),
        new ListField<AuditEntry>("target", entry => entry.Target),
        new ListField<AuditEntry>("succeeded", entry => entry.Succeeded)).Answer(page => TypedResults.Json(page, ApiJson.Default.PageAuditEntry));
}
