using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Http;

namespace HyperOS.Management.Api;

/// <summary>
/// Reads request bodies strictly: a field that the schema does not have, or a value of another type, is refused by name. A null means that the field is
/// not there.
/// </summary>
internal static class ApiBody
{
    /// <summary>In bytes.</summary>
    public const int MaxLength = 1 << 20;

    private const int MaxDepth = 16;

    private static readonly JsonDocumentOptions s_options = new() { MaxDepth = MaxDepth };

    public static async Task<Outcome<T>> ReadAsync<T>(HttpContext context, JsonTypeInfo<T> type)
        where T : class
    {
        Outcome<JsonObject> body = await ReadObjectAsync(context, "application/json");
        return body.Problem is ApiProblem problem ? problem : Parse(body.Value, type);
    }

    /// <summary>Reads a JSON Merge Patch (RFC 7396) and applies it to what there is.</summary>
    public static async Task<Outcome<T>> ReadPatchAsync<T>(HttpContext context, T current, JsonTypeInfo<T> type)
        where T : class
    {
        Outcome<JsonObject> patch = await ReadObjectAsync(context, "application/merge-patch+json", "application/json");
        if (patch.Problem is ApiProblem problem)
            return problem;
        JsonObject merged = JsonSerializer.SerializeToNode(current, type)!.AsObject();
        Merge(merged, patch.Value);
        return Parse(merged, type);
    }

    private static async Task<Outcome<JsonObject>> ReadObjectAsync(HttpContext context, params string[] types)
    {
        string contentType = context.Request.ContentType?.Split(';')[0].Trim() ?? "";
        if (!types.Contains(contentType, StringComparer.OrdinalIgnoreCase))
            return ApiProblem.Of(StatusCodes.Status415UnsupportedMediaType) with { Detail = $"Send {types[0]}." };
        if (context.Request.ContentLength > MaxLength)
            return ApiProblem.Of(StatusCodes.Status413PayloadTooLarge);
        try
        {
            JsonNode? node = await JsonNode.ParseAsync(context.Request.Body, documentOptions: s_options, cancellationToken: context.RequestAborted);
            // Properties are looked at here, where one that is there twice is an exception.
            return node is JsonObject whole && whole.Count >= 0 && IsSound(whole) ? whole : ApiProblem.BadField("", "notAnObject", "The body is no JSON object.");
        }
        catch (JsonException exception)
        {
            return ApiProblem.BadField("", "malformedJson", string.Create(
                CultureInfo.InvariantCulture, $"The body is no JSON: line {exception.LineNumber + 1}, byte {exception.BytePositionInLine + 1}."));
        }
        catch (Exception exception) when (exception is ArgumentException or InvalidOperationException)
        {
            return ApiProblem.BadField("", "duplicateField", "The body has a field twice.");
        }
        catch (BadHttpRequestException exception)
        {
            return ApiProblem.Of(exception.StatusCode);
        }
    }

    private static bool IsSound(JsonNode? node) => node switch
    {
        JsonObject fields => fields.All(field => IsSound(field.Value)),
        JsonArray items => items.All(IsSound),
        _ => true,
    };

    private static Outcome<T> Parse<T>(JsonObject body, JsonTypeInfo<T> type)
        where T : class
    {
        List<FieldProblem> unknown = [];
        Check(body, type, "", unknown);
        if (unknown.Count > 0)
            return ApiProblem.BadFields(unknown);
        RemoveNulls(body);
        try
        {
            return body.Deserialize(type)!;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or FormatException)
        {
            string field = (exception as JsonException)?.Path?.TrimStart('$').TrimStart('.') ?? "";
            return ApiProblem.BadField(field, "wrongType", $"{(field.Length == 0 ? "A field" : field)} has a value of another type, or one that is unknown.", "See /openapi/v1.json");
        }
    }

    private static void Check(JsonNode? node, JsonTypeInfo type, string path, List<FieldProblem> unknown)
    {
        if (node is JsonObject fields && type.Kind == JsonTypeInfoKind.Object)
        {
            foreach ((string name, JsonNode? value) in fields)
            {
                string where = path.Length == 0 ? name : $"{path}.{name}";
                JsonPropertyInfo? property = type.Properties.FirstOrDefault(known => known.Name == name);
                if (property is null)
                    unknown.Add(new FieldProblem(where, "unknownField", $"{where} is unknown.", $"The fields here are {string.Join(", ", type.Properties.Select(known => known.Name))}."));
                else
                    Check(value, type.Options.GetTypeInfo(property.PropertyType), where, unknown);
            }
        }
        else if (node is JsonArray items && type is { Kind: JsonTypeInfoKind.Enumerable, ElementType: Type element })
        {
            for (int i = 0; i < items.Count; i++)
                Check(items[i], type.Options.GetTypeInfo(element), string.Create(CultureInfo.InvariantCulture, $"{path}[{i}]"), unknown);
        }
    }

    private static void RemoveNulls(JsonObject fields)
    {
        foreach (string name in fields.Where(field => field.Value is null).Select(field => field.Key).ToArray())
            fields.Remove(name);
        foreach ((_, JsonNode? value) in fields)
        {
            if (value is JsonObject inner)
                RemoveNulls(inner);
            else if (value is JsonArray items)
                items.OfType<JsonObject>().ToList().ForEach(RemoveNulls);
        }
    }

    private static void Merge(JsonObject target, JsonObject patch)
    {
        foreach ((string name, JsonNode? value) in patch)
        {
            if (value is null)
                target.Remove(name);
            else if (value is JsonObject inner && target[name] is JsonObject existing)
                Merge(existing, inner);
            else
                target[name] = value.DeepClone();
        }
    }
}
