namespace HyperOS.Tests.Boot;

/// <summary>The purpose-built guests on a machine of their own: they do what the tests of the host rely on.</summary>
public class GuestTests
{
    [Fact]
    public async Task Hello_prints_and_exits_with_zero()
    {
        await using Machine machine = Machine.StartBare("hello");
        await machine.WaitForLine("hello from guest");
        Assert.Equal(Machine.ExitPort(0), await machine.WaitForExit());
    }

    [Theory]
    [InlineData("b", 0x21)]
    [InlineData("w", 0x0222)]
    [InlineData("d", 0x0003_0023)]
    public async Task Exit_writes_its_code_in_the_width_asked_for(string width, uint code)
    {
        await using Machine machine = Machine.StartBare("exit", width);
        await machine.WaitForLine("exit port");
        Assert.Equal(Machine.ExitPort(code), await machine.WaitForExit());
    }

    [Theory]
    [InlineData("triple", "triple fault follows")]
    [InlineData("garbage", "garbage follows")]
    [InlineData("poweroff", "powering off")]
    public async Task A_guest_that_ends_itself_ends_the_machine(string guest, string line)
    {
        await using Machine machine = Machine.StartBare(guest);
        await machine.WaitForLine(line);
        Assert.Equal(0, await machine.WaitForExit());
    }

    [Fact]
    public async Task Halt_prints_and_runs_on_without_an_end()
    {
        await using Machine machine = Machine.StartBare("halt");
        await machine.WaitForLine("halted");
        Assert.True(machine.IsRunning);
    }

    [Fact]
    public async Task The_hosts_prompt_opens_behind_more_than_a_guest_takes_that_hears_nothing()
    {
        await using Machine machine = Machine.Start(TestVms.Options(new TestVm("halt")));
        await machine.WaitForLine("vm halt: running");
        await machine.Type($"{new string('x', 200)}{Machine.HostKey}stop halt\n");
        await machine.WaitForLine("vm halt: stopped: stop");
    }

    [Fact]
    public async Task Cpuid_prints_the_leaves()
    {
        await using Machine machine = Machine.StartBare("cpuid");
        string line = await machine.WaitForLine("cpuid 00000000: ");
        Assert.EndsWith("68747541 444d4163 69746e65", line, StringComparison.Ordinal);                // AuthenticAMD
        await machine.WaitForLine("cpuid 80000000: ");
        Assert.Equal(Machine.ExitPort(0), await machine.WaitForExit());
    }
}
