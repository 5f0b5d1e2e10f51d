using System.Collections.Concurrent;
using System.Diagnostics;

namespace HyperOS.Bench;

/// <summary>Makes what machines boot out of tests/bench/guests and of what `make` has built. All of it lies in out/bench.</summary>
internal static class Workshop
{
    public const int GuestMegabytes = 256;
    public const int HostMegabytes = 2048;

    /// <summary>Guest kernel and its command line, for all systems the same.</summary>
    public const string LinuxKernel = "out/guest/vmlinuz", LinuxCommandLine = "console=ttyS0 quiet panic=-1";

    public const string Kernel = "out/hyperos.elf", Iso = "out/hyperos.iso";

    /// <summary>For all that is made here.</summary>
    public const string Folder = "out/bench";

    private const string Busybox = "out/cache/packages/busybox", Program = "out/cache/peers/true", ImageTool = "out/host/bin/ImageTool/release/imagetool.dll",
        Drivers = "out/guest/modules.img";

    // Peers are measured at the same time, so each file is made once.
    private static readonly ConcurrentDictionary<string, Lazy<string>> s_guests = new(), s_initrds = new();
    private static int s_machines;

    /// <summary>A batch guest: tests/bench/guests/NAME.asm.</summary>
    public static string Guest(string name) => s_guests.GetOrAdd(name, _ => new(() => Assemble(name))).Value;

    private static string Assemble(string name)
    {
        string path = $"{Folder}/{name}.elf";
        Directory.CreateDirectory(Folder);
        Tool("nasm", "-f", "bin", "-Wall", "-Werror", "-D", "DEBUG_CONSOLE=0xE9", "-I", "tests/bench/guests/", "-I", "tests/guests/", "-o", path, $"tests/bench/guests/{name}.asm");
        return path;
    }

    /// <summary>A Linux guest's initial file system: its /init, and the program that it starts.</summary>
    public static string Initrd(LinuxGuest guest) => s_initrds.GetOrAdd(guest.Init, _ => new(() => PackInitrd(guest))).Value;

    private static string PackInitrd(LinuxGuest guest)
    {
        string path = $"{Folder}/{guest.Init}.img";
        Tool("dotnet", ImageTool, "initramfs", "--program", Program, "--init", Guest(guest.Init), "--out", path);
        // One archive after another is one file system.
        if (guest.HasDrivers)
            File.WriteAllBytes(path, [.. File.ReadAllBytes(path), .. File.ReadAllBytes(Drivers)]);
        return path;
    }

    /// <summary>A bundle with a Linux guest of that argument, `bench`, with a disk or, beside its server, on a network where it wants one.</summary>
    public static string Linux(LinuxGuest guest, int rounds)
    {
        if (guest == LinuxGuest.Programs)
            return Machine(LinuxKernel, LinuxGuest.CommandLine(rounds), Initrd(guest), hasConsole: true);
        string name = $"{Folder}/{guest.Init}-{rounds}", file = $"{name}.yaml", path = $"{name}.bundle", boot = $"kernel: ../../{LinuxKernel}, initrd: ../../{Initrd(guest)}";
        File.WriteAllText(file, guest == LinuxGuest.Tcp
            ? $$"""
                version: 1
                onAllStopped: poweroff
                networks:
                  - { name: lan, portGroups: [ { name: all } ] }
                vms:
                  - name: server
                    memory: {{GuestMegabytes}}MiB
                    boot: { {{boot}}, cmdline: "{{LinuxCommandLine}}" }
                    console: none
                    devices: [ testExit ]
                    nics: [ { name: eth0, network: lan, portGroup: all } ]
                  - name: bench
                    memory: {{GuestMegabytes}}MiB
                    boot: { {{boot}}, cmdline: "{{LinuxGuest.CommandLine(rounds)}}" }
                    console: host
                    devices: [ testExit ]
                    nics: [ { name: eth0, network: lan, portGroup: all } ]

                """
            : $$"""
                version: 1
                onAllStopped: poweroff
                vms:
                  - name: bench
                    memory: {{GuestMegabytes}}MiB
                    boot: { {{boot}}, cmdline: "{{LinuxGuest.CommandLine(rounds)}}" }
                    console: host
                    devices: [ testExit ]
                    disks: [ { name: disk, size: {{LinuxGuest.DiskMegabytes}}MiB } ]

                """);
        Tool("dotnet", ImageTool, "bundle", "--vms", file, "--host-memory", $"{HostMegabytes}MiB", "--out", path);
        return path;
    }

    /// <summary>A bundle with a sender of so many batches of frames, `bench`, and their receiver.</summary>
    public static string Frames(int batches)
    {
        string name = $"{Folder}/frames-{batches}", file = $"{name}.yaml", path = $"{name}.bundle", kernel = $"kernel: ../../{Guest("frames")}";
        File.WriteAllText(file, $$"""
            version: 1
            onAllStopped: poweroff
            networks:
              - { name: lan, portGroups: [ { name: all } ] }
            vms:
              - name: receiver
                memory: {{GuestMegabytes}}MiB
                boot: { {{kernel}}, cmdline: "0" }
                console: host
                devices: [ testExit ]
                nics: [ { name: eth0, network: lan, portGroup: all, mac: "02:00:00:00:00:01" } ]
              - name: bench
                memory: {{GuestMegabytes}}MiB
                boot: { {{kernel}}, cmdline: "{{batches}}" }
                console: none
                devices: [ testExit ]
                nics: [ { name: eth0, network: lan, portGroup: all, mac: "02:00:00:00:00:02" } ]

            """);
        Tool("dotnet", ImageTool, "bundle", "--vms", file, "--host-memory", $"{HostMegabytes}MiB", "--out", path);
        return path;
    }

    /// <summary>A bundle, or as an ISO what boots with it, whose only machine is `bench`; the host powers off when that has stopped.</summary>
    /// <param name="hasConsole">Whether its serial lines are printed: batch guests are silent, so that nobody waits for the line.</param>
    public static string Machine(string kernel, string commandLine, string? initrd = null, bool hasConsole = false, bool iso = false)
    {
        // Machines are measured at the same time, so each has files of its own.
        string name = $"{Folder}/machine-{Interlocked.Increment(ref s_machines)}", file = $"{name}.yaml", path = name + (iso ? ".iso" : ".bundle");
        File.WriteAllText(file, $$"""
            version: 1
            onAllStopped: poweroff
            vms:
              - name: bench
                memory: {{GuestMegabytes}}MiB
                boot:
                  kernel: ../../{{kernel}}
                  cmdline: "{{commandLine}}"
                  {{(initrd is null ? "" : $"initrd: ../../{initrd}")}}
                console: {{(hasConsole ? "host" : "none")}}
                devices: [ testExit ]

            """);
        if (iso)
            Tool("make", "--no-print-directory", "iso", $"VMS={file}", $"OUT={path}", $"HOST_MEMORY={HostMegabytes}MiB", "CMDLINE=apicv=on");
        else
            Tool("dotnet", ImageTool, "bundle", "--vms", file, "--host-memory", $"{HostMegabytes}MiB", "--out", path);
        return path;
    }

    /// <summary>A bundle of so many machines, `bench-0` and so on, that boot the same.</summary>
    public static string Machines(int count, int megabytes, string kernel, string commandLine)
    {
        string name = $"{Folder}/machines-{count}-{commandLine}", file = $"{name}.yaml", path = $"{name}.bundle";
        File.WriteAllText(file, "version: 1\nonAllStopped: poweroff\nvms:\n" + string.Concat(Enumerable.Range(0, count).Select(number =>
            $"  - {{ name: bench-{number}, memory: {megabytes}MiB, boot: {{ kernel: ../../{kernel}, cmdline: \"{commandLine}\" }}, devices: [ testExit ] }}\n")));
        Tool("dotnet", ImageTool, "bundle", "--vms", file, "--host-memory", $"{HostMegabytes + count * megabytes}MiB", "--out", path);
        return path;
    }

    /// <summary>An initial file system with what a peer runs added to it: its /init, /guests, and the list /runs.</summary>
    public static string Overlaid(string name, string image, string init, IEnumerable<string> guests, IEnumerable<(string Guest, string Argument)> runs)
    {
        string root = $"{Folder}/{name}", path = $"{Folder}/{name}.img";
        if (Directory.Exists(root))
            Directory.Delete(root, recursive: true);
        Directory.CreateDirectory($"{root}/guests");
        foreach (string guest in guests)
            File.Copy(guest, $"{root}/guests/{Path.GetFileName(guest)}", overwrite: true);
        File.WriteAllLines($"{root}/runs", runs.Select(run => $"{run.Guest} {run.Argument}"));
        File.Copy(init, $"{root}/init");
        // One archive after another is one file system.
        Tool("sh", "-c", $"cat {image} > {path} && busybox=$PWD/{Busybox} && cd {root} && chmod 755 init && find . | $busybox cpio -o -H newc 2> /dev/null >> ../{name}.img");
        return path;
    }

    /// <summary>Runs a program, and gives what it says.</summary>
    /// <exception cref="BenchException">It fails.</exception>
    public static string Tool(string name, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(name, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd() + errors.Result;
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new BenchException($"{name} {string.Join(' ', arguments)} failed:\n{output}");
        return output;
    }
}
