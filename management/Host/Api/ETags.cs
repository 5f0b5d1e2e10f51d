using System;
using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace HyperOS.Management.Api;

/// <summary>Revisions as entity tags: RFC 9110, "Conditional Requests".</summary>
internal static class ETags
{
    public static void Set(HttpContext context, ulong revision) => context.Response.Headers.ETag = Of(revision);

    public static string Of(ulong revision) => string.Create(CultureInfo.InvariantCulture, $"\"{revision}\"");

    /// <summary>Judges If-Match against a revision.</summary>
    /// <param name="context">Whose request it is.</param>
    /// <param name="isRequired">It has to be there: 428.</param>
    public static Func<ulong, ApiProblem?> Precondition(HttpContext context, bool isRequired)
    {
        string condition = context.Request.Headers.IfMatch.ToString();
        return revision =>
        {
            if (condition.Length == 0 && isRequired)
            {
                return new ApiProblem
                {
                    Status = StatusCodes.Status428PreconditionRequired, Code = "ifMatchMissing", Title = "If-Match is missing", Hint = "Send the ETag that was read, or *.",
                };
            }
            if (condition.Length == 0 || condition == "*" || condition == Of(revision))
                return null;
            return new ApiProblem
            {
                Status = StatusCodes.Status412PreconditionFailed, Code = "changedMeanwhile", Title = "Somebody else has changed it",
                Detail = $"It has the ETag {Of(revision)} now.", Hint = "Read it again, and apply the change to that.",
            };
        };
    }
}
