using System.Text.RegularExpressions;

namespace HyperOS.Bench;

/// <summary>Many tiny machines on one host: what each start, each machine and each idle second of one costs.</summary>
internal static class ScaleFigures
{
    private const int GuestMegabytes = 64;

    public static readonly int[] Counts = [1, 16, 64, 256];

    public static IEnumerable<Figure> Measure(int count)
    {
        Run second = Boot(count, 1_000), two = Boot(count, 2_000);
        double[] starting = Times(second, "starting"), running = Times(second, "running");
        double[] starts = [.. running.Zip(starting, (end, begin) => end - begin)];
        int tenth = Math.Max(1, count / 10);
        yield return new Figure(Name(count, "instructions to start one"), starts.Average(), null, "instructions");
        yield return new Figure(Name(count, "the same, the last tenth of them"), starts[^tenth..].Average(), null, "instructions");
        yield return new Figure(Name(count, "memory of one beyond its RAM"), second.All(@"memory: (\d+) KiB beyond").Average(double.Parse), 256 + 32, "KiB");
        yield return new Figure(Name(count, "exits of an idle one"), (two.ExitCount - second.ExitCount) / count, 0, "a second");
    }

    private static string Name(int count, string what) => count == 1 ? $"1 guest: {what}" : $"{count} guests: {what}";

    private static Run Boot(int count, int milliseconds)
    {
        Run run = Emulator.Run($"{Workshop.HostMegabytes + count * GuestMegabytes}M", "-kernel", Workshop.Kernel, "-append", "exits=1",
            "-initrd", Workshop.Machines(count, GuestMegabytes, Workshop.Guest("idle"), $"{milliseconds}"));
        int ended = Regex.Count(run.Log, "stopped: exit code 1$", RegexOptions.Multiline);
        return ended == count ? run : throw new BenchException($"of {count} guests {ended} have slept and ended");
    }

    // In nanoseconds, of each machine, in the order of the log.
    private static double[] Times(Run run, string state) => [.. run.All($@"^\[(\d+\.\d{{6}})\] vm bench-\d+: {state}").Select(time => double.Parse(time) * 1e9)];
}
