namespace HyperOS.Bench;

/// <summary>Stock Linux guests: to the first instruction of /init, what programs make them do, and their disks and networks.</summary>
internal static class LinuxFigures
{
    private static readonly Lazy<Run> s_once = new(() => Boot(LinuxGuest.Programs, LinuxGuest.Rounds));

    /// <summary>What has no peer.</summary>
    public static IEnumerable<Figure> Measure()
    {
        Run run = s_once.Value;
        yield return new Figure("Linux: start event to running", (run.TimeOf("vm bench: running") - run.TimeOf("vm bench: starting")) / 1e6, 15, "ms");
        yield return new Figure("Linux: the VM's memory beyond its RAM", double.Parse(run.Find(@"memory: (\d+) KiB beyond")), 256 + 32, "KiB");
    }

    /// <summary>What a guest measures, and, of what programs do, the time from power-on.</summary>
    public static IEnumerable<Figure> MeasureOperations(LinuxGuest guest)
    {
        bool isPrograms = guest == LinuxGuest.Programs;
        Run once = isPrograms ? s_once.Value : Boot(guest, LinuxGuest.Rounds), twice = Boot(guest, 2 * LinuxGuest.Rounds);
        Dictionary<string, double> costs = guest.Costs("HyperOS", once.Ticks, twice.Ticks, twice.Duration!.Value - once.Duration!.Value);
        foreach (LinuxOperation operation in guest.Operations)
        {
            // Those of all operations of a run together.
            double exits = (twice.ExitCount - once.ExitCount) / (LinuxGuest.Rounds * guest.Operations.Sum(each => each.Repetitions));
            yield return new Figure(operation.Name, costs[operation.Name], operation.Goal, "instructions") { Exits = isPrograms ? null : exits };
        }
        if (isPrograms)
            yield return new Figure(LinuxGuest.PowerOnToInit, once.Ticks(LinuxGuest.PowerOn) / 1e6, 1_420, "million");
    }

    private static Run Boot(LinuxGuest guest, int rounds) =>
        Emulator.Run($"{Workshop.HostMegabytes}M", "-kernel", Workshop.Kernel, "-append", "exits=1", "-initrd", Workshop.Linux(guest, rounds));
}
