using System.Collections.Concurrent;
using System.Diagnostics;
using System.Security.Cryptography;

// One test at a time, but for the collection of those in Bochs, which keep one processor busy for long.
[assembly: CollectionBehavior(CollectionBehavior.CollectionPerAssembly, MaxParallelThreads = 2)]

namespace HyperOS.Tests.Boot;

/// <summary>Where files lie and which tools build them. What is built is built once a run.</summary>
internal static class Workspace
{
    private static readonly ConcurrentDictionary<string, Lazy<string>> s_built = [];
    private static readonly Lock s_building = new();

    public static string Root { get; } = FindRoot();

    /// <summary>The kernel's ELF file with symbols.</summary>
    public static string Kernel => Build("out/hyperos.elf", path => Run("make", ["--no-print-directory", path]));

    /// <summary>The test kernel, whose places can be made to fail.</summary>
    public static string KernelWithFaultPoints => Build("out/hyperos-faults.elf", path => Run("make", ["--no-print-directory", path]));

    /// <summary>The screen's font.</summary>
    public static string Font => Build("out/cache/packages/font.psf", path => Run("make", ["--no-print-directory", path]));

    /// <summary>A purpose-built guest: tests/guests/NAME.asm as an ELF32 multiboot1 kernel.</summary>
    public static string Guest(string name) => Build($"out/guests/{name}.elf", path =>
        Run("nasm", ["-f", "bin", "-Wall", "-Werror", "-I", "tests/guests/", "-o", path, $"tests/guests/{name}.asm"]));

    /// <summary>A program for ring 3, and for Linux: tests/userworld/NAME.c, static.</summary>
    public static string UserProgram(string name) => Build($"out/userworld/{name}", path =>
        Run("clang", ["-static", "-O1", "-pthread", "-fno-pie", "-Wall", "-Wextra", "-Werror", "-o", path, $"tests/userworld/{name}.c"]));

    /// <summary>A managed program for ring 3, and for Linux: tests/userworld/NAME, compiled ahead of time, static.</summary>
    public static string ManagedProgram(string name) => Build($"out/userworld/{name}", path =>
    {
        string folder = $"out/userworld/{name}.publish";
        Run("dotnet", ["publish", $"tests/userworld/{name}", "-c", "Release", "-v", "q", "-nologo", "-o", folder]);
        File.Copy(Path.Combine(Root, folder, name), Path.Combine(Root, path), overwrite: true);
    });

    /// <summary>The stock Linux kernel of `make run`, relative to out/.</summary>
    public static string LinuxKernel => OfGuest("vmlinuz");

    /// <summary>Its initramfs with a shell, relative to out/.</summary>
    public static string LinuxInitrd => OfGuest("initrd.img");

    /// <summary>The same with the kernel's virtio drivers in /lib/modules.</summary>
    public static string LinuxInitrdWithDrivers => OfGuest("initrd-virtio.img");

    /// <summary>An initramfs whose init is tests/guests/NAME.sh, relative to out/.</summary>
    public static string Initrd(string name) => Path.GetRelativePath(Path.Combine(Root, "out"), Build($"out/guests/{name}.img", path =>
        Run("dotnet", [ImageTool, "initramfs", "--program", Busybox, "--program", "iso/guest/lease", "--init", $"tests/guests/{name}.sh", "--out", path])));

    /// <summary>The same with the kernel's virtio drivers in /lib/modules.</summary>
    public static string InitrdWithDrivers(string name) => Path.GetRelativePath(Path.Combine(Root, "out"), Build($"out/guests/{name}-virtio.img", path =>
    {
        string plain = Path.Combine(Root, "out", Initrd(name)), modules = Path.Combine(Root, "out", OfGuest("modules.img"));
        File.WriteAllBytes(Path.Combine(Root, path), [.. File.ReadAllBytes(plain), .. File.ReadAllBytes(modules)]);
    }));

    /// <summary>
    /// Another of Debian's stock kernels, and an initramfs for it with a shell of its architecture and its own virtio drivers; both relative to out/.
    /// </summary>
    /// <param name="flavour">The end of its package's name: linux-image-FLAVOUR.</param>
    public static (string Kernel, string Initrd) StockKernel(string flavour)
    {
        string folder = Build($"out/cache/packages-{flavour}", path => Run("sh", ["iso/fetch", path, flavour]));
        string initrd = Build($"out/guest/initrd-{flavour}.img", path =>
        {
            string shell = path + ".shell", modules = path + ".modules";
            Run("dotnet", [ImageTool, "initramfs", "--program", Path.Combine(folder, "busybox"), "--init", "iso/guest/init", "--out", shell]);
            Run("dotnet", [ImageTool, "modules", "--directory", Path.Combine(folder, "modules"), "--out", modules]);
            File.WriteAllBytes(Path.Combine(Root, path), [.. File.ReadAllBytes(Path.Combine(Root, shell)), .. File.ReadAllBytes(Path.Combine(Root, modules))]);
        });
        return ($"cache/packages-{flavour}/vmlinuz", Path.GetRelativePath(Path.Combine(Root, "out"), initrd));
    }

    /// <summary>What the guest's own sha256sum has to say of its busybox.</summary>
    public static string BusyboxSha256 => Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(Busybox)));

    /// <summary>The bundle that the image tool makes of a VM file.</summary>
    public static string Bundle(string vmFile, int hostMemoryMiB, string bundle)
    {
        Run("dotnet", [ImageTool, "bundle", "--vms", vmFile, "--host-memory", $"{hostMemoryMiB}MiB", "--out", bundle]);
        return bundle;
    }

    /// <summary>The image that starts a VM file's guests.</summary>
    public static string Iso(bool hasFaultPoints, string commandLine, string vmFile, int hostMemoryMiB, string iso)
    {
        string kernel = Path.GetRelativePath(Root, hasFaultPoints ? KernelWithFaultPoints : Kernel), relative = Path.GetRelativePath(Root, iso);
        Run("make",
        [
            "--no-print-directory", "iso", $"KERNEL={kernel}", $"CMDLINE={commandLine}", $"VMS={Path.GetRelativePath(Root, vmFile)}",
            $"HOST_MEMORY={hostMemoryMiB}MiB", $"OUT={relative}",
        ]);
        return iso;
    }

    /// <summary>The program's path.</summary>
    /// <exception cref="InvalidOperationException">It is not installed; the message says how to install it.</exception>
    public static string Tool(string name)
    {
        string package = name switch
        {
            "qemu-system-x86_64" => "qemu-system-x86",
            "timeout" => "coreutils",
            _ => name,
        };
        return (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists)
            ?? throw new InvalidOperationException($"{name} is missing: make deps installs it (Debian package {package})");
    }

    /// <summary>A firmware file of Debian's package ovmf.</summary>
    public static string Firmware(string name)
    {
        string path = $"/usr/share/OVMF/{name}";
        return File.Exists(path) ? path : throw new InvalidOperationException($"{path} is missing: make deps installs it (Debian package ovmf)");
    }

    private static string ImageTool => Build("out/host/bin/ImageTool/release/imagetool.dll", path => Run("make", ["--no-print-directory", path]));

    private static string Busybox => Build("out/cache/packages/busybox", path => Run("make", ["--no-print-directory", path]));

    private static string OfGuest(string name) =>
        Path.GetRelativePath(Path.Combine(Root, "out"), Build($"out/guest/{name}", path => Run("make", ["--no-print-directory", path])));

    private static string Build(string path, Action<string> build) => s_built.GetOrAdd(path, _ => new Lazy<string>(() =>
    {
        string full = Path.Combine(Root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        build(path);
        return full;
    })).Value;

    /// <summary>Runs a tool in the repository's root, and no other at the same time: `make` would build the same file twice.</summary>
    private static void Run(string tool, string[] arguments)
    {
        using Lock.Scope building = s_building.EnterScope();
        ProcessStartInfo start = new(Tool("timeout"), ["600", Tool(tool), .. arguments])
        {
            WorkingDirectory = Root,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // The test host's own MSBuild settings are not for what make builds.
        foreach (string name in start.Environment.Keys.Where(key => key.StartsWith("MSBuild", StringComparison.OrdinalIgnoreCase)).ToArray())
            start.Environment.Remove(name);
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd() + errors.GetAwaiter().GetResult();
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{tool} {string.Join(' ', arguments)} failed:\n{output}");
    }

    private static string FindRoot()
    {
        for (string? folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Combine(folder, "HyperOS.sln")))
                return folder;
        }
        throw new InvalidOperationException("the tests do not run below the repository's root");
    }
}
