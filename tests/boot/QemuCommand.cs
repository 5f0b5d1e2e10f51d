namespace HyperOS.Tests.Boot;

/// <summary>
/// QEMU's translator, in one thread: with one for each processor a guest's XRSTOR on one can switch the nested paging of another off (docs/decisions.md).
/// </summary>
internal sealed class QemuCommand : EmulatorCommand
{
    public override IEnumerable<string> Build(MachineOptions options, string name) =>
    [
        Workspace.Tool("qemu-system-x86_64"), "-machine", "q35", "-accel", "tcg,thread=single", "-cpu", options.Cpu, "-smp", $"{options.Processors}", "-m", $"{options.MemoryMiB}M",
        "-nic", "none", "-display", "none", "-monitor", "none", "-serial", "stdio", "-no-reboot", "-device", "isa-debug-exit,iobase=0xf4,iosize=4",
        .. Boot(options, name), .. options.ExtraArguments,
    ];

    private static IEnumerable<string> Boot(MachineOptions options, string name) => options.Boot switch
    {
        BootKind.Bare => ["-kernel", options.Kernel ?? throw new ArgumentException("a bare machine needs a kernel"), "-append", options.CommandLine],
        BootKind.Pvh => Pvh(options, BootFiles.Bundle(options, name)),
        BootKind.IsoBios => ["-cdrom", BootFiles.Iso(options, name)],
        BootKind.IsoUefi => [.. Uefi(name), "-cdrom", BootFiles.Iso(options, name)],
        BootKind.DiskBios => Disk(BootFiles.Iso(options, name)),
        BootKind.DiskUefi => [.. Uefi(name), .. Disk(BootFiles.Iso(options, name))],
        _ => throw new ArgumentOutOfRangeException(nameof(options)),
    };

    private static IEnumerable<string> Pvh(MachineOptions options, string? bundle)
    {
        string[] kernel = ["-kernel", options.HasFaultPoints ? Workspace.KernelWithFaultPoints : Workspace.Kernel, "-append", options.CommandLine];
        return bundle is null ? kernel : [.. kernel, "-initrd", bundle];
    }

    /// <summary>The firmware writes its variables to a copy of its own.</summary>
    private static IEnumerable<string> Uefi(string name)
    {
        string variables = BootFiles.Own(name + ".vars.fd");
        File.Copy(Workspace.Firmware("OVMF_VARS_4M.fd"), variables, overwrite: true);
        return
        [
            "-drive", $"if=pflash,format=raw,unit=0,readonly=on,file={Workspace.Firmware("OVMF_CODE_4M.fd")}",
            "-drive", $"if=pflash,format=raw,unit=1,file={variables}",
        ];
    }

    private static IEnumerable<string> Disk(string iso) => ["-drive", $"file={iso},format=raw,if=ide,media=disk,snapshot=on"];
}
