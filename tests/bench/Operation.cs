namespace HyperOS.Bench;

/// <summary>Something that a batch guest repeats, so that what one of it costs can be measured from outside.</summary>
/// <param name="Name">As the table names it.</param>
/// <param name="Guest">The guest's source in tests/bench/guests.</param>
/// <param name="Iterations">Of the short run; the long one has twice as many.</param>
/// <param name="Goal">Instructions at most; null where none is set.</param>
/// <param name="Work">Instructions of each iteration that are the guest's own and no part of the operation.</param>
/// <param name="RunsBare">Whether it means something without a hypervisor.</param>
internal sealed record Operation(string Name, string Guest, int Iterations, int? Goal, int Work = 0, bool RunsBare = true)
{
    /// <summary>The most by which the guest's account may differ from the emulator's.</summary>
    private const double Tolerance = 0.02;

    public static readonly Operation[] All =
    [
        new("loop alone", "empty", 100_000, null),
        new("cpuid", "cpuid", 40_000, 400),
        new("hypercall", "hypercall", 40_000, 400, RunsBare: false),
        new("in, unclaimed port", "unclaimed", 40_000, 450),
        new("UART status read", "uart", 40_000, 550),
        new("PIT counter read", "pit", 40_000, 550),
        new("ELCR read", "elcr", 40_000, 550),
        new("IOAPIC register read", "ioapic", 10_000, 1_500),
        new("self-IPI through x2APIC, with EOI", "selfipi", 10_000, 2_500, RunsBare: false),
        new("timer armed and delivered", "timer", 10_000, 2_500, Work: 8_000, RunsBare: false),
        new("first touch of a page, nested", "touch", 24_576, null),
    ];

    /// <summary>Measures it under HyperOS, and without.</summary>
    public Figure Measure()
    {
        string guest = Workshop.Guest(Guest);
        Run once = Boot(guest, Iterations), twice = Boot(guest, 2 * Iterations);
        double outside = (twice.Duration!.Value - once.Duration!.Value) / Iterations - Work;
        double inside = (twice.ExitCode - once.ExitCode) / Iterations - Work;
        if (Math.Abs(outside - inside) > Tolerance * Math.Max(inside + Work, 100))
            throw new BenchException($"{Name}: {outside:F1} instructions by the emulator's clock, {inside:F1} by the guest's");
        return new Figure(Name, outside, Goal, "instructions", RunsBare ? Bare(guest) : null);
    }

    private static Run Boot(string guest, int iterations) =>
        Emulator.Run($"{Workshop.HostMegabytes}M", "-kernel", Workshop.Kernel, "-initrd", Workshop.Machine(guest, $"{iterations}"));

    private double Bare(string guest) => (BareTicks(guest, 2 * Iterations) - BareTicks(guest, Iterations)) / Iterations - Work;

    private static double BareTicks(string guest, int iterations) => Emulator.Run(
        $"{Workshop.GuestMegabytes}M", "-kernel", guest, "-append", $"{iterations}", "-device", "isa-debug-exit,iobase=0xf4,iosize=4").PrintedTicks;
}
