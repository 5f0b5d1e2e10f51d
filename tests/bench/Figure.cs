namespace HyperOS.Bench;

/// <summary>A line of the table.</summary>
/// <param name="Name">What was measured.</param>
/// <param name="Value">In <paramref name="Unit"/>.</param>
/// <param name="Goal">The most that it should be; null where none is set.</param>
/// <param name="Unit">Of value and goal.</param>
/// <param name="Bare">The same without a hypervisor, where that means something.</param>
internal sealed record Figure(string Name, double Value, double? Goal, string Unit, double? Bare = null)
{
    public static string Heading => Row("figure", "value", "goal", "", "no hypervisor", "unit");

    public override string ToString() => Row(Name, Number(Value), Number(Goal), Goal is null ? "" : Value <= Goal ? "ok" : "missed", Number(Bare), Unit);

    private static string Number(double? value) => value switch
    {
        null => "",
        < 100 => $"{value:N1}",
        _ => $"{value:N0}",
    };

    private static string Row(string name, string value, string goal, string verdict, string bare, string unit) =>
        $"{name,-44}{value,10}{goal,10}  {verdict,-8}{bare,13}  {unit}".TrimEnd();
}
