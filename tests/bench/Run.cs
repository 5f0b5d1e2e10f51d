using System.Globalization;
using System.Text.RegularExpressions;

namespace HyperOS.Bench;

/// <summary>What a machine said and how long it took, from reset to its end, by the emulator's own clock. One nanosecond is one instruction.</summary>
/// <param name="Log">Its serial line, without carriage returns.</param>
/// <param name="Duration">In nanoseconds; null for a machine that ended the emulator itself.</param>
/// <param name="Marks">When it panicked, in nanoseconds: see <see cref="Emulator.Marker"/>.</param>
internal sealed partial record Run(string Log, double? Duration, IReadOnlyList<double> Marks)
{
    /// <summary>Time of the first line that contains the text, on the host's log, in nanoseconds.</summary>
    /// <exception cref="BenchException">There is no such line.</exception>
    public double TimeOf(string text) =>
        LogLine().Matches(Log).FirstOrDefault(line => line.Groups["text"].Value.Contains(text, StringComparison.Ordinal)) is { } match
            ? double.Parse(match.Groups["seconds"].Value, CultureInfo.InvariantCulture) * 1e9
            : throw new BenchException($"the log does not say \"{text}\":\n{Tail}");

    /// <summary>The exit code of HyperOS's machine: batch guests give the ticks of their own time-stamp counter.</summary>
    /// <exception cref="BenchException">It is 0: the guest has found something wrong.</exception>
    public double ExitCode => double.Parse(Find(@"vm bench: stopped: exit code ([1-9]\d*)$"), CultureInfo.InvariantCulture);

    /// <summary>The first group of each of a pattern's matches.</summary>
    public IEnumerable<string> All(string pattern) => Regex.Matches(Log, pattern, RegexOptions.Multiline).Select(match => match.Groups[1].Value);

    /// <summary>The exits of HyperOS's machine, by kind.</summary>
    public IEnumerable<(string Kind, double Count)> Exits => ExitsIn(Find("vm bench: exits: (.*)"));

    /// <summary>The exits of all of HyperOS's machines.</summary>
    public double ExitCount => All(@"vm [\w-]+: exits: (.*)$").Sum(line => ExitsIn(line).Sum(kind => kind.Count));

    /// <summary>What a machine's line of its exits holds, by kind.</summary>
    public static IEnumerable<(string Kind, double Count)> ExitsIn(string line) =>
        line.Split(", ").Select(kind => (kind[..kind.LastIndexOf(' ')], double.Parse(kind[kind.LastIndexOf(' ')..], CultureInfo.InvariantCulture)));

    /// <summary>What guests print: names with ticks of the time-stamp counter, in the order of the log.</summary>
    public IEnumerable<(string Name, double Ticks)> Printed => PrintedTicks().Matches(Log).Select(line =>
        (line.Groups["name"].Value, (double)long.Parse(line.Groups["ticks"].Value, NumberStyles.HexNumber, CultureInfo.InvariantCulture)));

    /// <summary>The first of what guests print that has a name.</summary>
    /// <exception cref="BenchException">There is none.</exception>
    public double Ticks(string name) => Printed.FirstOrDefault(line => line.Name == name) is { Name: not null, Ticks: var ticks }
        ? ticks
        : throw new BenchException($"no guest has told its {name}:\n{Tail}");

    /// <summary>The first group of a pattern's first match.</summary>
    public string Find(string pattern) =>
        Regex.Match(Log, pattern, RegexOptions.Multiline) is { Success: true } match
            ? match.Groups[1].Value
            : throw new BenchException($"the log has no line like {pattern}:\n{Tail}");

    private string Tail => string.Join('\n', Log.Split('\n').TakeLast(8));

    [GeneratedRegex(@"^\[(?<seconds>\d+\.\d{6})\] (?<text>.*)$", RegexOptions.Multiline)]
    private static partial Regex LogLine();

    // HyperOS and Xen say whose line it is.
    [GeneratedRegex(@"^(?:\w+\| |\(d\d+\) )?(?<name>[a-z]+) (?<ticks>[0-9a-f]{16})$", RegexOptions.Multiline)]
    private static partial Regex PrintedTicks();
}

/// <summary>A figure cannot be had; the message says why.</summary>
internal sealed class BenchException(string message) : Exception(message);
