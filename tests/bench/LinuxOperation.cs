using System.Globalization;

namespace HyperOS.Bench;

/// <summary>Something that programs make a Linux guest do: tests/bench/guests/init.asm.</summary>
/// <param name="Name">As the table names it.</param>
/// <param name="Word">By which the guest tells the ticks that it took.</param>
/// <param name="Repetitions">Of it for each round.</param>
/// <param name="Goal">Instructions at most.</param>
internal sealed record LinuxOperation(string Name, string Word, int Repetitions, double Goal)
{
    /// <summary>Its argument in the short run; the long one has twice as many.</summary>
    public const int Rounds = 256;

    /// <summary>The name of the table's row for the time from power-on to the first instruction of /init, in million.</summary>
    public const string PowerOnToInit = "Linux: power-on to init";

    /// <summary>By which the guest tells the time-stamp counter at /init.</summary>
    public const string PowerOn = "ticks";

    public static readonly LinuxOperation[] All =
    [
        new("Linux: first touch of a 4 KiB page", "touch", 32, 3_720),
        new("Linux: clock_gettime", "clock", 1024, 100),
        new("Linux: vfork and exec", "exec", 1, 440_000),
    ];

    public static string CommandLine(int rounds) => string.Create(CultureInfo.InvariantCulture, $"{Workshop.LinuxCommandLine} {rounds}");

    /// <summary>The operations' costs and the time from power-on, by name, out of what the guest has told in the short and in the long run.</summary>
    /// <param name="what">Has run it.</param>
    /// <param name="once">Ticks by word, of the short run.</param>
    /// <param name="twice">Of the long one.</param>
    /// <param name="outside">Nanoseconds that the long run took longer, by the emulator's clock; null where that is not known.</param>
    /// <param name="least">Nanoseconds of difference that are always accepted.</param>
    /// <exception cref="BenchException">The emulator's clock does not agree.</exception>
    public static Dictionary<string, double> Costs(string what, Func<string, double> once, Func<string, double> twice, double? outside, double least = 0)
    {
        Dictionary<string, double> costs = All.ToDictionary(
            operation => operation.Name, operation => (twice(operation.Word) - once(operation.Word)) / (Rounds * operation.Repetitions));
        // No two starts take the same time.
        double inside = twice(PowerOn) - once(PowerOn) + All.Sum(operation => twice(operation.Word) - once(operation.Word));
        if (outside is not null)
            Operation.Agree($"Linux, {what}", outside.Value, inside, least);
        costs[PowerOnToInit] = once(PowerOn) / 1e6;
        return costs;
    }
}
