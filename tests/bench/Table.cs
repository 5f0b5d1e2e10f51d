using System.Text;

namespace HyperOS.Bench;

/// <summary>HyperOS's figures beside its peers', as lines on the terminal and as a table of a page.</summary>
/// <param name="columns">Titles; the first column and the last are aligned to the left.</param>
internal sealed class Table(params string[] columns)
{
    private static readonly int[] s_widths = [40, 13, 10, 10, 10, 10, 8, 12, 10, 10, 0];

    private readonly List<string[]> _rows = [];

    /// <summary>The title line of the terminal.</summary>
    public string Heading => Line(columns);

    /// <summary>Of operations that peers have as well.</summary>
    public static Table OfOperations() =>
        new("operation", "no hypervisor", "KVM", "Xen", "HyperOS", "goal", "", "HyperOS/KVM", "KVM", "HyperOS", "exits, unit");

    /// <summary>Of what only HyperOS has.</summary>
    public static Table OfHost() => new("figure", "HyperOS", "goal", "", "unit");

    /// <summary>Of operations on VT-x.</summary>
    public static Table OfVtx() => new("operation", "HyperOS", "SVM's goal", "", "unit");

    /// <summary>Takes up a row, and gives its line for the terminal.</summary>
    public string Add(params string[] row)
    {
        _rows.Add(row);
        return Line(row);
    }

    /// <summary>As Markdown.</summary>
    public string ToMarkdown()
    {
        StringBuilder text = new();
        text.Append($"| {string.Join(" | ", columns)} |\n|---|{string.Concat(Enumerable.Repeat("---:|", columns.Length - 2))}---|\n");
        foreach (string[] row in _rows)
            text.Append($"| {string.Join(" | ", row)} |\n");
        return text.ToString();
    }

    private string Line(string[] cells) =>
        string.Concat(cells.Select((cell, column) => column == 0 ? cell.PadRight(s_widths[0]) : column == cells.Length - 1 ? $"  {cell}" : cell.PadLeft(Width(column)))).TrimEnd();

    private int Width(int column) => Math.Max(columns[column].Length, columns.Length == s_widths.Length ? s_widths[column] : 10) + 2;
}
