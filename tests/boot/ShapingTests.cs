using System.Globalization;
using System.Text.RegularExpressions;

namespace HyperOS.Tests.Boot;

/// <summary>
/// Limits of port groups, measured in bytes by the host's own counters and clock, while Linux guests flood each other: tests/guests/network.sh.
/// </summary>
public partial class ShapingTests
{
    private const int LongestFrame = 1514;

    /// <summary>How long a flood is watched, and from when on it is past its burst, by the host's clock.</summary>
    private const double Seconds = 6, PastBurst = 3;

    /// <summary>What passed one way of a port.</summary>
    private sealed record Flow(double Time, long Bytes, long Drops);

    /// <summary>A line of `ports` and the two that belong to it.</summary>
    private sealed record Port(Flow Sent, Flow Heard, long LimitDrops, long NoBuffer);

    [Fact]
    public async Task A_port_passes_its_rate_and_one_burst_both_ways_and_counts_each_frame_that_it_drops()
    {
        // What `slow` hears is limited twice: it is sent 250 kB/s, of which 125 kB/s pass once the burst is used up.
        const long fast = 250_000, slow = 125_000, fastBurst = 64 << 10, slowBurst = 128 << 10;
        await using Machine machine = Machine.Start(TestVms.OnNetwork(
            "{ name: fast, limit: 2Mbit, burst: 64KiB }, { name: slow, limit: 1Mbit, burst: 128KiB }",
            TestVms.Station("fast", 1, "flooder", 2, "fast"), TestVms.Station("slow", 2, "flooder", 1, "slow")) with
        {
            // Time passes by instructions alone, however little the emulator is let run.
            ExtraArguments = ["-icount", "shift=2,sleep=off"],
        });
        await machine.WaitForAll("fast| floods when told", "slow| floods when told");
        List<Dictionary<string, Port>> samples = [await Ports(machine)];
        foreach (string flooder in (string[])["fast", "slow"])
        {
            await PowerTests.Ask(machine, $"console {flooder}");
            await machine.WaitForLine($"what is typed goes to {flooder}");
            await machine.Type("\n");
        }
        double end = double.MaxValue;
        while (samples[^1]["slow"].Sent.Time < end)
        {
            samples.Add(await Ports(machine));
            if (end == double.MaxValue && samples[^1].Values.All(port => port.Sent.Bytes > 10 * LongestFrame))
                end = samples[^1]["slow"].Sent.Time + Seconds;
        }
        AssertShaped([.. samples.Select(sample => sample["fast"].Sent)], fast, fastBurst);
        AssertShaped([.. samples.Select(sample => sample["slow"].Sent)], slow, slowBurst);
        AssertShaped([.. samples.Select(sample => sample["slow"].Heard)], slow, slowBurst);
        // The sender's queue waits, and what is heard too fast is dropped.
        Assert.Equal(0, samples[^1]["fast"].Sent.Drops);
        Assert.Equal(0, samples[^1]["slow"].Sent.Drops);
        Assert.InRange(samples[^1]["slow"].LimitDrops, Seconds * slow / 2 / LongestFrame, double.MaxValue);
        Assert.InRange(samples[^1]["slow"].NoBuffer, 0, samples[^1]["slow"].LimitDrops / 10);
        // A port's queues have its rate by turns: what one has to send does not wait for the other's flood to end.
        Assert.DoesNotContain("NETDEV WATCHDOG", machine.Log, StringComparison.Ordinal);
    }

    /// <summary>What passed is never more than the bucket let in, and nearly all of that.</summary>
    private static void AssertShaped(Flow[] flow, long rate, long burst)
    {
        int begun = Array.FindIndex(flow, sample => sample.Bytes - flow[0].Bytes > 10 * LongestFrame);
        Flow idle = flow[begun - 1], first = flow[begun], steady = flow.First(sample => sample.Time >= first.Time + PastBurst), last = flow[^1];
        string figures = $"{idle}, {first}, {steady}, {last}";
        foreach (Flow sample in flow[begun..])
            Assert.True(sample.Bytes - idle.Bytes <= burst + rate * (sample.Time - idle.Time) + LongestFrame, $"more than the limit: {figures}");
        Assert.True(last.Bytes - idle.Bytes >= 0.95 * (burst + rate * (last.Time - first.Time)), $"less than limit and burst: {figures}");
        Assert.True(Math.Abs((last.Bytes - steady.Bytes) / (rate * (last.Time - steady.Time)) - 1) < 0.05, $"not the rate: {figures}");
    }

    /// <summary>What the host says of its ports, by the names of their machines.</summary>
    private static async Task<Dictionary<string, Port>> Ports(Machine machine)
    {
        Dictionary<string, Port> ports = [];
        await PowerTests.Ask(machine, "ports");
        foreach (string name in (string[])["fast", "slow"])
        {
            double time = double.Parse(Head().Match(await machine.WaitForLine($"lan: {name}, ")).Groups[1].ValueSpan, CultureInfo.InvariantCulture);
            Match sent = SentLine().Match(await machine.WaitForLine("  sent ")), heard = HeardLine().Match(await machine.WaitForLine("  meant for it "));
            long sentDrops = Dropped(sent, null), heardDrops = Dropped(heard, null);
            Assert.Equal(Number(sent, "frames"), Number(sent, "forwarded") + sentDrops);
            // The rest is on its way.
            Assert.InRange(Number(heard, "meant") - Number(heard, "frames") - heardDrops, 0, 64);
            ports.Add(name, new Port(
                new Flow(time, Number(sent, "bytes"), sentDrops), new Flow(time, Number(heard, "bytes"), heardDrops),
                Dropped(heard, "receive limit"), Dropped(heard, "no buffer")));
        }
        return ports;
    }

    private static long Number(Match line, string what) => long.Parse(line.Groups[what].ValueSpan, CultureInfo.InvariantCulture);

    /// <summary>What was dropped for a reason, or for any.</summary>
    private static long Dropped(Match line, string? reason) => DropEntry().Matches(line.Groups["drops"].Value)
        .Where(drop => reason is null || drop.Groups[2].Value == reason).Sum(drop => long.Parse(drop.Groups[1].ValueSpan, CultureInfo.InvariantCulture));

    [GeneratedRegex(@", at ([0-9.]+) s")]
    private static partial Regex Head();

    [GeneratedRegex(@"sent (?<frames>\d+) frames, (?<bytes>\d+) bytes: forwarded (?<forwarded>\d+)(?:, dropped (?<drops>.*))?$")]
    private static partial Regex SentLine();

    [GeneratedRegex(@"meant for it (?<meant>\d+): delivered (?<frames>\d+) frames, (?<bytes>\d+) bytes(?:, dropped (?<drops>.*))?$")]
    private static partial Regex HeardLine();

    [GeneratedRegex(@"(\d+) ([A-Za-z -]+)")]
    private static partial Regex DropEntry();
}
