using System.Globalization;
using System.Text.Json;

namespace HyperOS.Bench;

/// <summary>The committed figures, which later ones must not exceed by more than 2 %.</summary>
/// <param name="Emulator">That they were measured under: those of another cannot be compared.</param>
/// <param name="Figures">By name.</param>
internal sealed record Baseline(string Emulator, SortedDictionary<string, double> Figures)
{
    private const string Path = "tests/bench/baseline.json";
    private const double Tolerance = 0.02;

    /// <summary>Small figures move by a step of what they are measured in.</summary>
    private const double Step = 0.1;

    private static readonly JsonSerializerOptions s_options = new() { WriteIndented = true };

    /// <summary>The committed one; null where there is none.</summary>
    public static Baseline? Load() => File.Exists(Path) ? JsonSerializer.Deserialize<Baseline>(File.ReadAllText(Path), s_options) : null;

    /// <summary>What was measured under an emulator.</summary>
    public static Baseline Of(string emulator, IEnumerable<Figure> figures)
    {
        SortedDictionary<string, double> values = new(StringComparer.Ordinal);
        foreach (Figure figure in figures)
        {
            values[$"{figure.Name}, {figure.Unit}"] = Math.Round(figure.Value, 3);
            if (figure.Exits is not null)
                values[$"{figure.Name}, exits"] = Math.Round(figure.Exits.Value, 3);
        }
        return new Baseline(emulator, values);
    }

    public void Save() => File.WriteAllText(Path, JsonSerializer.Serialize(this, s_options) + "\n");

    /// <summary>A line for each figure that exceeds this baseline's.</summary>
    public IEnumerable<string> Regressions(Baseline now) =>
        from figure in now.Figures
        where Figures.TryGetValue(figure.Key, out double old) && figure.Value > old * (1 + Tolerance) + Step
        select string.Create(CultureInfo.InvariantCulture, $"regression: {figure.Key}: {Figures[figure.Key]:N1} -> {figure.Value:N1}");

    /// <summary>A line for each figure of this baseline that was not measured.</summary>
    public IEnumerable<string> Missing(Baseline now) => from name in Figures.Keys where !now.Figures.ContainsKey(name) select $"missing: {name}";
}
