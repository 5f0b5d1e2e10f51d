namespace HyperOS.Tests.Boot;

/// <summary>Bochs, as `make run MACHINE=bochs` starts it; what it has to say itself is kept beside the console's log.</summary>
internal sealed class BochsCommand : EmulatorCommand
{
    public override IEnumerable<string> Build(MachineOptions options, string name)
    {
        if (options.Boot != BootKind.IsoBios || options.ExtraArguments.Count != 0)
            throw new ArgumentException("Bochs boots the ISO by BIOS, and takes no further options");
        _ = Workspace.Tool("bochs");
        return
        [
            "tools/bochs", "-c", options.Cpu, "-p", $"{options.Processors}", "-m", $"{options.MemoryMiB}", "-l", $"out/logs/{name}.bochs.log",
            BootFiles.Iso(options, name),
        ];
    }
}
