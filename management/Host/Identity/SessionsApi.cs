using System;
using System.Linq;
using System.Threading.Tasks;
using HyperOS.Management.Api;
using HyperOS.Management.Audit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace HyperOS.Management.Identity;

/// <summary>Who signs in.</summary>
internal sealed record Credentials
{
    public string User { get; set; } = "";

    public string Password { get; set; } = "";
}

/// <summary>A session, as the API has it.</summary>
internal sealed record SessionResource
{
    public required string Id { get; init; }

    public required string User { get; init; }

    public required Role Role { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>Where it began.</summary>
    public string? Address { get; init; }

    /// <summary>The one that asks.</summary>
    public required bool IsCurrent { get; init; }

    /// <summary>The host made the password: it is to be changed.</summary>
    public required bool MustChangePassword { get; init; }
}

/// <summary>/sessions: signing in and out.</summary>
internal static class SessionsApi
{
    public static void MapSessions(this IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder group = routes.MapGroup("/sessions").WithTags("Sessions");
        group.MapPost("", SignInAsync).Is(new ApiOperation { Summary = "Sign in; the answer sets a cookie", Role = null, Body = typeof(Credentials), Answer = typeof(SessionResource), Status = 201, Problems = [413, 415, 503] });
        group.MapGet("", List).Is(new ApiOperation { Summary = "List one's sessions", Role = Role.Viewer, Answer = typeof(Page<SessionResource>), Query = ListQuery.Parameters });
        group.MapGet("/current", ReadCurrent).Is(new ApiOperation { Summary = "Read who one is", Role = Role.Viewer, Answer = typeof(SessionResource), IsFilteredByVm = true });
        group.MapDelete("/{session}", End).Is(new ApiOperation { Summary = "End a session of one's own, or current", Role = Role.Viewer, Status = 204, Problems = [404] });
    }

    private static async Task<IResult> SignInAsync(HttpContext context, Identities identities)
    {
        if (context.Request.Headers.Origin.Count > 0 && !Authentication.IsOwnOrigin(context.Request))
            return (ApiProblem.Of(StatusCodes.Status403Forbidden) with { Code = "foreignOrigin", Detail = "The request comes from a page of another origin." }).Answer();
        Outcome<Credentials> body = await ApiBody.ReadAsync(context, ApiJson.Default.Credentials);
        if (body.Problem is ApiProblem problem)
            return problem.Answer();
        Credentials credentials = body.Value;
        if (credentials.User.Length is 0 or > UsersApi.MaxNameLength)
            return ApiProblem.BadField("user", "missing", "user is missing, or too long.").Answer();
        if (credentials.Password.Length is 0 or > PasswordHash.MaxLength)
            return ApiProblem.BadField("password", "missing", "password is missing, or too long.").Answer();
        Outcome<(CredentialDocument Session, string Secret, UserDocument User)> outcome = await identities.SignInAsync(credentials.User, credentials.Password, Authentication.AddressOf(context));
        return outcome.Answer(made =>
        {
            context.Response.Cookies.Append(Authentication.Cookie, made.Secret, Options(made.Session.ExpiresAt));
            context.Response.Headers.Location = $"/api/v1/sessions/{made.Session.Id}";
            return TypedResults.Json(Resource(made.Session, made.User, made.Session.Id), ApiJson.Default.SessionResource, statusCode: StatusCodes.Status201Created);
        });
    }

    private static IResult List(HttpContext context, Identities identities)
    {
        Caller caller = Authentication.CallerOf(context)!;
        UserDocument user = identities.FindUser(caller.User)!;
        return ListQuery.Apply(
            context.Request,
            identities.Sessions(caller.User).Select(session => Resource(session, user, caller.Credential.Id)),
            new ListField<SessionResource>("id", session => session.Id),
            new ListField<SessionResource>("createdAt", session => session.CreatedAt),
            new ListField<SessionResource>("address", session => session.Address)).Answer(page => TypedResults.Json(page, ApiJson.Default.PageSessionResource));
    }

    private static IResult ReadCurrent(HttpContext context, Identities identities)
    {
        Caller caller = Authentication.CallerOf(context)!;
        return identities.FindUser(caller.User) is UserDocument user
            ? TypedResults.Json(Resource(caller.Credential, user, caller.Credential.Id) with { Role = caller.Role }, ApiJson.Default.SessionResource)
            : ApiProblem.Of(StatusCodes.Status401Unauthorized).Answer();
    }

    private static IResult End(string session, HttpContext context, Identities identities, AuditLog audit)
    {
        Caller caller = Authentication.CallerOf(context)!;
        string id = session == "current" ? caller.Credential.Id : session;
        if (!identities.EndSession(id, caller.User))
            return ApiProblem.NotFound("session", session).Answer();
        audit.Write(context, "session.delete", id);
        if (id == caller.Credential.Id)
            context.Response.Cookies.Delete(Authentication.Cookie, Options(null));
        return TypedResults.NoContent();
    }

    private static CookieOptions Options(DateTimeOffset? expiresAt) => new() { HttpOnly = true, Secure = true, SameSite = SameSiteMode.Strict, Path = "/", Expires = expiresAt };

    private static SessionResource Resource(CredentialDocument session, UserDocument user, string current) => new()
    {
        Id = session.Id, User = user.Name, Role = user.Role, CreatedAt = session.CreatedAt, ExpiresAt = session.ExpiresAt, Address = session.Address,
        IsCurrent = session.Id == current, MustChangePassword = user.IsPasswordInitial,
    };
}
