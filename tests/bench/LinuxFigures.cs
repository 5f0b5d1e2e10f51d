namespace HyperOS.Bench;

/// <summary>A stock Linux guest: to the first instruction of its /init, and what programs make it do.</summary>
internal static class LinuxFigures
{
    private static readonly Lazy<Run> s_once = new(() => Boot(LinuxOperation.Rounds));

    /// <summary>What has no peer.</summary>
    public static IEnumerable<Figure> Measure()
    {
        Run run = s_once.Value;
        yield return new Figure("Linux: start event to running", (run.TimeOf("vm bench: running") - run.TimeOf("vm bench: starting")) / 1e6, 15, "ms");
        yield return new Figure("Linux: the VM's memory beyond its RAM", double.Parse(run.Find(@"memory: (\d+) KiB beyond")), 256 + 32, "KiB");
    }

    public static IEnumerable<Figure> MeasureOperations()
    {
        Run once = s_once.Value, twice = Boot(2 * LinuxOperation.Rounds);
        Dictionary<string, double> costs = LinuxOperation.Costs("HyperOS", once.Ticks, twice.Ticks, twice.Duration!.Value - once.Duration!.Value);
        foreach (LinuxOperation operation in LinuxOperation.All)
            yield return new Figure(operation.Name, costs[operation.Name], operation.Goal, "instructions");
        yield return new Figure(LinuxOperation.PowerOnToInit, costs[LinuxOperation.PowerOnToInit], 1_420, "million");
    }

    private static Run Boot(int rounds) => Emulator.Run($"{Workshop.HostMegabytes}M", "-kernel", Workshop.Kernel, "-append", "exits=1",
        "-initrd", Workshop.Machine(Workshop.LinuxKernel, LinuxOperation.CommandLine(rounds), Workshop.Initrd(), hasConsole: true));
}
