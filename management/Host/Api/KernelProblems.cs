using System.Text;
using HyperOS.Abi.Control;
using HyperOS.Management.KernelClient;
using Microsoft.AspNetCore.Http;

namespace HyperOS.Management.Api;

/// <summary>What the kernel refuses, as the API tells it.</summary>
internal static class KernelProblems
{
    public static ApiProblem Of<T>(in ControlResult<T> result) => result.Status switch
    {
        ControlStatus.NotFound => ApiProblem.Of(StatusCodes.Status404NotFound),
        ControlStatus.InUse => Conflict("inUse", "It is in use", result.Status),
        ControlStatus.NameTaken => Conflict("nameTaken", "The name is taken", result.Status) with { Field = "name" },
        ControlStatus.WrongState => Conflict("wrongState", "The image is sealed, or is not yet", result.Status),
        ControlStatus.TooMany => Conflict("tooMany", "There are too many", result.Status),
        ControlStatus.BadName => ApiProblem.BadField("name", "badName", "The name is not 1 to 60 of a-z, A-Z, 0-9, '.', '_' and '-', the first no '.'."),
        ControlStatus.BadSize => ApiProblem.BadField("size", "badSize", "The size is not possible."),
        ControlStatus.NoMemory => Short("notEnoughMemory", "Not enough free memory", result.Detail),
        ControlStatus.NoSpace => Short("notEnoughSpace", "The host's disk is full", result.Detail),
        ControlStatus.NoStorage => Conflict("noStorage", "The host has no disk", result.Status),
        _ => ApiProblem.Of(StatusCodes.Status500InternalServerError) with { Code = "kernelRefused", Detail = Words(result.Status) },
    };

    private static ApiProblem Conflict(string code, string title, ControlStatus status) => ApiProblem.Conflict(code, title, Words(status));

    private static ApiProblem Short(string code, string title, ulong available) =>
        new() { Status = StatusCodes.Status507InsufficientStorage, Code = code, Title = title, Detail = $"{available} bytes are free.", Available = available };

    private static string Words(ControlStatus status) => $"The kernel says: {Encoding.ASCII.GetString(ControlStatuses.Describe(status))}.";
}
