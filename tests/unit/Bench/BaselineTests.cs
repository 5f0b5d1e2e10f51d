using System.Text.Json;
using HyperOS.Bench;
using HyperOS.Tests.Unit.Safety;

namespace HyperOS.Tests.Unit.Bench;

/// <summary>What `make bench` compares with what is committed.</summary>
public class BaselineTests
{
    private static readonly Baseline s_committed = Of(new Figure("cpuid", 400, null, "instructions") { Exits = 1 }, new Figure("boot", 1_400, null, "million"));

    [Theory]
    [InlineData(400)]
    [InlineData(408)]
    [InlineData(100)]
    public void Growth_of_2_percent_and_any_gain_are_accepted(double cpuid) =>
        Assert.Empty(s_committed.Regressions(Of(new Figure("cpuid", cpuid, null, "instructions") { Exits = 1 })));

    [Fact]
    public void Growth_over_2_percent_is_named_with_both_values()
    {
        Baseline now = Of(new Figure("cpuid", 409, null, "instructions") { Exits = 1 }, new Figure("boot", 1_429, null, "million"));
        Assert.Equal(["regression: boot, million: 1,400.0 -> 1,429.0", "regression: cpuid, instructions: 400.0 -> 409.0"], s_committed.Regressions(now));
    }

    [Fact]
    public void Another_exit_is_a_regression() =>
        Assert.Equal(["regression: cpuid, exits: 1.0 -> 2.0"], s_committed.Regressions(Of(new Figure("cpuid", 400, null, "instructions") { Exits = 2 })));

    [Fact]
    public void Small_figures_may_move_by_a_step_and_new_ones_are_no_regression()
    {
        Baseline committed = Of(new Figure("start", 0.3, null, "ms"));
        Assert.Empty(committed.Regressions(Of(new Figure("start", 0.4, null, "ms"), new Figure("another", 9, null, "ms"))));
        Assert.Single(committed.Regressions(Of(new Figure("start", 0.5, null, "ms"))));
    }

    // So that no figure loses its check by a new name.
    [Fact]
    public void A_figure_that_is_missing_is_named() =>
        Assert.Equal(["missing: boot, million"], s_committed.Missing(Of(new Figure("cpuid", 400, null, "instructions") { Exits = 1 })));

    [Fact]
    public void The_committed_file_names_its_emulator_and_each_operation_with_its_exits()
    {
        string path = Repository.PathOf("tests/bench/baseline.json");
        Baseline baseline = JsonSerializer.Deserialize<Baseline>(File.ReadAllText(path))!;
        Assert.StartsWith("QEMU emulator version", baseline.Emulator);
        Assert.All(baseline.Figures.Keys.Where(name => name.EndsWith(", exits")), name => Assert.Contains($"{name[..^", exits".Length]}, instructions", baseline.Figures.Keys));
    }

    private static Baseline Of(params Figure[] figures) => Baseline.Of("QEMU", figures);
}
