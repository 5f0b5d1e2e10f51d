namespace HyperOS.Tests.Boot;

/// <summary>QEMU's command line for a machine, and the files that it boots from.</summary>
internal static class QemuCommand
{
    private const string NoVms = """
        version: 1
        onAllStopped: stay
        vms: []
        """;

    public static IEnumerable<string> Build(MachineOptions options, string name) =>
    [
        Workspace.Tool("qemu-system-x86_64"), "-machine", "q35", "-accel", "tcg", "-cpu", options.Cpu, "-smp", $"{options.Processors}", "-m", $"{options.MemoryMiB}M",
        "-nic", "none", "-display", "none", "-monitor", "none", "-serial", "stdio", "-no-reboot", "-device", "isa-debug-exit,iobase=0xf4,iosize=4",
        .. Boot(options, name), .. options.ExtraArguments,
    ];

    private static IEnumerable<string> Boot(MachineOptions options, string name)
    {
        if (options.Boot == BootKind.Bare)
            return ["-kernel", options.Kernel ?? throw new ArgumentException("a bare machine needs a kernel"), "-append", options.CommandLine];
        foreach (string guest in options.Guests)
            Workspace.Guest(guest);
        // Kept beside the built files, so that the VM file's paths are relative to out/ and stay readable in its errors.
        string folder = Path.Combine(Workspace.Root, "out/boot-tests");
        Directory.CreateDirectory(folder);
        string vmFile = Path.Combine(Workspace.Root, "out", $"boot-test-{name}.yaml");
        File.WriteAllText(vmFile, options.Vms ?? NoVms);
        if (options.Boot == BootKind.Pvh)
            return DirectBoot(options, vmFile, Path.Combine(folder, name + ".bundle"));
        string iso = Workspace.Iso(vmFile, options.PlannedMemoryMiB ?? options.MemoryMiB, Path.Combine(folder, name + ".iso"));
        return options.Boot switch
        {
            BootKind.IsoBios => ["-cdrom", iso],
            BootKind.IsoUefi => [.. Uefi(folder, name), "-cdrom", iso],
            BootKind.DiskBios => Disk(iso),
            BootKind.DiskUefi => [.. Uefi(folder, name), .. Disk(iso)],
            _ => throw new ArgumentOutOfRangeException(nameof(options)),
        };
    }

    private static IEnumerable<string> DirectBoot(MachineOptions options, string vmFile, string bundle)
    {
        string[] kernel = ["-kernel", options.HasFaultPoints ? Workspace.KernelWithFaultPoints : Workspace.Kernel, "-append", options.CommandLine];
        if (options.Vms is null && options.Tamper is null)
            return kernel;
        Workspace.Bundle(vmFile, options.PlannedMemoryMiB ?? options.MemoryMiB, bundle);
        if (options.Tamper is { } tamper)
        {
            byte[] bytes = File.ReadAllBytes(bundle);
            tamper(bytes);
            File.WriteAllBytes(bundle, bytes);
        }
        return [.. kernel, "-initrd", bundle];
    }

    /// <summary>The firmware writes its variables to a copy of its own.</summary>
    private static IEnumerable<string> Uefi(string folder, string name)
    {
        string variables = Path.Combine(folder, name + ".vars.fd");
        File.Copy(Workspace.Firmware("OVMF_VARS_4M.fd"), variables, overwrite: true);
        return
        [
            "-drive", $"if=pflash,format=raw,unit=0,readonly=on,file={Workspace.Firmware("OVMF_CODE_4M.fd")}",
            "-drive", $"if=pflash,format=raw,unit=1,file={variables}",
        ];
    }

    private static IEnumerable<string> Disk(string iso) => ["-drive", $"file={iso},format=raw,if=ide,media=disk,snapshot=on"];
}
