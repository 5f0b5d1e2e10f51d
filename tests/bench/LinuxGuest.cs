using System.Globalization;

namespace HyperOS.Bench;

/// <summary>Something that a Linux guest measures.</summary>
/// <param name="Name">As the table names it.</param>
/// <param name="Word">By which the guest tells the ticks that it took.</param>
/// <param name="Repetitions">Of it for each round.</param>
/// <param name="Goal">Instructions at most; null where none is set.</param>
internal sealed record LinuxOperation(string Name, string Word, int Repetitions, double? Goal);

/// <summary>A stock Linux guest whose /init measures operations: tests/bench/guests/NAME.asm.</summary>
/// <param name="Init">Its name.</param>
/// <param name="HasDrivers">Whether its initial file system has those of PCI devices.</param>
/// <param name="Preparation">By which it tells the ticks between /init and the first of them, where they vary; null where they do not.</param>
/// <param name="Operations">What it measures.</param>
internal sealed record LinuxGuest(string Init, bool HasDrivers, string? Preparation, params LinuxOperation[] Operations)
{
    /// <summary>Its argument in the short run; the long one has twice as many.</summary>
    public const int Rounds = 256;

    /// <summary>The name of the table's row for the time from power-on to the first instruction of /init, in million.</summary>
    public const string PowerOnToInit = "Linux: power-on to init";

    /// <summary>By which the guest tells the time-stamp counter at /init.</summary>
    public const string PowerOn = "ticks";

    /// <summary>What programs make Linux do.</summary>
    public static readonly LinuxGuest Programs = new("init", false, null,
        new LinuxOperation("Linux: first touch of a 4 KiB page", "touch", 32, 3_720),
        new LinuxOperation("Linux: clock_gettime", "clock", 1024, 100),
        new LinuxOperation("Linux: vfork and exec", "exec", 1, 440_000));

    /// <summary>Its disk of <see cref="DiskMegabytes"/>.</summary>
    public static readonly LinuxGuest Disk = new("disk", true, null,
        new LinuxOperation("disk: 64 KiB sequential read, O_DIRECT", "large", 4, 20_000),
        new LinuxOperation("disk: 4 KiB random read, O_DIRECT", "small", 8, 12_000));

    /// <summary>The client of two of them, which sends over TCP; the server is one without a number.</summary>
    public static readonly LinuxGuest Tcp = new("tcp", true, "connected", new LinuxOperation("network: 64 KiB by TCP, guest to guest", "tcp", 1, null));

    public const int DiskMegabytes = 64;

    /// <summary>The kernel's command line.</summary>
    public static string CommandLine(int rounds) => string.Create(CultureInfo.InvariantCulture, $"{Workshop.LinuxCommandLine} {rounds}");

    /// <summary>The operations' costs, by name, out of what the guest has told in the short and in the long run.</summary>
    /// <param name="what">Has run it.</param>
    /// <param name="once">Ticks by word, of the short run.</param>
    /// <param name="twice">Of the long one.</param>
    /// <param name="outside">Nanoseconds that the long run took longer, by the emulator's clock; null where that is not known.</param>
    /// <param name="least">Nanoseconds of difference that are always accepted.</param>
    /// <exception cref="BenchException">The emulator's clock does not agree.</exception>
    public Dictionary<string, double> Costs(string what, Func<string, double> once, Func<string, double> twice, double? outside, double least = 0)
    {
        // No two starts take the same time.
        double inside = twice(PowerOn) - once(PowerOn) + Operations.Sum(operation => twice(operation.Word) - once(operation.Word));
        if (Preparation is not null)
            inside += twice(Preparation) - once(Preparation);
        if (outside is not null)
            Operation.Agree($"Linux's {Init}, {what}", outside.Value, inside, least);
        return Operations.ToDictionary(operation => operation.Name, operation => (twice(operation.Word) - once(operation.Word)) / (Rounds * operation.Repetitions));
    }
}
