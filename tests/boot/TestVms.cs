namespace HyperOS.Tests.Boot;

/// <summary>A VM of a test: a purpose-built guest, unless <see cref="Boot"/> says otherwise, on the host's console and with the exit port.</summary>
/// <param name="Name">The VM's name, and the guest's.</param>
internal sealed record TestVm(string Name)
{
    public string CommandLine { get; init; } = "";

    public string Memory { get; init; } = "64MiB";

    public string Restart { get; init; } = "never";

    public int Cpus { get; init; } = 1;

    /// <summary>Of `cpu:` what comes after its count, such as "shares: 3000".</summary>
    public string Share { get; init; } = "shares: 1000";

    /// <summary>The guest, if it is not named as the VM.</summary>
    public string? Guest { get; init; }

    /// <summary>Whether the guest is the stock Linux of `make run`.</summary>
    public bool IsLinux { get; init; }

    /// <summary>Linux's initramfs, relative to out/, if it is not that of `make run`.</summary>
    public string? Initrd { get; init; }

    /// <summary>Devices beside the exit port.</summary>
    public string[] Devices { get; init; } = [];

    public string Text => $$"""
          - name: {{Name}}
            cpu: { count: {{Cpus}}, {{Share}} }
            memory: {{Memory}}
            boot: { {{(IsLinux ? $"kernel: {Workspace.LinuxKernel}, initrd: {Initrd ?? Workspace.LinuxInitrd}" : $"kernel: guests/{Guest ?? Name}.elf")}}, cmdline: "{{CommandLine}}" }
            console: host
            devices: [ {{string.Join(", ", ["testExit", .. Devices])}} ]
            autostart: true
            restart: {{Restart}}

        """;
}

/// <summary>Machines for the VMs of tests.</summary>
internal static class TestVms
{
    /// <summary>Debian's cloud kernel with a busybox shell.</summary>
    public static TestVm Linux { get; } = new("linux") { IsLinux = true, Memory = "256MiB", CommandLine = "console=ttyS0 panic=-1" };

    /// <summary>The same kernel at work for as long as it runs: tests/guests/steady.sh. What is typed there ends it.</summary>
    public static TestVm Steady => new("steady")
    {
        IsLinux = true,
        Memory = "128MiB",
        CommandLine = $"console=ttyS0 panic=-1 quiet steady={Workspace.BusyboxSha256}",
        Initrd = Workspace.Initrd("steady"),
    };

    public static MachineOptions Options(params TestVm[] vms) => Options("stay", vms);

    /// <param name="onAllStopped">stay, poweroff or reboot.</param>
    public static MachineOptions Options(string onAllStopped, params TestVm[] vms) => new()
    {
        Guests = [.. vms.Where(vm => !vm.IsLinux).Select(vm => vm.Guest ?? vm.Name)],
        Vms = $"version: 1\nonAllStopped: {onAllStopped}\nvms:\n" + string.Concat(vms.Select(vm => vm.Text)),
    };
}
