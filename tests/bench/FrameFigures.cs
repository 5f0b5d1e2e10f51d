using System.Globalization;

namespace HyperOS.Bench;

/// <summary>Frames between two guests that do next to nothing else: tests/bench/guests/frames.asm.</summary>
internal static class FrameFigures
{
    private const int Batches = 1_000, Batch = 32;

    public static IEnumerable<Figure> Measure()
    {
        Run once = Boot(Batches), twice = Boot(2 * Batches);
        double outside = twice.Duration!.Value - once.Duration!.Value, inside = twice.ExitCode - once.ExitCode, frames = Batches * Batch;
        Operation.Agree("frames", outside, inside, 0);
        yield return new Figure("network: frame of 1,514 bytes, 32 at a time", inside / frames, 1_500, "instructions") { Exits = (twice.ExitCount - once.ExitCount) / frames };
    }

    private static Run Boot(int batches)
    {
        Run run = Emulator.Run($"{Workshop.HostMegabytes}M", "-kernel", Workshop.Kernel, "-append", "exits=1", "-initrd", Workshop.Frames(batches));
        double arrived = run.Ticks("frames");
        return arrived == batches * Batch ? run : throw new BenchException(string.Create(CultureInfo.InvariantCulture, $"of {batches * Batch} frames {arrived} have arrived"));
    }
}
