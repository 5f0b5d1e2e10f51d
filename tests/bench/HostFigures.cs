namespace HyperOS.Bench;

/// <summary>The host alone: its start, its size, what a tiny machine takes.</summary>
internal static class HostFigures
{
    private const string Ready = "hyperos: ready";

    public static IEnumerable<Figure> Measure()
    {
        string memory = $"{Workshop.HostMegabytes}M", guest = Workshop.Guest("empty");
        Run direct = Emulator.Run(memory, "-kernel", Workshop.Kernel, "-append", "exits=1", "-initrd", Workshop.Machine(guest, "1"));
        yield return new Figure("host ready, from the kernel's entry by PVH", direct.TimeOf(Ready) / 1e6, 500, "ms");
        // With the files of the shipped image, and a machine that ends.
        string iso = Workshop.Machine(Workshop.LinuxKernel, Workshop.LinuxCommandLine, Workshop.Initrd(LinuxGuest.Programs), iso: true);
        Run disc = Emulator.Run(memory, "-cdrom", iso, "-boot", "d");
        // The clock of the log starts with the kernel; both end when the machine powers off.
        double entry = disc.Duration!.Value - disc.TimeOf("all machines have stopped");
        yield return new Figure("host ready, from the ISO, firmware included", (entry + disc.TimeOf(Ready)) / 1e6, 2_500, "ms");
        yield return new Figure("  of it firmware and boot loader", entry / 1e6, null, "ms");
        yield return new Figure("ISO", new FileInfo(Workshop.Iso).Length / 1048576.0, 32, "MiB");
        yield return new Figure("kernel's memory, 2 GiB host", double.Parse(direct.Find(@"memory: kernel (\d+) KiB")) / 1024, 16, "MiB");
        yield return new Figure("tiny VM's memory beyond its RAM", double.Parse(direct.Find(@"memory: (\d+) KiB beyond")), 256 + 32, "KiB");
        yield return new Figure("tiny VM: start event to running", (direct.TimeOf("vm bench: running") - direct.TimeOf("vm bench: starting")) / 1e6, 15, "ms");
    }
}
