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

/// <summary>A user, as the API has it.</summary>
internal sealed record UserResource(string Name, Role Role, DateTimeOffset CreatedAt, bool MustChangePassword, ulong Revision);

/// <summary>What makes a user.</summary>
internal sealed record UserCreation
{
    public string Name { get; set; } = "";

    public Role? Role { get; set; }

    public string Password { get; set; } = "";
}

/// <summary>What changes one; what is left out stays.</summary>
internal sealed record UserChange
{
    public Role? Role { get; set; }

    public string? Password { get; set; }

    /// <summary>Of who changes the own password.</summary>
    public string? CurrentPassword { get; set; }
}

/// <summary>/users: administrators manage them, everybody changes the own password.</summary>
internal static class UsersApi
{
    public const int MaxNameLength = 32;

    public static void MapUsers(this IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder group = routes.MapGroup("/users").WithTags("Users");
        group.MapGet("", List).Is(new ApiOperation { Summary = "List users", Role = Role.Administrator, Answer = typeof(Page<UserResource>), Query = ListQuery.Parameters });
        group.MapPost("", CreateAsync).Is(new ApiOperation { Summary = "Make a user", Role = Role.Administrator, Body = typeof(UserCreation), Answer = typeof(UserResource), Status = 201, Problems = [409, 413, 415] });
        group.MapGet("/{user}", Read).Is(new ApiOperation { Summary = "Read a user; others' only by administrators", Role = Role.Viewer, Answer = typeof(UserResource), Problems = [404] });
        group.MapPatch("/{user}", ChangeAsync).Is(new ApiOperation { Summary = "Change a user's role or password; one's own password with the current one", Role = Role.Viewer, Body = typeof(UserChange), BodyContentType = "application/merge-patch+json", Answer = typeof(UserResource), Problems = [404, 409, 412, 413, 415, 429, 503] });
        group.MapDelete("/{user}", Delete).Is(new ApiOperation { Summary = "Delete a user with all sessions and tokens", Role = Role.Administrator, Status = 204, Problems = [404, 409] });
    }

    private static IResult List(HttpContext context, Identities identities) => ListQuery.Apply(
        context.Request,
        identities.Users.Select(Resource),
        new ListField<UserResource>("name", user => user.Name),
        new ListField<UserResource>("role", user => user.Role),
        new ListField<UserResource>("createdAt", user => user.CreatedAt)).Answer(page => TypedResults.Json(page, ApiJson.Default.PageUserResource));

    private static async Task<IResult> CreateAsync(HttpContext context, Identities identities, AuditLog audit)
    {
        Outcome<UserCreation> body = await ApiBody.ReadAsync(context, ApiJson.Default.UserCreation);
        if (body.Problem is ApiProblem problem)
            return problem.Answer();
        UserCreation creation = body.Value;
        List<FieldProblem> errors = [];
        if (creation.Name.Length is 0 or > MaxNameLength || !creation.Name.All(character => char.IsAsciiLetterLower(character) || char.IsAsciiDigit(character) || character is '-' or '_' or '.'))
            errors.Add(new FieldProblem("name", "badName", $"A name is 1 to {MaxNameLength} of a-z, 0-9, '.', '_' and '-'."));
        if (creation.Role is null)
            errors.Add(new FieldProblem("role", "missing", "role is missing.", "Write viewer, operator or administrator."));
        if (PasswordProblem("password", creation.Password) is FieldProblem bad)
            errors.Add(bad);
        if (errors.Count > 0)
            return ApiProblem.BadFields(errors).Answer();
        Outcome<UserDocument> made = await identities.MakeUserAsync(creation.Name, creation.Role!.Value, creation.Password);
        audit.Write(context, "user.create", creation.Name, made.Problem is null);
        return made.Answer(user =>
        {
            context.Response.Headers.Location = $"/api/v1/users/{user.Name}";
            ETags.Set(context, user.Revision);
            return TypedResults.Json(Resource(user), ApiJson.Default.UserResource, statusCode: StatusCodes.Status201Created);
        });
    }

    private static IResult Read(string user, HttpContext context, Identities identities)
    {
        if (!MayTouch(context, user))
            return Others().Answer();
        if (identities.FindUser(user) is not UserDocument found)
            return ApiProblem.NotFound("user", user).Answer();
        ETags.Set(context, found.Revision);
        return TypedResults.Json(Resource(found), ApiJson.Default.UserResource);
    }

    private static async Task<IResult> ChangeAsync(string user, HttpContext context, Identities identities, AuditLog audit)
    {
        Caller caller = Authentication.CallerOf(context)!;
        if (!MayTouch(context, user))
            return Others().Answer();
        if (identities.FindUser(user) is not UserDocument found)
            return ApiProblem.NotFound("user", user).Answer();
        Outcome<UserChange> body = await ApiBody.ReadPatchAsync(context, new UserChange(), ApiJson.Default.UserChange);
        if (body.Problem is ApiProblem problem)
            return problem.Answer();
        UserChange change = body.Value;
        if (change.Role is not null && caller.Role != Role.Administrator)
            return (ApiProblem.Of(StatusCodes.Status403Forbidden) with { Code = "roleTooLow", Detail = "Roles are given by administrators.", Field = "role" }).Answer();
        if (change.Password is not null && PasswordProblem("password", change.Password) is FieldProblem bad)
            return ApiProblem.BadFields([bad]).Answer();
        if (change.Password is not null && caller.User == user
            && await identities.ConfirmAsync(found, change.CurrentPassword ?? "", Authentication.AddressOf(context)) is ApiProblem refused)
        {
            return refused.Answer();
        }
        Outcome<UserDocument> changed = await identities.ChangeUserAsync(
            user, ETags.Precondition(context, isRequired: false), change.Role, change.Password, caller.User == user && caller.IsSession ? caller.Credential.Id : null);
        audit.Write(context, "user.change", user, changed.Problem is null);
        return changed.Answer(now =>
        {
            ETags.Set(context, now.Revision);
            return TypedResults.Json(Resource(now), ApiJson.Default.UserResource);
        });
    }

    private static IResult Delete(string user, HttpContext context, Identities identities, AuditLog audit)
    {
        Outcome<bool> outcome = identities.DeleteUser(user);
        audit.Write(context, "user.delete", user, outcome.Problem is null);
        return outcome.AnswerEmpty();
    }

    private static bool MayTouch(HttpContext context, string user) => Authentication.CallerOf(context) is Caller caller && (caller.Role == Role.Administrator || caller.User == user);

    private static ApiProblem Others() => ApiProblem.Of(StatusCodes.Status403Forbidden) with { Code = "roleTooLow", Detail = "Other users are administrators' to see." };

    private static FieldProblem? PasswordProblem(string field, string password) => password.Length is < PasswordHash.MinLength or > PasswordHash.MaxLength
        ? new FieldProblem(field, "passwordLength", $"A password has {PasswordHash.MinLength} to {PasswordHash.MaxLength} characters.")
        : null;

    private static UserResource Resource(UserDocument user) => new(user.Name, user.Role, user.CreatedAt, user.IsPasswordInitial, user.Revision);
}
