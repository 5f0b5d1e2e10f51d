namespace HyperOS.Tests.Boot;

/// <summary>Guests that check their machine: on a machine of their own, which proves the checks, and as guests, which proves the host.</summary>
public class GuestCheckTests
{
    private static readonly string[] s_guests = ["interrupts", "memory", "mmio", "strings", "policy", "debug"];

    public static TheoryData<string> Guests { get; } = [.. s_guests];

    [Theory]
    [MemberData(nameof(Guests))]
    public async Task They_pass_on_a_machine_of_their_own(string guest)
    {
        await using Machine machine = Machine.StartBare(guest);
        await machine.WaitForLine("checks done");
        Assert.DoesNotContain("FAIL ", machine.Log, StringComparison.Ordinal);
        Assert.Equal(Machine.ExitPort(0), await machine.WaitForExit());
    }

    [Theory]
    [MemberData(nameof(Guests))]
    public async Task They_pass_as_guests(string guest)
    {
        await using Machine machine = Machine.Start(TestVms.Options(new TestVm(guest)));
        Assert.EndsWith("stopped: exit code 0", await machine.WaitForLine($"vm {guest}: stopped: "), StringComparison.Ordinal);
        Assert.Contains($"{guest}| checks done", machine.Log, StringComparison.Ordinal);
    }

    /// <summary>Not bare: QEMU's processor itself takes NMIs in the shadow of MOV SS.</summary>
    [Fact]
    public async Task NMIs_come_at_the_first_boundary_that_can_take_them()
    {
        await using Machine machine = Machine.Start(TestVms.Options(new TestVm("nmi") { Memory = "256MiB" }));
        Assert.EndsWith("stopped: exit code 0", await machine.WaitForLine("vm nmi: stopped: "), StringComparison.Ordinal);
    }

    /// <summary>No emulator speculates: this shows that the hooks of the world switch leave the guest's registers alone.</summary>
    [Theory]
    [InlineData("off", 0)]
    [InlineData("all", 0x9C4)]
    public async Task They_pass_with_every_mitigation_and_with_none(string mitigations, int hooks)
    {
        TestVm[] guests = [new TestVm("interrupts"), new TestVm("strings")];
        await using Machine machine = Machine.Start(TestVms.Options("poweroff", guests) with { CommandLine = $"mitigations={mitigations}" });
        await machine.WaitForLine("all machines have stopped: power off");
        Assert.Contains($"speculation: hooks 0x{hooks:x}", machine.Log, StringComparison.Ordinal);
        foreach (TestVm guest in guests)
            Assert.Contains($"vm {guest.Name}: stopped: exit code 0\n", machine.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task They_pass_side_by_side()
    {
        TestVm[] guests = [.. s_guests.Select(guest => new TestVm(guest))];
        await using Machine machine = Machine.Start(TestVms.Options("poweroff", guests) with { Processors = 2 });
        await machine.WaitForLine("all machines have stopped: power off");
        foreach (TestVm guest in guests)
            Assert.Contains($"vm {guest.Name}: stopped: exit code 0\n", machine.Log, StringComparison.Ordinal);
        Assert.Equal(0, await machine.WaitForExit());
    }
}
