namespace HyperOS.Bench;

/// <summary>A stock Linux guest, to the first instruction of its /init.</summary>
internal static class LinuxFigures
{
    public static IEnumerable<Figure> Measure()
    {
        string initrd = Workshop.Initrd();
        Run run = Emulator.Run($"{Workshop.HostMegabytes}M", "-kernel", Workshop.Kernel, "-append", "exits=1",
            "-initrd", Workshop.Machine(Workshop.LinuxKernel, Workshop.LinuxCommandLine, initrd, hasConsole: true));
        Run bare = Emulator.Run($"{Workshop.GuestMegabytes}M", "-kernel", Workshop.LinuxKernel, "-initrd", initrd,
            "-append", Workshop.LinuxCommandLine, "-device", "isa-debug-exit,iobase=0xf4");
        double starting = run.TimeOf("vm bench: starting"), running = run.TimeOf("vm bench: running");
        yield return new Figure("Linux: start event to running", (running - starting) / 1e6, 15, "ms");
        yield return new Figure("Linux: power-on to init (bare: with firmware)", run.PrintedTicks / 1e6, 1_420, "million", bare.PrintedTicks / 1e6);
        yield return new Figure("Linux: the VM's memory beyond its RAM", double.Parse(run.Find(@"memory: (\d+) KiB beyond")), 256 + 32, "KiB");
        foreach (string exits in run.Find("exits: (.*)").Split(", "))
        {
            int space = exits.LastIndexOf(' ');
            yield return new Figure($"  exits: {exits[..space]}", double.Parse(exits[space..]), null, "");
        }
    }
}
