using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text.Json.Serialization;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Http;

namespace HyperOS.Management.Api;

/// <summary>One thing that is wrong with a request's body or query.</summary>
/// <param name="Field">As a path, such as cpu.count or nics[0].name.</param>
/// <param name="Code">For programs.</param>
/// <param name="Detail">For people.</param>
/// <param name="Hint">What to do about it.</param>
internal sealed record FieldProblem(string Field, string Code, string Detail, string? Hint = null);

/// <summary>What an error answers: RFC 9457, "Members of a Problem Details Object", with a code for programs, the field, a hint and the request's number.</summary>
internal sealed record ApiProblem
{
    public string Type => $"urn:hyperos:problem:{Code}";

    public required string Title { get; init; }

    public required int Status { get; init; }

    /// <summary>For programs, in camel case; does not change.</summary>
    public required string Code { get; init; }

    public string? Detail { get; init; }

    public string? Field { get; init; }

    public string? Hint { get; init; }

    public string? RequestId { get; init; }

    /// <summary>All that is wrong, where it is more than a field.</summary>
    public IReadOnlyList<FieldProblem>? Errors { get; init; }

    /// <summary>In bytes: what there is, where there is too little.</summary>
    public ulong? Available { get; init; }

    [JsonIgnore]
    public TimeSpan? RetryAfter { get; init; }

    public static ApiProblem NotFound(string what, string name) =>
        new() { Status = StatusCodes.Status404NotFound, Code = "notFound", Title = "Not found", Detail = $"There is no {what} \"{name}\"." };

    public static ApiProblem Conflict(string code, string title, string detail, string? hint = null) =>
        new() { Status = StatusCodes.Status409Conflict, Code = code, Title = title, Detail = detail, Hint = hint };

    public static ApiProblem BadField(string field, string code, string detail, string? hint = null) => BadFields([new FieldProblem(field, code, detail, hint)]);

    /// <param name="errors">At least one.</param>
    public static ApiProblem BadFields(IReadOnlyList<FieldProblem> errors) => new()
    {
        Status = StatusCodes.Status400BadRequest,
        Code = errors[0].Code,
        Title = "The request is not valid",
        Detail = errors[0].Detail,
        Field = errors[0].Field,
        Hint = errors[0].Hint,
        Errors = errors,
    };

    public static ApiProblem Of(int status) => status switch
    {
        StatusCodes.Status400BadRequest => Plain(status, "badRequest", "The request is not valid"),
        StatusCodes.Status401Unauthorized => Plain(status, "notSignedIn", "Sign in first"),
        StatusCodes.Status403Forbidden => Plain(status, "forbidden", "Not allowed"),
        StatusCodes.Status404NotFound => Plain(status, "notFound", "Not found"),
        StatusCodes.Status405MethodNotAllowed => Plain(status, "methodNotAllowed", "The method is not allowed here"),
        StatusCodes.Status408RequestTimeout => Plain(status, "tooSlow", "The request came too slowly"),
        StatusCodes.Status413PayloadTooLarge => Plain(status, "tooLarge", "The request is too large"),
        StatusCodes.Status415UnsupportedMediaType => Plain(status, "mediaType", "The body is of another type"),
        StatusCodes.Status503ServiceUnavailable => Plain(status, "unavailable", "Not available now"),
        _ => Plain(status, "failed", "The request failed"),
    };

    private static ApiProblem Plain(int status, string code, string title) => new() { Status = status, Code = code, Title = title };
}

/// <summary>Either what was asked for or why not.</summary>
internal readonly struct Outcome<T>
{
    private readonly T? _value;

    private Outcome(T? value, ApiProblem? problem) => (_value, Problem) = (value, problem);

    public ApiProblem? Problem { get; }

    public T Value => Problem is null ? _value! : throw new InvalidOperationException(Problem.Code);

    public static implicit operator Outcome<T>(T value) => new(value, null);

    public static implicit operator Outcome<T>(ApiProblem problem) => new(default, problem);
}

/// <summary>A problem as an answer.</summary>
internal sealed class ProblemAnswer(ApiProblem problem) : IResult
{
    public const string ContentType = "application/problem+json";

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        httpContext.Response.StatusCode = problem.Status;
        if (problem.RetryAfter is TimeSpan time)
            httpContext.Response.Headers.RetryAfter = Math.Ceiling(Math.Max(1, time.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        await httpContext.Response.WriteAsJsonAsync(problem with { RequestId = httpContext.TraceIdentifier }, ApiJson.Default.ApiProblem, ContentType, httpContext.RequestAborted);
    }
}
