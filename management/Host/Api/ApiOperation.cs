using System;
using System.Collections.Generic;
using HyperOS.Management.Identity;
using Microsoft.AspNetCore.Builder;

namespace HyperOS.Management.Api;

/// <summary>
/// What an endpoint is, for who is let in (<see cref="Authentication"/>) and for <see cref="OpenApiDocument"/>. An endpoint without one lets nobody in.
/// </summary>
internal sealed class ApiOperation
{
    public required string Summary { get; init; }

    /// <summary>The least role; null: anybody.</summary>
    public required Role? Role { get; init; }

    public Type? Body { get; init; }

    public string BodyContentType { get; init; } = "application/json";

    public Type? Answer { get; init; }

    public string AnswerContentType { get; init; } = "application/json";

    /// <summary>Of success.</summary>
    public int Status { get; init; } = 200;

    /// <summary>Besides those that any operation can have: 400, 401, 403, 429, 500.</summary>
    public IReadOnlyList<int> Problems { get; init; } = [];

    /// <summary>Query parameters, each with what it means.</summary>
    public IReadOnlyList<(string Name, string Meaning)> Query { get; init; } = [];

    /// <summary>Tokens that are limited to some VMs reach it, for these.</summary>
    public bool IsOfOneVm { get; init; }

    /// <summary>Tokens that are limited to some VMs reach it; what it tells is limited too.</summary>
    public bool IsFilteredByVm { get; init; }
}

internal static class ApiOperationExtensions
{
    public static RouteHandlerBuilder Is(this RouteHandlerBuilder endpoint, ApiOperation operation) => endpoint.WithMetadata(operation);

    public static IEndpointConventionBuilder Is(this IEndpointConventionBuilder endpoint, ApiOperation operation) => endpoint.WithMetadata(operation);
}
