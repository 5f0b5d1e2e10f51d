using System.Globalization;
using System.Text;

namespace HyperOS.Bench;

/// <summary>
/// The operations as horizontal bars on a logarithmic scale, one for each hypervisor, and the goal as a line across HyperOS's: an SVG without a background
/// whose text follows the reader's colour scheme. Scalable Vector Graphics 1.1.
/// </summary>
internal static class Picture
{
    private const int Left = 230, Right = 720, Width = 800, Top = 62, Bar = 11, Gap = 14, Decades = 6;

    /// <summary>Draws the operations.</summary>
    /// <param name="rows">Their names; instructions under KVM, Xen and HyperOS, where known; and the goals, where set.</param>
    /// <param name="source">Where the figures come from.</param>
    public static string Draw(IReadOnlyList<(string Name, double? Kvm, double? Xen, double HyperOS, double? Goal)> rows, string source)
    {
        StringBuilder bars = new();
        int y = Top;
        foreach ((string name, double? kvm, double? xen, double hyperOS, double? goal) in rows)
        {
            int first = y;
            foreach ((string kind, double? value) in ((string, double?)[])[("kvm", kvm), ("xen", xen), ("hyperos", hyperOS)])
            {
                if (value is null)
                    continue;
                bars.Append(Invariant($"<rect class=\"{kind}\" x=\"{Left}\" y=\"{y}\" width=\"{X(value.Value) - Left:F1}\" height=\"{Bar - 1}\"/>\n"));
                bars.Append(Invariant($"<text class=\"value\" x=\"{X(value.Value) + 5:F1}\" y=\"{y + Bar - 2}\">{Figure.Number(value)}</text>\n"));
                y += Bar;
            }
            if (goal is not null)
                bars.Append(Invariant($"<path class=\"goal\" d=\"M{X(goal.Value):F1} {y - Bar - 2}v{Bar + 3}\"/>\n"));
            bars.Append(Invariant($"<text class=\"name\" x=\"{Left - 10}\" y=\"{(first + y) / 2 + 4}\">{name}</text>\n"));
            y += Gap;
        }

        StringBuilder scale = new();
        for (int decade = 0; decade <= Decades; decade++)
        {
            double x = X(Math.Pow(10, decade));
            scale.Append(Invariant($"<path class=\"grid\" d=\"M{x:F1} {Top - 8}V{y - 4}\"/>\n"));
            scale.Append(Invariant($"<text class=\"tick\" x=\"{x:F1}\" y=\"{y + 10}\">{Math.Pow(10, decade):N0}</text>\n"));
        }
        return Invariant($$"""
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {{Width}} {{y + 36}}" font-family="system-ui, sans-serif" font-size="12">
            <title>Instructions for each operation: KVM, Xen, HyperOS</title>
            <style>
            text { fill: #24292f } .value, .tick, .source { fill: #57606a; font-size: 10px } .name { text-anchor: end } .tick { text-anchor: middle }
            .grid { stroke: #8c959f; stroke-opacity: .35 } .goal { stroke: #24292f; stroke-width: 2 } .title { font-size: 15px; font-weight: 600 }
            .kvm { fill: #d4833c } .xen { fill: #8f7fc9 } .hyperos { fill: #2a9d6f }
            @media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .value, .tick, .source { fill: #9aa4af } .goal { stroke: #e6edf3 } }
            </style>
            <text class="title" x="10" y="20">What an operation costs a guest, in instructions: fewer is better</text>
            <rect class="kvm" x="10" y="32" width="11" height="11"/><text x="26" y="42">KVM + QEMU microvm</text>
            <rect class="xen" x="170" y="32" width="11" height="11"/><text x="186" y="42">Xen PVH</text>
            <rect class="hyperos" x="260" y="32" width="11" height="11"/><text x="276" y="42">HyperOS</text>
            <path class="goal" d="M350 31v13"/><text x="358" y="42">its goal</text>
            {{scale}}{{bars}}<text class="source" x="10" y="{{y + 29}}">{{source}}</text>
            </svg>

            """);
    }

    private static double X(double value) => Left + Math.Log10(Math.Max(value, 1)) / Decades * (Right - Left);

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
