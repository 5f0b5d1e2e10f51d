using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace HyperOS.Bench;

/// <summary>
/// QEMU without hardware acceleration, counting instructions: one of them takes one nanosecond of virtual time, on any machine. QEMU manual,
/// "TCG Instruction Counting"; QEMU QMP Reference Manual.
/// </summary>
internal static class Emulator
{
    private const string Program = "qemu-system-x86_64";

    // The ACPI power management timer of the emulated Q35, which runs by the virtual clock: 24 bits at 3.579545 MHz.
    private const ushort TimerPort = 0x608;
    private const double TimerPeriod = 1e9 / 3_579_545, TimerWrap = (1 << 24) * TimerPeriod;

    // Peers measure everything in one run.
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(30);

    private static readonly string[] s_machine =
    [
        "-machine", "q35", "-accel", "tcg", "-icount", "shift=0,sleep=off", "-cpu", "EPYC", "-smp", "1",
        "-display", "none", "-nic", "none", "-rtc", "base=2000-01-01,clock=vm", "-action", "shutdown=pause,reboot=shutdown,panic=pause",
    ];

    /// <summary>A device by which a machine asks for the time of a moment: a panic to QEMU, which then waits.</summary>
    public static readonly string[] Marker = ["-device", "pvpanic,ioport=0x505"];

    /// <summary>The emulator's version, as it tells it.</summary>
    public static string Version { get; } = FindVersion();

    /// <summary>All that figures depend on beside what a machine boots.</summary>
    public static string Description => $"{Version} {string.Join(' ', s_machine)}";

    /// <summary>Runs a machine until it powers off or resets, or, with a test exit port, until something is written there.</summary>
    /// <param name="memory">As QEMU takes it.</param>
    /// <param name="boot">What it boots, and what else it has.</param>
    public static Run Run(string memory, params string[] boot)
    {
        string serial = Path.GetTempFileName();
        try
        {
            using Process process = Start([
                .. s_machine, "-m", memory, "-serial", $"file:{serial}", "-qmp", "stdio", .. boot]);
            Task<string> errors = process.StandardError.ReadToEndAsync();
            using var limit = new Timer(_ => process.Kill(), null, s_limit, Timeout.InfiniteTimeSpan);
            List<double> marks = [];
            double? duration = Control(process, marks);
            process.WaitForExit();
            string log = File.ReadAllText(serial).Replace("\r", "", StringComparison.Ordinal);
            return log.Length != 0 ? new Run(log, duration, marks) : throw new BenchException($"{Program} {string.Join(' ', boot)}: {errors.Result}");
        }
        finally
        {
            File.Delete(serial);
        }
    }

    private static double? Control(Process process, List<double> marks)
    {
        bool isMark = false;
        Command(process, "qmp_capabilities");
        while (Next(process) is { } message)
        {
            switch (message["event"]?.GetValue<string>())
            {
                case "GUEST_PANICKED":
                    isMark = true;
                    break;
                case "STOP" when isMark:
                    isMark = false;
                    marks.Add(VirtualTime(process));
                    Command(process, "cont");
                    break;
                case "SHUTDOWN" when IsGuests(message):
                    double duration = VirtualTime(process);
                    Command(process, "quit");
                    return duration;
            }
        }
        return null;
    }

    private static bool IsGuests(JsonNode shutdown) => shutdown["data"]?["guest"]?.GetValue<bool>() == true;

    /// <summary>The timer gives the fraction, the real-time clock the whole seconds, from which follows how often the timer has wrapped.</summary>
    private static double VirtualTime(Process process)
    {
        string text = Ask(process, "human-monitor-command", new() { ["command-line"] = $"i /w 0x{TimerPort:x}" }).GetValue<string>();
        Match match = Regex.Match(text, "= 0x([0-9a-f]+)");
        double timer = (int.Parse(match.Groups[1].Value, NumberStyles.HexNumber, CultureInfo.InvariantCulture) & 0xFF_FFFF) * TimerPeriod;
        JsonNode clock = Ask(process, "qom-get", new() { ["path"] = "/machine", ["property"] = "rtc-time" });
        int seconds = (clock["tm_hour"]!.GetValue<int>() * 60 + clock["tm_min"]!.GetValue<int>()) * 60 + clock["tm_sec"]!.GetValue<int>();
        return timer + Math.Max(0, Math.Round((seconds * 1e9 + 0.5e9 - timer) / TimerWrap)) * TimerWrap;
    }

    private static JsonNode Ask(Process process, string command, JsonObject arguments)
    {
        Command(process, command, arguments);
        while (Next(process) is { } message)
        {
            if (message["return"] is { } result)
                return result;
            if (message["error"] is { } error)
                throw new BenchException($"{command}: {error}");
        }
        throw new BenchException($"{Program} has ended before it answered {command}");
    }

    private static void Command(Process process, string command, JsonObject? arguments = null)
    {
        process.StandardInput.WriteLine(new JsonObject { ["execute"] = command, ["arguments"] = arguments ?? [] }.ToJsonString());
        process.StandardInput.Flush();
    }

    private static JsonNode? Next(Process process) => process.StandardOutput.ReadLine() is { } line ? JsonNode.Parse(line) : null;

    private static string FindVersion()
    {
        using Process process = Start(["--version"]);
        return process.StandardOutput.ReadLine() ?? "unknown";
    }

    private static Process Start(IEnumerable<string> arguments)
    {
        ProcessStartInfo start = new(Program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        return Process.Start(start)!;
    }
}
