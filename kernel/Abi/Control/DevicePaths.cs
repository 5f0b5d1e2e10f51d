namespace HyperOS.Abi.Control;

/// <summary>The kernel's device files.</summary>
public static class DevicePaths
{
    /// <summary>A write is a request, the read that follows its answer.</summary>
    public const string Control = "/dev/hyperos/control";

    /// <summary>A read waits for events and gives <see cref="EventRecord"/>s, from the open on.</summary>
    public const string Events = "/dev/hyperos/events";

    /// <summary>With a VM's name behind it: its console.</summary>
    public const string Console = "/dev/hyperos/console/";

    /// <summary>The management process' port of a network: <see cref="FrameStream"/>.</summary>
    public const string Network = "/dev/hyperos/vmk0";

    /// <summary>With a disk's name behind it, as in disk0: its sectors.</summary>
    public const string Disk = "/dev/hyperos/";
}
