namespace HyperOS.Tests.Boot;

/// <summary>
/// The files that a machine boots from, made for it. They are kept beside the built ones, so that the VM file's paths are relative to out/ and
/// stay readable in its errors.
/// </summary>
internal static class BootFiles
{
    private const string NoVms = """
        version: 1
        onAllStopped: stay
        vms: []
        """;

    /// <summary>The path of a file that belongs to one machine alone.</summary>
    public static string Own(string name)
    {
        string folder = Path.Combine(Workspace.Root, "out/boot-tests");
        Directory.CreateDirectory(folder);
        return Path.Combine(folder, name);
    }

    /// <summary>The image with the machine's VMs.</summary>
    public static string Iso(MachineOptions options, string name) =>
        Workspace.Iso(options.HasFaultPoints, options.CommandLine, VmFile(options, name), options.PlannedMemoryMiB ?? options.MemoryMiB, Own(name + ".iso"));

    /// <summary>The bundle with the machine's VMs, tampered with if that is wanted; null when it has none.</summary>
    public static string? Bundle(MachineOptions options, string name)
    {
        if (options.Vms is null && options.Tamper is null)
            return null;
        string bundle = Workspace.Bundle(VmFile(options, name), options.PlannedMemoryMiB ?? options.MemoryMiB, Own(name + ".bundle"));
        if (options.Tamper is { } tamper)
        {
            byte[] bytes = File.ReadAllBytes(bundle);
            tamper(bytes);
            File.WriteAllBytes(bundle, bytes);
        }
        return bundle;
    }

    private static string VmFile(MachineOptions options, string name)
    {
        foreach (string guest in options.Guests)
            Workspace.Guest(guest);
        string vmFile = Path.Combine(Workspace.Root, "out", $"boot-test-{name}.yaml");
        File.WriteAllText(vmFile, options.Vms ?? NoVms);
        return vmFile;
    }
}
