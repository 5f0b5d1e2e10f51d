namespace HyperOS.Bench;

/// <summary>Something measured under HyperOS.</summary>
/// <param name="Name">What was measured; peers' results have the same names.</param>
/// <param name="Value">In <paramref name="Unit"/>.</param>
/// <param name="Goal">The most that it should be; null where none is set.</param>
/// <param name="Unit">Of value and goal.</param>
internal sealed record Figure(string Name, double Value, double? Goal, string Unit)
{
    /// <summary>Exits for each operation; null where they were not counted.</summary>
    public double? Exits { get; init; }

    public string Verdict => Goal is null ? "" : Value <= Goal ? "ok" : "missed";

    /// <summary>With as many digits as mean something; nothing for what is not known.</summary>
    public static string Number(double? value) => value switch
    {
        null => "",
        < 100 => $"{value:N1}",
        _ => $"{value:N0}",
    };
}
