namespace HyperOS.Tests.Boot;

/// <summary>Bochs, as `make run MACHINE=bochs` starts it; what it has to say itself is kept beside the console's log.</summary>
internal sealed class BochsCommand : EmulatorCommand
{
    public override IEnumerable<string> Build(MachineOptions options, string name)
    {
        if (options.Boot != BootKind.IsoBios)
            throw new ArgumentException("Bochs boots the ISO by BIOS");
        _ = Workspace.Tool("bochs");
        return
        [
            "tools/bochs", "-c", options.Cpu, "-p", $"{options.Processors}", "-m", $"{options.MemoryMiB}", "-l", $"out/logs/{name}.bochs.log",
            .. Firmware(options, name), .. options.ExtraArguments, BootFiles.Iso(options, name),
        ];
    }

    private static string[] Firmware(MachineOptions options, string name)
    {
        if (options.TamperFirmware is null)
            return [];
        byte[] firmware = File.ReadAllBytes("/usr/share/bochs/BIOS-bochs-latest");
        options.TamperFirmware(firmware);
        string path = BootFiles.Own(name + ".bios");
        File.WriteAllBytes(path, firmware);
        return ["-b", path];
    }
}
