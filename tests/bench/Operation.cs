namespace HyperOS.Bench;

/// <summary>What runs guests, or is none and runs them itself.</summary>
[Flags]
internal enum Platforms
{
    Bare = 1,
    Kvm = 2,
    Xen = 4,
    All = Bare | Kvm | Xen,
}

/// <summary>Something that a batch guest repeats, so that what one of it costs can be measured from outside.</summary>
/// <param name="Name">As the table names it.</param>
/// <param name="Guest">The guest's source in tests/bench/guests.</param>
/// <param name="Iterations">Of the short run; the long one has twice as many.</param>
/// <param name="Goal">Instructions at most; null where none is set.</param>
/// <param name="Work">Instructions of each iteration that are the guest's own and no part of the operation.</param>
/// <param name="Peers">Where else it means something: a machine may lack the device.</param>
/// <param name="OnVtx">Whether it means something where the processor serves the local APIC itself.</param>
internal sealed record Operation(string Name, string Guest, int Iterations, double? Goal, int Work = 0, Platforms Peers = Platforms.All, bool OnVtx = true)
{
    /// <summary>The most by which the guest's account may differ from the emulator's.</summary>
    private const double Tolerance = 0.02;

    private const int MostAttempts = 3;

    public static readonly Operation[] All =
    [
        new("loop alone", "empty", 20_000_000, null, Peers: Platforms.Bare),
        new("cpuid", "cpuid", 40_000, 400),
        new("hypercall", "hypercall", 40_000, 400, Peers: Platforms.Kvm | Platforms.Xen),
        new("in, unclaimed port", "unclaimed", 40_000, 450),
        new("UART status read", "uart", 40_000, 550, Peers: Platforms.Bare | Platforms.Kvm),
        new("PIT counter read", "pit", 40_000, 550, Peers: Platforms.Bare | Platforms.Kvm),
        new("ELCR read", "elcr", 40_000, 550, Peers: Platforms.Bare | Platforms.Kvm),
        new("IOAPIC register read", "ioapic", 10_000, 1_500, Peers: Platforms.Bare | Platforms.Kvm),
        new("self-IPI through x2APIC, with EOI", "selfipi", 10_000, 2_500, Peers: Platforms.Kvm | Platforms.Xen),
        new("self-IPI, its EOI left out by KVM's word", "pveoi", 10_000, null, Peers: 0, OnVtx: false),
        new("timer armed and delivered", "timer", 10_000, 2_500, Work: 8_000, Peers: Platforms.Kvm | Platforms.Xen),
        new("first touch of a page, nested", "touch", 24_576, null),
    ];

    /// <summary>Measures it under HyperOS, again where an idle moment of the host's came at another time in one of the two runs.</summary>
    public Figure Measure()
    {
        for (int attempt = 1; attempt < MostAttempts; attempt++)
        {
            try
            {
                return MeasureOnce();
            }
            catch (BenchException)
            {
            }
        }
        return MeasureOnce();
    }

    private Figure MeasureOnce()
    {
        string guest = Workshop.Guest(Guest);
        Run once = Boot(guest, Iterations), twice = Boot(guest, 2 * Iterations);
        double outside = twice.Duration!.Value - once.Duration!.Value, inside = twice.ExitCode - once.ExitCode;
        Agree(Name, outside, inside, 100 * Tolerance * Iterations);
        double exits = twice.Exits.Sum(kind => kind.Count) - once.Exits.Sum(kind => kind.Count);
        return new Figure(Name, inside / Iterations - Work, Goal, "instructions") { Exits = exits / Iterations };
    }

    /// <summary>Refuses what guest and emulator do not agree on.</summary>
    /// <param name="what">Was measured.</param>
    /// <param name="outside">Instructions by the emulator's clock.</param>
    /// <param name="inside">Instructions by the guest's.</param>
    /// <param name="least">Instructions of difference that are always accepted.</param>
    /// <exception cref="BenchException">They do not agree.</exception>
    public static void Agree(string what, double outside, double inside, double least)
    {
        if (Math.Abs(outside - inside) > Math.Max(Tolerance * inside, least))
            throw new BenchException($"{what}: {outside:N0} instructions by the emulator's clock, {inside:N0} by the guest's");
    }

    private static Run Boot(string guest, int iterations) => Emulator.Run($"{Workshop.HostMegabytes}M",
        "-kernel", Workshop.Kernel, "-append", "exits=1", "-initrd", Workshop.Machine(guest, $"{iterations}"));
}
