namespace HyperOS.Tests.Boot;

/// <summary>A disk of a machine: a file of its own, which outlives the machine, and how QEMU attaches it.</summary>
internal sealed class PhysicalDisk
{
    private static int s_next;

    private readonly string _name = $"drive{Interlocked.Increment(ref s_next)}";
    private readonly string? _errors;

    /// <param name="megabytes">Its size; it reads as zeros.</param>
    /// <param name="errors">Rules of QEMU's blkdebug, for a disk that fails; else null.</param>
    public PhysicalDisk(int megabytes, string? errors = null)
    {
        Path = BootFiles.Own($"{_name}-{Environment.ProcessId}.raw");
        using (FileStream file = File.Create(Path))
            file.SetLength(megabytes * 1024L * 1024);
        if (errors is null)
            return;
        _errors = Path + ".errors";
        File.WriteAllText(_errors, errors);
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>For <see cref="MachineOptions.ExtraArguments"/>.</summary>
    /// <param name="device">As QEMU's -device takes it, without the drive.</param>
    public string[] Attach(string device) =>
    [
        "-drive", $"if=none,id={_name},format=raw,cache=unsafe,discard=unmap,file={(_errors is null ? "" : $"blkdebug:{_errors}:")}{Path}",
        "-device", $"{device},drive={_name}",
    ];
}
