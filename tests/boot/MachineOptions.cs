namespace HyperOS.Tests.Boot;

/// <summary>What a machine is emulated by.</summary>
public enum Emulator
{
    Qemu,

    /// <summary>
    /// The one that has VT-x, and more of SVM than QEMU; it starts from <see cref="BootKind.IsoBios"/> alone, and reset and triple fault end it
    /// as something broken.
    /// </summary>
    Bochs,
}

/// <summary>From where a machine starts.</summary>
public enum BootKind
{
    /// <summary>The kernel directly, by its PVH entry; the bundle as its module.</summary>
    Pvh,

    /// <summary>The ISO as a CD, by BIOS.</summary>
    IsoBios,

    /// <summary>The ISO as a CD, by UEFI.</summary>
    IsoUefi,

    /// <summary>The ISO's bytes on a disk, by BIOS.</summary>
    DiskBios,

    /// <summary>The ISO's bytes on a disk, by UEFI.</summary>
    DiskUefi,

    /// <summary>Another kernel without HyperOS: <see cref="MachineOptions.Kernel"/> by multiboot1 or as QEMU's -kernel takes it.</summary>
    Bare,
}

/// <summary>The machine that a test wants. The defaults are the smallest machine that boots the host.</summary>
public sealed record MachineOptions
{
    public Emulator Emulator { get; init; } = Emulator.Qemu;

    public BootKind Boot { get; init; } = BootKind.Pvh;

    public int Processors { get; init; } = 1;

    public int MemoryMiB { get; init; } = 512;

    /// <summary>The memory for which the image tool checks the VMs, if not the machine's.</summary>
    public int? PlannedMemoryMiB { get; init; }

    /// <summary>As QEMU's -cpu takes it, or one of Bochs' models.</summary>
    public string Cpu { get; init; } = "EPYC";

    /// <summary>
    /// The text of a VM file; paths in it are relative to the repository's out/, where <c>guests/NAME.elf</c> are the purpose-built guests
    /// named in <see cref="Guests"/>. Null for a host without VMs.
    /// </summary>
    public string? Vms { get; init; }

    /// <summary>Purpose-built guests that <see cref="Vms"/> names, to be assembled first.</summary>
    public IReadOnlyList<string> Guests { get; init; } = [];

    /// <summary>Changes the bundle's bytes before they are given to the kernel; for <see cref="BootKind.Pvh"/> only.</summary>
    public Action<byte[]>? Tamper { get; init; }

    /// <summary>Whether HyperOS is the test kernel, whose places can be made to fail.</summary>
    public bool HasFaultPoints { get; init; }

    /// <summary>The kernel of <see cref="BootKind.Bare"/>.</summary>
    public string? Kernel { get; init; }

    /// <summary>Changes the BIOS's bytes before the machine starts; for Bochs only.</summary>
    public Action<byte[]>? TamperFirmware { get; init; }

    /// <summary>The kernel's command line.</summary>
    public string CommandLine { get; init; } = "";

    /// <summary>How long one wait may take: many times what it takes on a machine with nothing else to do.</summary>
    public TimeSpan WaitLimit { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>When the machine is ended, whatever the test does.</summary>
    public TimeSpan Lifetime { get; init; } = TimeSpan.FromMinutes(20);

    /// <summary>Further options of QEMU, or of tools/bochs.</summary>
    public IReadOnlyList<string> ExtraArguments { get; init; } = [];

    /// <summary>The same machine in Bochs, which needs more time.</summary>
    /// <param name="model">One of `bochs --help cpu`.</param>
    public MachineOptions InBochs(string model, int processors) => this with
    {
        Emulator = Emulator.Bochs,
        Boot = BootKind.IsoBios,
        Cpu = model,
        Processors = processors,
        WaitLimit = TimeSpan.FromMinutes(10),
        Lifetime = TimeSpan.FromMinutes(30),
    };
}
