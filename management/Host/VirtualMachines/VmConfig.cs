using System;
using System.Collections.Generic;
using System.Text.Json.Serialization;
using HyperOS.Abi;
using HyperOS.Abi.Control;
using HyperOS.Management.Identity;

namespace HyperOS.Management.VirtualMachines;

[JsonConverter(typeof(CamelCase<VmClassChoice>))]
internal enum VmClassChoice
{
    Microvm,
}

[JsonConverter(typeof(CamelCase<ConsoleChoice>))]
internal enum ConsoleChoice
{
    None,
    Host,
}

[JsonConverter(typeof(CamelCase<RestartChoice>))]
internal enum RestartChoice
{
    Never,
    OnFailure,
    Always,
}

[JsonConverter(typeof(CamelCase<DeviceChoice>))]
internal enum DeviceChoice
{
    TestExit,
    Rng,
    Console,
}

/// <summary>
/// What a VM is to be: the schema of a VM file (docs/host-options.md), with names of images in place of paths, sizes in bytes, the limit in per cent of a
/// processor and the time to shut down in seconds.
/// </summary>
internal record VmConfig
{
    public string Name { get; set; } = "";

    public VmClassChoice Class { get; set; }

    public CpuConfig Cpu { get; set; } = new();

    /// <summary>In bytes.</summary>
    public ulong Memory { get; set; }

    public BootConfig Boot { get; set; } = new();

    public ConsoleChoice Console { get; set; }

    public IReadOnlyList<NicConfig> Nics { get; set; } = [];

    public IReadOnlyList<DiskConfig> Disks { get; set; } = [];

    public IReadOnlyList<DeviceChoice> Devices { get; set; } = [];

    public bool Balloon { get; set; }

    public bool Autostart { get; set; } = true;

    public RestartChoice Restart { get; set; }

    /// <summary>In seconds.</summary>
    public uint ShutdownTimeout { get; set; } = 60;
}

/// <summary>What makes a VM: its configuration, and whether it starts at once.</summary>
internal sealed record VmCreation : VmConfig
{
    public bool Start { get; set; }
}

internal sealed record CpuConfig
{
    public uint Count { get; set; } = 1;

    public uint Shares { get; set; } = VmDefinition.DefaultCpuShares;

    /// <summary>In per cent of a processor; 0: none.</summary>
    public uint Limit { get; set; }

    /// <summary>The host's processors; empty: all.</summary>
    public IReadOnlyList<uint> Pin { get; set; } = [];
}

internal sealed record BootConfig
{
    /// <summary>An image by name.</summary>
    public string Kernel { get; set; } = "";

    /// <summary>An image by name.</summary>
    public string? Initrd { get; set; }

    public string Cmdline { get; set; } = "";
}

internal sealed record NicConfig
{
    public string Name { get; set; } = "";

    public string Network { get; set; } = "";

    public string PortGroup { get; set; } = "";

    /// <summary>An address, or auto.</summary>
    public string Mac { get; set; } = "auto";
}

internal sealed record DiskConfig
{
    public string Name { get; set; } = "";

    /// <summary>What it holds at first; an image by name.</summary>
    public string? Image { get; set; }

    /// <summary>In bytes; left out: the image's.</summary>
    public ulong? Size { get; set; }

    public bool ReadOnly { get; set; }

    /// <summary>On the host's disk; else in its memory, and gone with the VM. Left out: on the disk, if there is one.</summary>
    public bool? Persistent { get; set; }
}

[JsonConverter(typeof(CamelCase<VmStateChoice>))]
internal enum VmStateChoice
{
    Stopped,
    Running,
    Paused,
    ShuttingDown,
    Ending,
    Refused,
}

/// <summary>How a VM is now.</summary>
internal sealed record VmRuntime
{
    public required VmStateChoice State { get; init; }

    /// <summary>Why it stopped the last time, or was refused; null if it never has.</summary>
    public StopReason? StopReason { get; init; }

    /// <summary>The same for people.</summary>
    public string? StopDetail { get; init; }

    public uint? ExitCode { get; init; }

    public required uint Starts { get; init; }

    public DateTimeOffset? StartedAt { get; init; }

    public required ulong UptimeSeconds { get; init; }

    public required ulong CpuTimeNanoseconds { get; init; }

    public required ulong MemoryInUse { get; init; }

    public required ulong MemoryTarget { get; init; }

    public required ulong DiskBytesRead { get; init; }

    public required ulong DiskBytesWritten { get; init; }

    /// <summary>Where its console's output ends.</summary>
    public required ulong ConsoleEnd { get; init; }
}

/// <summary>A VM, as the API has it.</summary>
internal sealed record VmResource
{
    /// <summary>Never changes.</summary>
    public required string Id { get; init; }

    public required string Name { get; init; }

    /// <summary>Of the configuration; the ETag.</summary>
    public required ulong Revision { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required VmConfig Config { get; init; }

    public required VmRuntime Runtime { get; init; }

    /// <summary>The parts of the configuration that hold only from its next start on.</summary>
    public required IReadOnlyList<string> Pending { get; init; }
}

/// <summary>A VM that is gone.</summary>
internal sealed record VmDeletion(string Id, string Name);

/// <summary>A VM, as stored.</summary>
internal sealed record VmDocument
{
    public required string Id { get; init; }

    public required ulong Revision { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required VmConfig Config { get; init; }

    /// <summary>What the kernel has while that differs: it takes the configuration at the next start.</summary>
    public VmConfig? Applied { get; init; }
}

/// <summary>Exits of one kind in this run.</summary>
internal sealed record ExitStatistics(string Kind, ulong Count, ulong Cycles);

/// <summary>What a VM did, and how it went over time.</summary>
internal sealed record VmStatistics
{
    public required VmRuntime Runtime { get; init; }

    public required IReadOnlyList<ExitStatistics> Exits { get; init; }

    /// <summary>Of the cycles: how many a second.</summary>
    public required ulong CyclesPerSecond { get; init; }

    public required History History { get; init; }
}

/// <summary>Samples, the oldest first; rates are averages over the time between two.</summary>
/// <param name="IntervalSeconds">Between two samples.</param>
/// <param name="End">Of the last one.</param>
/// <param name="CpuPercent">Of one processor.</param>
/// <param name="MemoryBytes">In use.</param>
/// <param name="DiskBytesPerSecond">Both ways.</param>
/// <param name="NetworkBytesPerSecond">Both ways.</param>
internal sealed record History(
    int IntervalSeconds, DateTimeOffset End, IReadOnlyList<float> CpuPercent, IReadOnlyList<float> MemoryBytes, IReadOnlyList<float> DiskBytesPerSecond, IReadOnlyList<float> NetworkBytesPerSecond);
