using System.Text;
using HyperOS.Abi;

namespace HyperOS.Tests.Unit.Abi;

public class HostCommandTests
{
    [Theory]
    [InlineData("help", HostVerb.Help, "", 0)]
    [InlineData("  list  ", HostVerb.List, "", 0)]
    [InlineData("console web", HostVerb.Console, "web", 0)]
    [InlineData("start web", HostVerb.Start, "web", 0)]
    [InlineData("shutdown web", HostVerb.Shutdown, "web", 0)]
    [InlineData("stop web", HostVerb.Stop, "web", 0)]
    [InlineData("pause  web", HostVerb.Pause, "web", 0)]
    [InlineData("resume web", HostVerb.Resume, "web", 0)]
    [InlineData("balloon web", HostVerb.Balloon, "web", 0)]
    [InlineData("kill management", HostVerb.Kill, "management", 0)]
    [InlineData("balloon web 128MiB", HostVerb.Balloon, "web", 128ul << 20)]
    [InlineData("balloon web 4KiB", HostVerb.Balloon, "web", 4096)]
    [InlineData("balloon web 2GiB", HostVerb.Balloon, "web", 2ul << 30)]
    [InlineData("ports", HostVerb.Ports, "", 0)]
    [InlineData("trace", HostVerb.Trace, "", 0)]
    [InlineData("dump", HostVerb.Dump, "", 0)]
    [InlineData("reboot", HostVerb.Reboot, "", 0)]
    [InlineData("poweroff", HostVerb.PowerOff, "", 0)]
    public void A_line_is_a_verb_and_what_it_takes(string line, HostVerb verb, string name, ulong bytes)
    {
        Assert.Equal(HostCommandStatus.Read, HostCommand.Read(Encoding.UTF8.GetBytes(line), out HostCommand command, out _));
        Assert.Equal((verb, name, bytes), (command.Verb, Encoding.UTF8.GetString(command.Name), command.Bytes));
    }

    [Theory]
    [InlineData("", HostCommandStatus.Empty, "")]
    [InlineData("   ", HostCommandStatus.Empty, "")]
    [InlineData("lst", HostCommandStatus.UnknownWord, "lst")]
    [InlineData("List", HostCommandStatus.UnknownWord, "List")]
    [InlineData("stop", HostCommandStatus.NoName, "stop")]
    [InlineData("list web", HostCommandStatus.Surplus, "web")]
    [InlineData("stop web now", HostCommandStatus.Surplus, "now")]
    [InlineData("balloon web 128", HostCommandStatus.BadSize, "128")]
    [InlineData("balloon web MiB", HostCommandStatus.BadSize, "MiB")]
    [InlineData("balloon web 0MiB", HostCommandStatus.BadSize, "0MiB")]
    [InlineData("balloon web 1mib", HostCommandStatus.BadSize, "1mib")]
    [InlineData("balloon web 18446744073709551616KiB", HostCommandStatus.BadSize, "18446744073709551616KiB")]
    [InlineData("balloon web 99999999999GiB", HostCommandStatus.BadSize, "99999999999GiB")]
    [InlineData("balloon web 1MiB 2MiB", HostCommandStatus.Surplus, "2MiB")]
    public void What_is_wrong_is_named(string line, HostCommandStatus status, string word)
    {
        Assert.Equal(status, HostCommand.Read(Encoding.UTF8.GetBytes(line), out _, out ReadOnlySpan<byte> wrong));
        Assert.Equal(word, Encoding.UTF8.GetString(wrong));
        Assert.Equal(status == HostCommandStatus.Empty, HostCommand.Describe(status).IsEmpty);
    }

    [Fact]
    public void Every_outcome_of_a_request_but_success_has_words()
    {
        foreach (VmOperationStatus status in Enum.GetValues<VmOperationStatus>())
            Assert.Equal(status == VmOperationStatus.Taken, VmOperations.Describe(status).IsEmpty);
    }
}
