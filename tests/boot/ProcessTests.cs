using System.Diagnostics;
using System.Text.RegularExpressions;
using HyperOS.Core;
using HyperOS.Userworld;

namespace HyperOS.Tests.Boot;

/// <summary>Programs in ring 3: what they are told, what they may not do, how they end and start again, and that the host and its guests do not mind.</summary>
public sealed partial class ProcessTests
{
    private const string Greeting = "GREETING=hello world";

    [Theory]
    [InlineData(1, "EPYC")]
    [InlineData(2, "EPYC")]
    [InlineData(4, "max")]
    public async Task A_program_is_told_what_Linux_tells_it(int processors, string cpu)
    {
        string[] expected = await OnLinux(Workspace.UserProgram("conformance"), Greeting);
        await using Machine machine = Machine.Start(Options("conformance", "32MiB", arguments: "kernel") with { Processors = processors, Cpu = cpu });
        List<string> said = [];
        await foreach (string line in machine.Lines(TimeSpan.FromMinutes(2)))
        {
            if (LineOf("conformance").Match(line) is { Success: true } match)
                said.Add(match.Groups[1].Value);
            if (line.Contains("process conformance: ended", StringComparison.Ordinal))
            {
                Assert.Contains("exit code 0", line, StringComparison.Ordinal);
                break;
            }
        }
        Assert.Equal(expected, said.Where(line => !line.StartsWith("here: ", StringComparison.Ordinal)));
        Assert.Equal(
            [
                "here: map writable code: -13", "here: make code writable: -13", "here: map page 0: -1", "here: fork: -22", "here: socket: -38",
                "here: map a file: -19", "here: clone3: -38", "here: threads with a base in the kernel: 0",
            ],
            said.Where(line => line.StartsWith("here: ", StringComparison.Ordinal)));
        Assert.DoesNotContain("panic", machine.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_managed_program_runs_with_its_threads_collector_exceptions_and_timers()
    {
        string[] expected = await OnLinux(Workspace.ManagedProgram("managed"), Greeting);
        await using Machine machine = Machine.Start(Options("managed", "96MiB", settings: ManagedSettings) with { Processors = 2 });
        foreach (string line in expected)
            await machine.WaitForLine($"managed: {line}");
        Assert.Contains("exit code 42", await machine.WaitForLine("process managed: ended"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_process_that_is_killed_starts_again_and_guests_do_not_notice()
    {
        const int Kills = 50;
        MachineOptions options = TestVms.Options(TestVms.Steady);
        await using Machine machine = Machine.Start(options with
        {
            Processors = 2,
            Vms = options.Vms + Process("worker", "16MiB", "", ""),
        });
        Workspace.UserProgram("worker");
        await machine.WaitForAll("worker: at work", "steady| ");
        List<int> kernel = [];
        for (int i = 0; i < Kills; i++)
        {
            await machine.Type($"{Machine.HostKey}kill worker\n");
            await machine.WaitForLine("process worker: ended: killed");
            kernel.Add(int.Parse(KernelMemory().Match(await machine.WaitForLine("the kernel holds")).Groups[1].Value));
            await machine.WaitForLine("worker: at work");
        }
        // Page tables of the addresses that arenas and stacks take in turn: docs/memory-map.md.
        Assert.All(kernel, now => Assert.InRange(now, kernel[0], kernel[0] + 4 * (2 * Kills + 8)));
        Assert.DoesNotContain("vm steady: stopped", machine.Log, StringComparison.Ordinal);
        await machine.Type($"{Machine.HostKey}list\n");
        await machine.WaitForLine(new Regex("process worker +running"));
    }

    [Fact]
    public async Task A_process_that_ends_soon_starts_later_each_time()
    {
        await using Machine machine = Machine.Start(Options("worker", "16MiB", arguments: "end"));
        List<double> starts = [];
        for (int i = 0; i < 6; i++)
        {
            string line = await machine.WaitForLine("process worker: started");
            starts.Add(double.Parse(line[1..line.IndexOf(']')], System.Globalization.CultureInfo.InvariantCulture));
            Assert.Contains("exit code 7", await machine.WaitForLine("process worker: ended"), StringComparison.Ordinal);
        }
        double last = starts[^1] - starts[^2];
        Assert.True(last >= 0.16, $"{last} s between the last two starts");
    }

    [Theory]
    [InlineData("fault", "signal 11")]
    [InlineData("abort", "signal 6")]
    [InlineData("overflow", "signal 11")]
    [InlineData("memory", "signal 9")]
    [InlineData("handler", "signal 11")]
    [InlineData("restorer", "signal 11")]
    [InlineData("frame", "signal 11")]
    public async Task A_process_that_goes_wrong_ends_alone(string way, string end)
    {
        await using Machine machine = Machine.Start(Options("worker", "16MiB", arguments: way) with { Processors = 2 });
        Assert.Contains(end, await machine.WaitForLine("process worker: ended"), StringComparison.Ordinal);
        await machine.WaitForLine("process worker: started");
        Assert.DoesNotContain("panic", machine.Log, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(3, 4)]
    public async Task The_host_is_well_whatever_a_process_asks_for(int seed, int processors)
    {
        MachineOptions options = TestVms.Options(new TestVm("halt"));
        Workspace.UserProgram("asker");
        await using Machine machine = Machine.Start(options with
        {
            Processors = processors,
            Vms = options.Vms + Process("asker", "32MiB", $"{seed}, 15000", ""),
        });
        Assert.Contains("exit code 0", await machine.WaitForLine("process asker: ended"), StringComparison.Ordinal);
        await machine.Type($"{Machine.HostKey}list\n");
        await machine.WaitForLine(new Regex("halt +running"));
        Assert.DoesNotContain("fault: ", machine.Log, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(FaultPlace.SystemCall, 400, FaultKind.IndexOutOfRange, 1)]
    [InlineData(FaultPlace.SystemCall, 500, FaultKind.StackOverflow, 2)]
    [InlineData(FaultPlace.ProcessMemory, 900, FaultKind.NullReference, 2)]
    [InlineData(FaultPlace.ProcessMemory, 700, FaultKind.DivideByZero, 4)]
    [InlineData(FaultPlace.Signal, 1, FaultKind.Overflow, 2)]
    public async Task A_fault_while_a_process_is_served_ends_that_process_alone(FaultPlace place, int count, FaultKind kind, int processors)
    {
        MachineOptions options = TestVms.Options(new TestVm("worker"));
        Workspace.UserProgram("worker");
        await using Machine machine = Machine.Start(options with
        {
            Processors = processors,
            HasFaultPoints = true,
            CommandLine = $"panic=0 fault={(int)place}:{count}:{(int)kind}",
            Vms = options.Vms + Process("worker", "16MiB", place == FaultPlace.Signal ? "restorer" : "", ""),
        });
        await machine.WaitForLine("process worker: fault: ");
        await machine.WaitForLine("process worker: ended: a fault in the kernel");
        await machine.WaitForLine("process worker: started");
        await machine.WaitForLine("worker| round");
        await machine.WaitForLine("worker| round");
        Assert.DoesNotContain("worker| FAIL", machine.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("panic: ", machine.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_program_that_was_tampered_with_does_not_run()
    {
        await using Machine machine = Machine.Start(Options("worker", "16MiB") with { Tamper = bundle => bundle[^9] ^= 1 });
        await machine.WaitForLine("process worker: refused: its file is tampered with");
        Assert.DoesNotContain("process worker: started", machine.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_system_calls_of_the_kernel_suffice_on_Linux_too()
    {
        string numbers = string.Join(',', Enum.GetValues<SystemCall>().Select(call => $"{(ulong)call}"));
        string[] free = await OnLinux(Workspace.ManagedProgram("managed"), Greeting);
        string[] held = await OnLinux(Workspace.UserProgram("onlythese"), Greeting, numbers, Workspace.ManagedProgram("managed"));
        Assert.Equal(free, held);
    }

    /// <summary>What the runtime of a managed program is told, so that it reserves little: docs/userworld.md.</summary>
    private const string ManagedSettings =
        "DOTNET_GCRegionRange=10000000, DOTNET_GCHeapHardLimit=2000000, DOTNET_GCgen0size=400000, DOTNET_Thread_DefaultStackSize=40000, GLIBC_TUNABLES=glibc.malloc.arena_max=1";

    private static MachineOptions Options(string program, string memory, string arguments = "", string settings = "")
    {
        if (program != "managed")
            Workspace.UserProgram(program);
        return new MachineOptions { Vms = "version: 1\nvms: []\n" + Process(program, memory, arguments, settings) };
    }

    private static string Process(string program, string memory, string arguments, string settings) => $$"""
        processes:
          - name: {{program}}
            image: userworld/{{program}}
            memory: {{memory}}
            arguments: [ {{arguments}} ]
            environment: [ "{{Greeting}}", {{settings}} ]

        """;

    /// <summary>What a program says on this machine's Linux, a line each.</summary>
    private static async Task<string[]> OnLinux(string program, string setting, params string[] arguments)
    {
        ProcessStartInfo start = new(Workspace.Tool("timeout"), ["120", program, .. arguments]) { RedirectStandardOutput = true };
        string[] parts = setting.Split('=', 2);
        start.Environment[parts[0]] = parts[1];
        using Process process = System.Diagnostics.Process.Start(start)!;
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private static Regex LineOf(string process) => new($@"^\[[0-9. ]+\] {process}: (.*?)\r?$");

    [GeneratedRegex("the kernel holds ([0-9]+) KiB")]
    private static partial Regex KernelMemory();
}
