using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.RegularExpressions;
using HyperOS.Management.Identity;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;

namespace HyperOS.Management.Api;

/// <summary>
/// The API's description (OpenAPI 3.1), made of what the endpoints say of themselves and of the JSON that is really read and written, so that it cannot say
/// anything else.
/// </summary>
internal static partial class OpenApiDocument
{
    private static readonly int[] s_anywhere = [400, 500], s_signedIn = [401, 403];

    public static void MapOpenApi(this IEndpointRouteBuilder routes) => routes.MapGet("/openapi/v1.json", Read).Is(new ApiOperation { Summary = "Read this description", Role = null });

    private static IResult Read(EndpointDataSource endpoints) => TypedResults.Text(Make(endpoints).ToJsonString(), "application/json");

    private static JsonObject Make(EndpointDataSource endpoints)
    {
        JsonObject paths = [], schemas = [];
        foreach (RouteEndpoint endpoint in endpoints.Endpoints.OfType<RouteEndpoint>().OrderBy(endpoint => endpoint.RoutePattern.RawText, StringComparer.Ordinal))
        {
            if (endpoint.Metadata.GetMetadata<ApiOperation>() is not ApiOperation operation)
                continue;
            string path = "/" + endpoint.RoutePattern.RawText!.Trim('/');
            if (paths[path] is not JsonObject methods)
                paths[path] = methods = [];
            foreach (string method in endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? ["GET"])
                methods[method.ToLowerInvariant()] = Describe(endpoint, operation, path, method, schemas);
        }
        schemas[NameOf(typeof(ApiProblem))] ??= Schema(typeof(ApiProblem));
        return new JsonObject
        {
            ["openapi"] = "3.1.0",
            ["info"] = new JsonObject { ["title"] = "HyperOS", ["version"] = "v1" },
            ["paths"] = paths,
            ["components"] = new JsonObject
            {
                ["schemas"] = schemas,
                ["securitySchemes"] = new JsonObject
                {
                    ["token"] = new JsonObject { ["type"] = "http", ["scheme"] = "bearer" },
                    ["session"] = new JsonObject { ["type"] = "apiKey", ["in"] = "cookie", ["name"] = Authentication.Cookie },
                },
            },
        };
    }

    private static JsonObject Describe(RouteEndpoint endpoint, ApiOperation operation, string path, string method, JsonObject schemas)
    {
        JsonObject answers = new()
        {
            [operation.Status.ToString(CultureInfo.InvariantCulture)] = Answer("Done", operation.Answer, operation.AnswerContentType, schemas),
        };
        // What was begun may be done when the answer goes out.
        if (operation.Status == StatusCodes.Status202Accepted)
            answers["200"] = Answer("Done, after waiting", operation.Answer, operation.AnswerContentType, schemas);
        foreach (int status in operation.Problems.Concat(s_anywhere).Concat(operation.Role is null && operation.Body is null ? [] : operation.Role is null ? [.. s_signedIn, 429] : s_signedIn).Distinct().Order())
            answers[status.ToString(CultureInfo.InvariantCulture)] = Answer(ApiProblem.Of(status).Title, typeof(ApiProblem), ProblemAnswer.ContentType, schemas);
        JsonArray parameters = [];
        foreach (Match name in Parameter().Matches(path))
            parameters.Add((JsonNode)Named(name.Groups[1].Value, "path", null));
        foreach ((string name, string meaning) in operation.Query)
            parameters.Add((JsonNode)Named(name, "query", meaning));
        JsonObject description = new()
        {
            ["operationId"] = method.ToLowerInvariant() + string.Concat(path.Split('/', '-', '.', '{', '}').Where(part => part.Length > 0).Select(part => char.ToUpperInvariant(part[0]) + part[1..])),
            ["summary"] = operation.Summary,
            ["tags"] = new JsonArray([.. (endpoint.Metadata.GetMetadata<ITagsMetadata>()?.Tags ?? []).Select(tag => (JsonNode)tag!)]),
            ["parameters"] = parameters,
            ["responses"] = answers,
            ["security"] = operation.Role is null ? new JsonArray() : new JsonArray(new JsonObject { ["token"] = new JsonArray() }, new JsonObject { ["session"] = new JsonArray() }),
        };
        if (operation.Role is Role role)
            description["x-role"] = role.ToString().ToLowerInvariant();
        if (operation.Body is Type body)
            description["requestBody"] = new JsonObject { ["required"] = true, ["content"] = Content(body, operation.BodyContentType, schemas) };
        return description;
    }

    private static JsonObject Named(string name, string place, string? meaning)
    {
        JsonObject parameter = new() { ["name"] = name, ["in"] = place, ["required"] = place == "path", ["schema"] = new JsonObject { ["type"] = "string" } };
        if (meaning is not null)
            parameter["description"] = meaning;
        return parameter;
    }

    private static JsonObject Answer(string description, Type? type, string contentType, JsonObject schemas)
    {
        JsonObject answer = new() { ["description"] = description };
        if (type is not null)
            answer["content"] = Content(type, contentType, schemas);
        return answer;
    }

    private static JsonObject Content(Type type, string contentType, JsonObject schemas)
    {
        if (type == typeof(byte[]))
            return new JsonObject { [contentType] = new JsonObject { ["schema"] = new JsonObject { ["type"] = "string", ["format"] = "binary" } } };
        string name = NameOf(type);
        schemas[name] ??= Schema(type);
        return new JsonObject { [contentType] = new JsonObject { ["schema"] = new JsonObject { ["$ref"] = $"#/components/schemas/{name}" } } };
    }

    private static JsonNode Schema(Type type)
    {
        string root = $"#/components/schemas/{NameOf(type)}";
        JsonNode schema = ApiJson.Default.Options.GetJsonSchemaAsNode(type, new JsonSchemaExporterOptions { TreatNullObliviousAsNonNullable = true });
        Rebase(schema, root);
        return schema;
    }

    // References inside a schema begin at its own root.
    private static void Rebase(JsonNode? node, string root)
    {
        if (node is JsonObject fields)
        {
            if (fields["$ref"] is JsonValue reference && reference.GetValue<string>() is string target && target.StartsWith('#'))
                fields["$ref"] = root + target[1..];
            foreach ((_, JsonNode? value) in fields.ToArray())
                Rebase(value, root);
        }
        else if (node is JsonArray items)
        {
            foreach (JsonNode? item in items)
                Rebase(item, root);
        }
    }

    private static string NameOf(Type type) =>
        (type.IsGenericType ? type.Name.Split('`')[0] + "Of" + string.Concat(type.GenericTypeArguments.Select(NameOf)) : type.Name).Replace("Resource", "", StringComparison.Ordinal);

    [GeneratedRegex(@"\{(\w+)\}")]
    private static partial Regex Parameter();
}
