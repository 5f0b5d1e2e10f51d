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

    /// <summary>Linux's kernel, relative to out/, if it is not that of `make run`.</summary>
    public string? Kernel { get; init; }

    /// <summary>Linux's initramfs, relative to out/, if it is not that of `make run`.</summary>
    public string? Initrd { get; init; }

    /// <summary>Its disks, as the VM file has them between braces.</summary>
    public string[] Disks { get; init; } = [];

    /// <summary>Devices beside the exit port.</summary>
    public string[] Devices { get; init; } = [];

    /// <summary>Further keys, as in a VM file.</summary>
    public string More { get; init; } = "autostart: true";

    /// <summary>NICs as in a VM file.</summary>
    public string Nics { get; init; } = "";

    public string Text => $$"""
          - name: {{Name}}
            cpu: { count: {{Cpus}}, {{Share}} }
            memory: {{Memory}}
            boot: { {{(IsLinux ? $"kernel: {Kernel ?? Workspace.LinuxKernel}, initrd: {Initrd ?? Workspace.LinuxInitrd}" : $"kernel: guests/{Guest ?? Name}.elf")}}, cmdline: "{{CommandLine}}" }
            console: host
            devices: [ {{string.Join(", ", ["testExit", .. Devices])}} ]
            nics: [ {{Nics}} ]
            disks: [ {{string.Join(", ", Disks.Select(disk => $"{{ {disk} }}"))}} ]
            {{More}}
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

    /// <summary>
    /// The same kernel as a station of the network `lan`: tests/guests/network.sh. VMs with stations are given to <see cref="OnNetwork"/>.
    /// </summary>
    /// <param name="name">The VM's.</param>
    /// <param name="host">The last byte of its address in 10.0.0.0/24.</param>
    /// <param name="role">What it does there.</param>
    /// <param name="peer">The last byte of another's address.</param>
    /// <param name="portGroup">Its port's.</param>
    /// <param name="network">Its port's.</param>
    public static TestVm Station(string name, int host, string role, int peer, string portGroup = "web", string network = "lan") =>
        Station(name, $"role={role} address=10.0.0.{host} peer=10.0.0.{peer}") with
        {
            Nics = $"{{ name: eth0, network: {network}, portGroup: {portGroup} }}",
        };

    /// <summary>A station of `lan` that asks for its address by DHCP.</summary>
    /// <param name="name">The VM's.</param>
    /// <param name="outside">Address and port of an <see cref="OutsideServer"/>.</param>
    public static TestVm Caller(string name, string outside) => Station(name, $"role=caller ip=dhcp outside={outside}");

    private static TestVm Station(string name, string options) => new(name)
    {
        IsLinux = true,
        Memory = "128MiB",
        Cpus = 2,
        CommandLine = $"console=ttyS0 panic=-1 quiet ipv6.disable=1 {options}",
        Initrd = Workspace.InitrdWithDrivers("network"),
        Nics = "{ name: eth0, network: lan, portGroup: web }",
    };

    /// <summary>Machines for VMs on a network that leads nowhere.</summary>
    /// <param name="portGroups">Those of `lan`, as in a VM file.</param>
    public static MachineOptions OnNetwork(string portGroups, params TestVm[] vms) =>
        OnNetworks($"{{ name: lan, uplinks: [ nic31 ], portGroups: [ {portGroups} ] }}", vms);

    /// <summary>Machines for VMs on networks.</summary>
    /// <param name="networks">As in a VM file.</param>
    public static MachineOptions OnNetworks(string networks, params TestVm[] vms) =>
        WithNetworks(networks, Options(vms)) with { Processors = 2, MemoryMiB = 256 + 160 * vms.Length };

    /// <summary>The same machine with networks.</summary>
    public static MachineOptions WithNetworks(string networks, MachineOptions options) => options with
    {
        Vms = options.Vms!.Replace("vms:\n", $"networks: [ {networks} ]\nvms:\n", StringComparison.Ordinal),
    };

    public static MachineOptions Options(params TestVm[] vms) => Options("stay", vms);

    /// <param name="onAllStopped">stay, poweroff or reboot.</param>
    public static MachineOptions Options(string onAllStopped, params TestVm[] vms) => new()
    {
        Guests = [.. vms.Where(vm => !vm.IsLinux).Select(vm => vm.Guest ?? vm.Name)],
        Vms = $"version: 1\nonAllStopped: {onAllStopped}\nvms:\n" + string.Concat(vms.Select(vm => vm.Text)),
    };
}
