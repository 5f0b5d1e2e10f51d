namespace HyperOS.Bench;

/// <summary>
/// The operations on Intel VT-x, in Bochs, whose time-stamp counter moves by one for each instruction that is executed, host's or guest's. Only the guest's
/// account is there.
/// </summary>
internal static class VtxFigures
{
    /// <summary>As tools/bochs names it.</summary>
    public const string Model = "corei7_skylake_x";

    // Bochs takes long to start, and what its start costs is not in the guest's account: a single short run.
    private const int Iterations = 4_000;

    public static Figure Measure(Operation operation)
    {
        string iso = Workshop.Machine(Workshop.Guest(operation.Guest), $"{Iterations}", iso: true);
        Run run = new(Workshop.Tool("tools/bochs", "-c", Model, iso).Replace("\r", "", StringComparison.Ordinal), null, []);
        return new Figure(operation.Name, run.ExitCode / Iterations - operation.Work, operation.Goal, "ticks");
    }
}
