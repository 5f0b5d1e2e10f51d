using System.Globalization;

namespace HyperOS.Bench;

/// <summary>
/// A hypervisor from Debian's packages. In one run of the emulated machine its /init, tests/bench/peers/NAME.init, starts one guest after another, and marks
/// the time when each begins and ends.
/// </summary>
/// <param name="name">Of its /init and its initial file system.</param>
/// <param name="platform">Which operations it has.</param>
/// <param name="images">Files that it boots, beside its initial file system.</param>
/// <param name="boot">The emulator's arguments to boot it with an initial file system.</param>
internal sealed class NestedPeer(string name, Platforms platform, string[] images, Func<string, string[]> boot) : Peer(name, platform)
{
    private const string Packages = "out/cache/peers", HostKernel = $"{Packages}/vmlinuz", Xen = $"{Packages}/xen";

    /// <summary>What the host's own work may blur, such as reading a guest's lines, in nanoseconds a run: a tick.</summary>
    private const double Blur = 4e6;

    /// <summary>The same for Linux, whose runs include that of QEMU or the toolstack from end to end.</summary>
    private const double LinuxBlur = 8e6;

    public static readonly NestedPeer Kvm = new("kvm", Platforms.Kvm, [HostKernel],
        initrd => ["-kernel", HostKernel, "-initrd", initrd, "-append", "console=ttyS0 panic=-1 quiet"]);

    /// <summary>Its guests' output is at the lowest level of its log. Idle, it would execute MWAIT with an extension that QEMU lacks.</summary>
    public static readonly NestedPeer XenPvh = new("xen", Platforms.Xen, [Xen, HostKernel],
        initrd => ["-kernel", Xen, "-append", "console=com1 com1=115200,8n1,0x3f8 dom0_mem=768M cpuidle=0 loglvl=warning guest_loglvl=all",
            "-initrd", $"{HostKernel} console=hvc0 panic=-1 quiet,{initrd}"]);

    protected override IEnumerable<string> Inputs => [.. images, $"{Packages}/{Name}.img", Init, .. Guests];

    protected override string Recipe => string.Join(' ', boot("initrd"));

    private string Init => $"tests/bench/peers/{Name}.init";

    // Xen's Linux guests would need drivers of its own.
    protected override IEnumerable<LinuxGuest> LinuxGuests => Platform == Platforms.Kvm ? [LinuxGuest.Programs, LinuxGuest.Disk, LinuxGuest.Tcp] : [LinuxGuest.Programs];

    private IEnumerable<(string Guest, string Argument)> Runs =>
    [
        .. Operations.SelectMany(operation => (int[])[operation.Iterations, 2 * operation.Iterations],
            (operation, iterations) => (operation.Guest, iterations.ToString(CultureInfo.InvariantCulture))),
        .. LinuxGuests.SelectMany(guest => (int[])[LinuxGuest.Rounds, 2 * LinuxGuest.Rounds], (guest, rounds) => (guest.Init, LinuxGuest.CommandLine(rounds))),
    ];

    protected override PeerResults Measure()
    {
        Run run = Emulator.Run($"{Workshop.HostMegabytes}M", [.. boot(Workshop.Overlaid(Name, $"{Packages}/{Name}.img", Init, Guests, Runs)), .. Emulator.Marker]);
        File.WriteAllText($"{Workshop.Folder}/{Name}.log", run.Log);
        // What the log says of each run, begun by its own line.
        string[] logs = $"\n{run.Log}".Split("\nrun ")[1..];
        if (logs.Length != Runs.Count() || run.Marks.Count != 2 * logs.Length)
        {
            throw new BenchException($"{Name}: {Runs.Count()} runs were wanted, {logs.Length} begun and {run.Marks.Count} times marked: "
                + $"see {Workshop.Folder}/{Name}.log");
        }
        GuestRun[] runs = [.. logs.Select((log, index) => new GuestRun(run with { Log = log }, run.Marks[2 * index + 1] - run.Marks[2 * index]))];

        Dictionary<string, double> costs = [], exits = [];
        foreach ((Operation operation, int index) in Operations.Select((operation, index) => (operation, index)))
        {
            GuestRun once = runs[2 * index], twice = runs[2 * index + 1];
            double inside = twice.Log.Ticks("ticks") - once.Log.Ticks("ticks");
            Accept(() =>
            {
                Operation.Agree($"{operation.Name}, {Name}", twice.Duration - once.Duration, inside, Blur);
                costs[operation.Name] = inside / operation.Iterations - operation.Work;
                if (once.Exits is { } before && twice.Exits is { } after)
                    exits[operation.Name] = (after - before) / operation.Iterations;
            });
        }
        foreach ((LinuxGuest guest, int index) in LinuxGuests.Select((guest, index) => (guest, 2 * Operations.Count() + 2 * index)))
        {
            GuestRun once = runs[index], twice = runs[index + 1];
            Accept(() =>
            {
                foreach ((string operation, double cost) in guest.Costs(Name, once.Log.Ticks, twice.Log.Ticks, twice.Duration - once.Duration, LinuxBlur))
                    costs[operation] = cost;
                if (guest == LinuxGuest.Programs)
                    costs[LinuxGuest.PowerOnToInit] = once.Log.Ticks(LinuxGuest.PowerOn) / 1e6;
            });
        }
        return new PeerResults(DateTime.UtcNow, costs, exits);
    }

    // A refused figure is left out: the others took minutes to measure.
    private static void Accept(Action take)
    {
        try
        {
            take();
        }
        catch (BenchException exception)
        {
            Console.Error.WriteLine($"bench: {exception.Message}");
        }
    }

    private sealed record GuestRun(Run Log, double Duration)
    {
        /// <summary>Counted by the hypervisor, if it does.</summary>
        public double? Exits => Log.Log.Contains("\nexits ", StringComparison.Ordinal) ? double.Parse(Log.Find(@"^exits (\d+)$"), CultureInfo.InvariantCulture) : null;
    }
}
