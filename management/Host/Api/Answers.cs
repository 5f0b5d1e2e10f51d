using System;
using Microsoft.AspNetCore.Http;

namespace HyperOS.Management.Api;

/// <summary>Outcomes as answers.</summary>
internal static class Answers
{
    public static IResult Answer(this ApiProblem problem) => new ProblemAnswer(problem);

    public static IResult Answer<T>(this Outcome<T> outcome, Func<T, IResult> answer) => outcome.Problem is ApiProblem problem ? new ProblemAnswer(problem) : answer(outcome.Value);

    /// <summary>200 with the value, or the problem.</summary>
    public static IResult Answer<T>(this Outcome<T> outcome) => outcome.Answer(value => TypedResults.Ok(value));

    /// <summary>204, or the problem.</summary>
    public static IResult AnswerEmpty<T>(this Outcome<T> outcome) => outcome.Answer(_ => TypedResults.NoContent());
}
