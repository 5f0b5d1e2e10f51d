using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading.Tasks;
using HyperOS.Management.Api;
using HyperOS.Management.Audit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace HyperOS.Management.Identity;

/// <summary>A token, as the API has it.</summary>
internal sealed record TokenResource
{
    public required string Id { get; init; }

    public required string Name { get; init; }

    public required string User { get; init; }

    public required Role Role { get; init; }

    public IReadOnlyList<string>? Vms { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>The token itself: told once, when it is made.</summary>
    public string? Secret { get; init; }
}

/// <summary>What makes a token.</summary>
internal sealed record TokenCreation
{
    public string Name { get; set; } = "";

    /// <summary>Not above that of who makes it.</summary>
    public Role? Role { get; set; }

    /// <summary>The VMs that it is limited to, by name; left out: all.</summary>
    public IReadOnlyList<string>? Vms { get; set; }

    public DateTimeOffset? ExpiresAt { get; set; }
}

/// <summary>/tokens: secrets for automation.</summary>
internal static class TokensApi
{
    private const int MaxNameLength = 64, MaxVms = 100;

    public static void MapTokens(this IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder group = routes.MapGroup("/tokens").WithTags("Tokens");
        group.MapGet("", List).Is(new ApiOperation { Summary = "List one's tokens; administrators: all", Role = Role.Viewer, Answer = typeof(Page<TokenResource>), Query = ListQuery.Parameters });
        group.MapPost("", CreateAsync).Is(new ApiOperation { Summary = "Make a token; its secret is told once", Role = Role.Viewer, Body = typeof(TokenCreation), Answer = typeof(TokenResource), Status = 201, Problems = [409, 413, 415] });
        group.MapDelete("/{token}", End).Is(new ApiOperation { Summary = "End a token of one's own; administrators: any", Role = Role.Viewer, Status = 204, Problems = [404] });
    }

    private static IResult List(HttpContext context, Identities identities) => ListQuery.Apply(
        context.Request,
        identities.Tokens(Whose(context)).Select(token => Resource(token, null)),
        new ListField<TokenResource>("id", token => token.Id),
        new ListField<TokenResource>("name", token => token.Name),
        new ListField<TokenResource>("user", token => token.User),
        new ListField<TokenResource>("role", token => token.Role),
        new ListField<TokenResource>("createdAt", token => token.CreatedAt)).Answer(page => TypedResults.Json(page, ApiJson.Default.PageTokenResource));

    private static async Task<IResult> CreateAsync(HttpContext context, Identities identities, AuditLog audit, TimeProvider time)
    {
        Outcome<TokenCreation> body = await ApiBody.ReadAsync(context, ApiJson.Default.TokenCreation);
        if (body.Problem is ApiProblem problem)
            return problem.Answer();
        Caller caller = Authentication.CallerOf(context)!;
        TokenCreation creation = body.Value;
        List<FieldProblem> errors = [];
        if (creation.Name.Length is 0 or > MaxNameLength)
            errors.Add(new FieldProblem("name", "badName", $"A name has 1 to {MaxNameLength} characters."));
        if (creation.Role > caller.Role)
            errors.Add(new FieldProblem("role", "roleTooHigh", "A token may not do more than who makes it."));
        if (creation.Vms is { Count: 0 or > MaxVms })
            errors.Add(new FieldProblem("vms", "outOfRange", $"A token is limited to 1 to {MaxVms} VMs, or to none by leaving vms out."));
        if (creation.ExpiresAt <= time.GetUtcNow())
            errors.Add(new FieldProblem("expiresAt", "outOfRange", "expiresAt has passed."));
        if (errors.Count > 0)
            return ApiProblem.BadFields(errors).Answer();
        Outcome<(CredentialDocument Token, string Secret)> made = identities.MakeToken(caller, creation.Name, creation.Role ?? caller.Role, creation.Vms, creation.ExpiresAt);
        audit.Write(context, "token.create", creation.Name, made.Problem is null);
        return made.Answer(token => TypedResults.Json(Resource(token.Token, token.Secret), ApiJson.Default.TokenResource, statusCode: StatusCodes.Status201Created));
    }

    private static IResult End(string token, HttpContext context, Identities identities, AuditLog audit)
    {
        bool ended = identities.EndToken(token, Whose(context));
        audit.Write(context, "token.delete", token, ended);
        return ended ? TypedResults.NoContent() : ApiProblem.NotFound("token", token).Answer();
    }

    private static string? Whose(HttpContext context) => Authentication.CallerOf(context) is { Role: Role.Administrator } ? null : Authentication.CallerOf(context)!.User;

    private static TokenResource Resource(CredentialDocument token, string? secret) => new()
    {
        Id = token.Id, Name = token.Name ?? "", User = token.User, Role = token.Role ?? Role.Viewer, Vms = token.Vms, CreatedAt = token.CreatedAt, ExpiresAt = token.ExpiresAt, Secret = secret,
    };
}
