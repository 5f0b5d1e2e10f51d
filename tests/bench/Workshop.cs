using System.Diagnostics;

namespace HyperOS.Bench;

/// <summary>Makes what machines boot out of tests/bench/guests and of what `make` has built. All of it lies in out/bench.</summary>
internal static class Workshop
{
    public const int GuestMegabytes = 256;
    public const int HostMegabytes = 2048;

    /// <summary>Guest kernel and its command line, for all systems the same.</summary>
    public const string LinuxKernel = "out/guest/vmlinuz", LinuxCommandLine = "console=ttyS0 panic=-1";

    public const string Kernel = "out/hyperos.elf", Iso = "out/hyperos.iso";

    private const string Folder = "out/bench", ImageTool = "out/host/bin/ImageTool/release/imagetool.dll";

    /// <summary>A batch guest: tests/bench/guests/NAME.asm.</summary>
    public static string Guest(string name)
    {
        string path = $"{Folder}/{name}.elf";
        Directory.CreateDirectory(Folder);
        Tool("nasm", "-f", "bin", "-Wall", "-Werror", "-I", "tests/bench/guests/", "-I", "tests/guests/", "-o", path, $"tests/bench/guests/{name}.asm");
        return path;
    }

    /// <summary>The initial file system whose /init is the marker tests/bench/guests/init.asm.</summary>
    public static string Initrd()
    {
        string path = $"{Folder}/initrd.img";
        Tool("dotnet", ImageTool, "initramfs", "--busybox", "out/cache/packages/busybox", "--init", Guest("init"), "--out", path);
        return path;
    }

    /// <summary>A bundle, or as an ISO what boots with it, whose only machine is `bench`; the host powers off when that has stopped.</summary>
    /// <param name="hasConsole">Whether its serial lines are printed: batch guests are silent, so that nobody waits for the line.</param>
    public static string Machine(string kernel, string commandLine, string? initrd = null, bool hasConsole = false, bool iso = false)
    {
        string file = $"{Folder}/bench.yaml", path = $"{Folder}/bench." + (iso ? "iso" : "bundle");
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
            Tool("make", "--no-print-directory", "iso", $"VMS={file}", $"OUT={path}", $"HOST_MEMORY={HostMegabytes}MiB");
        else
            Tool("dotnet", ImageTool, "bundle", "--vms", file, "--host-memory", $"{HostMegabytes}MiB", "--out", path);
        return path;
    }

    private static void Tool(string name, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(name, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd() + errors.Result;
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new BenchException($"{name} {string.Join(' ', arguments)} failed:\n{output}");
    }
}
