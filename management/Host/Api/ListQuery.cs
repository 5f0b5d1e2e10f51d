using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace HyperOS.Management.Api;

/// <summary>A part of a list.</summary>
/// <param name="Items">In the order asked for.</param>
/// <param name="Next">The cursor of the next part; null at the end.</param>
/// <param name="Total">How many there are in all parts.</param>
internal sealed record Page<T>(IReadOnlyList<T> Items, string? Next, int Total);

/// <summary>What a list can be sorted and filtered by.</summary>
/// <param name="Name">As in queries and JSON.</param>
/// <param name="Value">Of an item; compared as text, or as numbers where both are.</param>
internal sealed record ListField<T>(string Name, Func<T, object?> Value);

/// <summary>limit, cursor, sort, q and filters by equality, the same for all lists.</summary>
internal static class ListQuery
{
    public const int MaxLimit = 1000;

    public static readonly (string Name, string Meaning)[] Parameters =
    [
        ("limit", "How many, 1 to 1000; 100 without."),
        ("cursor", "The part after the one that gave it as next."),
        ("sort", "A field, with - before it from the end."),
        ("q", "Only what has this text in any field."),
    ];

    private const int DefaultLimit = 100;

    /// <param name="request">Whose query it is.</param>
    /// <param name="all">What there is; the first field is unique and breaks ties.</param>
    /// <param name="fields">Of an item.</param>
    public static Outcome<Page<T>> Apply<T>(HttpRequest request, IEnumerable<T> all, params ListField<T>[] fields)
    {
        int limit = DefaultLimit;
        int start = 0;
        ListField<T> order = fields[0];
        bool isDescending = false;
        foreach ((string name, Microsoft.Extensions.Primitives.StringValues values) in request.Query)
        {
            string value = values.ToString();
            switch (name)
            {
                case "limit" when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out limit) && limit is > 0 and <= MaxLimit:
                    break;
                case "limit":
                    return ApiProblem.BadField("limit", "outOfRange", $"limit is not 1 to {MaxLimit}.");
                case "cursor" when TryParseCursor(value, out start):
                    break;
                case "cursor":
                    return ApiProblem.BadField("cursor", "badCursor", "The cursor is none that a list gave.");
                case "sort":
                    isDescending = value.StartsWith('-');
                    string by = value.TrimStart('-');
                    if (fields.FirstOrDefault(field => field.Name == by) is not ListField<T> sort)
                        return ApiProblem.BadField("sort", "unknownField", $"\"{by}\" is no field to sort by.", $"Sort by {Names(fields)}.");
                    order = sort;
                    break;
                case "q":
                    all = all.Where(item => fields.Any(field => Text(field.Value(item)).Contains(value, StringComparison.OrdinalIgnoreCase)));
                    break;
                default:
                    if (fields.FirstOrDefault(field => field.Name == name) is not ListField<T> filter)
                        return ApiProblem.BadField(name, "unknownParameter", $"\"{name}\" is no parameter of this list.", $"Filter by {Names(fields)}.");
                    all = all.Where(item => string.Equals(Text(filter.Value(item)), value, StringComparison.OrdinalIgnoreCase));
                    break;
            }
        }
        Comparer<T> comparer = Comparer<T>.Create((left, right) => Compare(order.Value(left), order.Value(right)));
        IOrderedEnumerable<T> ordered = isDescending ? all.OrderDescending(comparer) : all.Order(comparer);
        List<T> sorted = [.. ordered.ThenBy(item => Text(fields[0].Value(item)), StringComparer.Ordinal)];
        T[] items = [.. sorted.Skip(start).Take(limit)];
        return new Page<T>(items, start + items.Length < sorted.Count && items.Length > 0 ? Cursor(start + items.Length) : null, sorted.Count);
    }

    private static string Names<T>(ListField<T>[] fields) => string.Join(", ", fields.Select(field => field.Name));

    private static string Text(object? value) => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";

    private static int Compare(object? left, object? right) =>
        left is IComparable comparable && right is not null && left.GetType() == right.GetType() && left is not string
            ? comparable.CompareTo(right)
            : string.CompareOrdinal(Text(left), Text(right));

    private static string Cursor(int start) => Convert.ToBase64String(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"o{start}"))).TrimEnd('=');

    private static bool TryParseCursor(string cursor, out int start)
    {
        start = 0;
        Span<byte> bytes = stackalloc byte[16];
        if (cursor.Length > 16 || !Convert.TryFromBase64String(cursor.PadRight((cursor.Length + 3) / 4 * 4, '='), bytes, out int length) || length < 2 || bytes[0] != (byte)'o')
            return false;
        return int.TryParse(bytes[1..length], NumberStyles.None, CultureInfo.InvariantCulture, out start);
    }
}
