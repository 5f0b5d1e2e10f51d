namespace HyperOS.Tests.Boot;

/// <summary>The trace of exits, and what exits cost: counted always, recorded where that is switched on, explained by the symboliser.</summary>
public class TraceTests
{
    [Fact]
    public async Task A_stopped_machines_exits_are_written_out_and_explained()
    {
        await using Machine machine = Machine.Start(VmTests.Hello with { CommandLine = "trace=2 exits=1" });
        Assert.Matches("vm hello: exits: .*port [1-9]", await machine.WaitForLine("vm hello: exits: "));
        Assert.Matches("vm hello: cycles: .*port [1-9][0-9]{3,}", await machine.WaitForLine("vm hello: cycles: "));
        Assert.Matches("trace hello: .* cpu 0, vcpu 0: host [0-9]+, guest [0-9]+ cycles, Port VMEXIT_IOIO at 0x", await machine.WaitForLine("Port VMEXIT_IOIO"));
    }

    [Fact]
    public async Task The_hosts_prompt_switches_the_trace_and_writes_it_out()
    {
        await using Machine machine = Machine.Start(VmTests.HelloAndHalt);
        await machine.WaitForLine("vm hello: stopped");
        await PowerTests.Ask(machine, "dump");
        await PowerTests.Ask(machine, "trace");
        await machine.WaitForLine("trace: on");
        Assert.DoesNotContain("trace h", machine.Log, StringComparison.Ordinal);
        await PowerTests.Ask(machine, "trace");
        await machine.WaitForLine("trace: off");
    }
}
