using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Xunit.Abstractions;

namespace HyperOS.Tests.Boot;

/// <summary>
/// Guests that attack their machine (tests/guests/hostile.asm) beside one that works. What may end is the attacker; the host's checks hold,
/// nothing is lost, and the other guest's work stays right.
/// <para>
/// A run's seed is drawn, and HYPEROS_HOSTILE_BASE sets it; HYPEROS_HOSTILE_ACCESSES sets how many accesses a run has. Each start of an
/// attacker prints the seed of its draws, which the kept log so has; HYPEROS_HOSTILE_SEED=SEED makes
/// <see cref="A_start_replays_from_its_seed"/> play it alone, with each draw from HYPEROS_HOSTILE_TRACE=N on printed before it is done.
/// </para>
/// </summary>
public partial class HostileGuestTests(ITestOutputHelper output)
{
    private const int Attackers = 40, DiskKiB = 64;

    /// <summary>What the attackers' disks keep beyond their runs, with their tables.</summary>
    private const int DisksMiB = Attackers * (DiskKiB + 16) / 1024 + 2;

    /// <summary>So many rounds of the working guest later, attackers that have said nothing hang in what they drew: another machine goes on.</summary>
    private const int SilentRounds = 15;

    /// <summary>Machines of a run that QEMU may end by an assertion of its own, which is no doing of the host's; another goes on then.</summary>
    private const int MostEmulatorEnds = 3;

    private int _emulatorEnds;

    /// <summary>A machine on which nobody says anything any more.</summary>
    private static readonly TimeSpan s_silence = TimeSpan.FromMinutes(10);

    /// <summary>Ends of an attacker that are its own doing, by its definition's restart policy or by the host's judgement.</summary>
    private static readonly string[] s_ends =
    [
        "power off", "reset", "triple fault", "exit code ",
        "killed: an instruction that cannot be emulated",
        "killed: an exit that nothing handles",
        // An emulator lets guests load control registers that a processor refuses with #GP.
        "killed: the processor refuses to run it",
    ];

    [Fact]
    public Task A_million_accesses_harm_nobody_else() => Attack(1_000_000);

    [Fact]
    [Trait("Set", "Long")]
    public Task Ten_million_accesses_harm_nobody_else() => Attack(10_000_000);

    [Fact]
    public async Task A_seed_draws_the_same_again()
    {
        const int draws = 0x180;
        string commandLine = $"seed={RandomSeed()} draws={draws:x} trace=1";
        TestVm[] twins = [.. new[] { "castor", "pollux" }.Select(name => Attacker(0, commandLine) with { Name = name, Restart = "never" })];
        await using Machine machine = Machine.Start(Options(twins));
        await machine.WaitForLine("all machines have stopped: power off");
        string[][] drawn = [.. twins.Select(twin => Drawn(machine.Log, twin.Name))];
        // How far they come may differ by what the clock does to them.
        int common = Math.Min(drawn[0].Length, drawn[1].Length);
        Assert.True(common > 3, commandLine);
        Assert.Equal(drawn[0][..common], drawn[1][..common]);
    }

    /// <summary>Replays HYPEROS_HOSTILE_SEED; without it a seed is drawn, and a few draws are enough.</summary>
    [Fact]
    public async Task A_start_replays_from_its_seed()
    {
        string? seed = Environment.GetEnvironmentVariable("HYPEROS_HOSTILE_SEED");
        string trace = Environment.GetEnvironmentVariable("HYPEROS_HOSTILE_TRACE") ?? "ffffffff";
        TestVm attacker = Attacker(0, $"seed={seed ?? RandomSeed()} draws={(seed is null ? 0x200 : 0x2000):x} trace={trace}") with { Restart = "never" };
        await using Machine machine = Machine.Start(Options(attacker) with { Processors = 1 });
        string line = await machine.WaitForLine("vm hostile-0: stopped: ");
        output.WriteLine(line);
        AssertEnd(line, machine);
        await machine.WaitForLine("all machines have stopped: power off");
    }

    /// <summary>Machines of attackers, one after the other, until they have done enough.</summary>
    private async Task Attack(long accesses)
    {
        if (Environment.GetEnvironmentVariable("HYPEROS_HOSTILE_ACCESSES") is { } wanted)
            accesses = long.Parse(wanted, CultureInfo.InvariantCulture);
        long done = 0;
        for (int round = 0; done < accesses; round++)
        {
            string seed = Environment.GetEnvironmentVariable("HYPEROS_HOSTILE_BASE") ?? RandomSeed();
            long now = await AttackMachine(seed, accesses - done);
            output.WriteLine($"base {seed}: {now} accesses");
            Assert.True(now > 0, $"no attacker came far: HYPEROS_HOSTILE_BASE={seed}");
            done += now;
        }
    }

    /// <returns>Accesses done: all that are wanted, or all that these attackers could do.</returns>
    private async Task<long> AttackMachine(string seed, long wanted)
    {
        TestVm[] attackers = [.. Enumerable.Range(0, Attackers).Select(i => Attacker(i, $"base={seed}{i:x2} draws=4000"))];
        await using Machine machine = Machine.Start(Options([TestVms.Steady, .. attackers]) with
        {
            MemoryMiB = 1024,
            Lifetime = TimeSpan.FromMinutes(50),
        });
        string free = await machine.WaitForLine("memory: kernel ");
        await machine.WaitForLine("hyperos: ready");
        Dictionary<string, Progress> progress = attackers.ToDictionary(vm => vm.Name, _ => new Progress());
        long total = 0;
        int running = attackers.Length, rounds = 0, roundsOfTheLast = 0;
        await foreach (string line in machine.Lines(s_silence))
        {
            if (ConsoleLine().Match(line) is { Success: true } said)
            {
                string text = said.Groups["text"].Value;
                if (progress.TryGetValue(said.Groups["vm"].Value, out Progress? attacker))
                {
                    total += attacker.Follow(text);
                    roundsOfTheLast = rounds;
                }
                else if (SteadyRounds().Match(text) is { Success: true } steady)
                {
                    rounds = int.Parse(steady.Groups[1].ValueSpan, CultureInfo.InvariantCulture);
                    await AskForMemory(machine, rounds);
                }
            }
            else if (HostLine().Match(line) is { Success: true } host && progress.ContainsKey(host.Groups["vm"].Value))
            {
                AssertEnd(line, machine);
                if (!IsRestarted(host.Groups["reason"].Value))
                    running--;
            }
            AssertHostSound(line, machine);
            if (running == 0 || total >= wanted || rounds - roundsOfTheLast > SilentRounds)
                break;
        }
        if (machine.Log.Contains("Bail out! ERROR:", StringComparison.Ordinal) || machine.EmulatorErrors.Contains("Bail out! ERROR:", StringComparison.Ordinal))
        {
            output.WriteLine($"base {seed}: QEMU failed: {machine.EmulatorErrors}");
            Assert.InRange(++_emulatorEnds, 1, MostEmulatorEnds);
            return Math.Max(total, 1);
        }
        Assert.True(machine.IsRunning, $"the machine ended, and QEMU says: {machine.EmulatorErrors}{machine.Tail()}");
        // The working guest goes on, was right all the time, and ends when it is told to.
        await machine.WaitForLine($"steady: {rounds + 1} rounds right");
        await machine.Type("\n");
        // The host prints what it has of a line that a guest under attack takes long for.
        await machine.WaitForLine(" 0 complaints");
        await machine.WaitForLine("vm steady: stopped: power off");
        Assert.DoesNotContain("steady: WRONG", machine.Log, StringComparison.Ordinal);
        if (running == 0)
        {
            await machine.WaitForLine("all machines have stopped: power off");
            AssertMemoryIsBack(machine.Log);
        }
        return total;
    }

    /// <summary>The host wants memory of an attacker's balloon, gives it back, and asks for its statistics, one after the other.</summary>
    private static Task AskForMemory(Machine machine, int round)
    {
        string attacker = $"hostile-{round / 3 % Attackers}";
        return PowerTests.Ask(machine, $"balloon {attacker}" + (round % 3) switch { 0 => " 4MiB", 1 => " 8MiB", _ => "" });
    }

    // With every device, in the order that tests/guests/hostile-pci.inc counts them in; two attackers share a VLAN.
    private static TestVm Attacker(int number, string commandLine) => new($"hostile-{number}")
    {
        Guest = "hostile",
        Memory = "8MiB",
        Restart = "onFailure",
        CommandLine = commandLine,
        Devices = ["rng", "console"],
        More = "balloon: true",
        Nics = $"{{ name: eth0, network: lan, portGroup: pair-{number / 2} }}",
        Disks = [$"name: data, size: {DiskKiB}KiB", $"name: fixed, size: {DiskKiB}KiB, readOnly: true"],
    };

    private static MachineOptions Options(params TestVm[] vms)
    {
        string pairs = string.Join(", ", Enumerable.Range(0, Attackers / 2).Select(pair => $"{{ name: pair-{pair}, vlan: {pair + 1} }}"));
        return TestVms.WithNetworks($"{{ name: lan, portGroups: [ {pairs} ] }}", TestVms.Options("poweroff", vms)) with { Processors = 2 };
    }

    private static string RandomSeed() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(6));

    private static bool IsRestarted(string reason) =>
        reason is "reset" or "triple fault" || reason.StartsWith("exit code ", StringComparison.Ordinal) && reason != "exit code 0";

    private static void AssertEnd(string line, Machine machine) =>
        Assert.True(s_ends.Any(end => line.Contains($"stopped: {end}", StringComparison.Ordinal)), $"{line}\n{machine.Tail()}");

    /// <summary>Containment is the net, not the plan: a check of the host that a guest made fail is a bug.</summary>
    private static void AssertHostSound(string line, Machine machine) =>
        Assert.False(HostTrouble().IsMatch(line), $"{line}{machine.Tail()}");

    /// <summary>
    /// What was free before the first start is free after the last end, but for the disks and the kernel's own tables of stacks and arenas, which stay
    /// as large as they were for the most machines. That each machine gave all its frames back is checked at each end.
    /// </summary>
    private static void AssertMemoryIsBack(string log)
    {
        int[] free = [.. FreeMemory().Matches(log).Select(match => int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture))];
        Assert.InRange(free[^1], free[0] - 4 - DisksMiB, free[0]);
    }

    /// <summary>The draws that an attacker printed, without where the console broke its lines.</summary>
    private static string[] Drawn(string log, string vm) =>
        [.. DrawLine().Matches(string.Concat(log.Split('\n').Where(line => line.StartsWith($"{vm}| ", StringComparison.Ordinal))
            .Select(line => line[(vm.Length + 2)..]))).Select(match => match.Value)];

    /// <summary>What an attacker has done, by what it prints: its console's lines may be broken anywhere.</summary>
    private sealed class Progress
    {
        private readonly StringBuilder _tail = new();
        private long _done;

        /// <returns>Accesses more than before.</returns>
        public long Follow(string text)
        {
            _tail.Append(text);
            string all = _tail.ToString();
            long more = 0;
            int taken = 0;
            foreach (Match match in DoneOrSeed().Matches(all))
            {
                long done = match.Groups[1].Success ? long.Parse(match.Groups[1].ValueSpan, NumberStyles.HexNumber, CultureInfo.InvariantCulture) : 0;
                more += Math.Max(0, done - _done);
                _done = done;
                taken = match.Index + match.Length;
            }
            _tail.Remove(0, Math.Max(taken, all.Length - 64));
            return more;
        }
    }

    [GeneratedRegex(@"^(?<vm>[a-z0-9-]+)\| (?<text>.*)$")]
    private static partial Regex ConsoleLine();

    [GeneratedRegex(@"^\[ *\d+\.\d+\] vm (?<vm>[a-z0-9-]+): stopped: (?<reason>.*)$")]
    private static partial Regex HostLine();

    [GeneratedRegex(@"^panic: |^\[ *\d+\.\d+\] fault: |were not given back")]
    private static partial Regex HostTrouble();

    [GeneratedRegex(@"steady: (\d+) rounds right")]
    private static partial Regex SteadyRounds();

    [GeneratedRegex("hostile: (?:([0-9a-f]{8}) [0-9a-f]{8}|seed [0-9a-f]{16})")]
    private static partial Regex DoneOrSeed();

    [GeneratedRegex("draw [0-9a-f]{8} [a-z]+ [0-9a-f]{8}(?: [0-9a-f]{16}){5}")]
    private static partial Regex DrawLine();

    [GeneratedRegex(@"memory: (?:\d+ MiB, )?(\d+) MiB free")]
    private static partial Regex FreeMemory();
}
