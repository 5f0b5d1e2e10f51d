using System.Globalization;

namespace HyperOS.Tests.Boot;

/// <summary>
/// What machines get of the processors when all want more than there is: their guests spin on every vCPU for the same time. QEMU counts
/// instructions, so that the machine that emulates has no say.
/// </summary>
public class SchedulingTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    public async Task Machines_get_by_their_shares(int processors, int cpus)
    {
        double[] times = await Spin(processors, Spinner("one", cpus, "shares: 1000"), Spinner("three", cpus, "shares: 3000"));
        Assert.InRange(times[1] / times[0], 3 * 0.95, 3 * 1.05);
    }

    [Fact]
    public async Task A_machine_with_many_processors_gets_no_more_than_its_share()
    {
        double[] times = await Spin(2, Spinner("small", 1, "shares: 1000"), Spinner("large", 8, "shares: 1000"));
        Assert.InRange(times[1] / times[0], 0.95, 1.05);
    }

    [Fact]
    public async Task Three_equal_machines_share_two_processors()
    {
        double[] times = await Spin(2, [.. new[] { "a", "b", "c" }.Select(name => Spinner(name, 1, "shares: 1000"))]);
        Assert.All(times, time => Assert.InRange(time / times.Average(), 0.95, 1.05));
    }

    [Theory]
    [InlineData(1, 25)]
    [InlineData(2, 150)]
    public async Task A_limit_holds(int cpus, int percent)
    {
        // What another machine pinned to a processor gets all the time, nobody else being there, tells how long that was.
        double[] times = await Spin(3, Spinner("limited", cpus, $"limit: {percent}%, pin: [ 0, 1 ]"), Spinner("pinned", 1, "pin: [ 2 ]"));
        Assert.InRange(times[0] / times[1] * 100, percent * 0.98, percent * 1.02);
    }

    [Fact]
    public async Task A_machine_pinned_to_a_processor_that_is_not_there_is_refused()
    {
        await using Machine machine = Machine.Start(TestVms.Options(Spinner("far", 1, "pin: [ 0, 5 ]")) with { Processors = 2 });
        await machine.WaitForLine("vm far: refused: it is pinned to a processor that this host does not have");
    }

    private static TestVm Spinner(string name, int cpus, string share) => new(name) { Guest = "spin", Memory = "16MiB", Cpus = cpus, Share = share };

    /// <returns>Microseconds of processor time that each machine got.</returns>
    private static async Task<double[]> Spin(int processors, params TestVm[] vms)
    {
        await using Machine machine = Machine.Start(TestVms.Options("poweroff", vms) with
        {
            Processors = processors,
            CommandLine = "exits=1",
            ExtraArguments = ["-icount", "shift=0,sleep=off"],
            WaitLimit = TimeSpan.FromMinutes(10),
        });
        await machine.WaitForLine("all machines have stopped: power off");
        return [.. vms.Select(vm => TimeOf(machine.Log, vm.Name))];
    }

    private static double TimeOf(string log, string name)
    {
        string before = $"vm {name}: processor time: ";
        string line = log[(log.IndexOf(before, StringComparison.Ordinal) + before.Length)..];
        return double.Parse(line[..line.IndexOf(' ', StringComparison.Ordinal)], CultureInfo.InvariantCulture);
    }
}
