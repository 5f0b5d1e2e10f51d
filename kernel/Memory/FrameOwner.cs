namespace HyperOS.Memory;

/// <summary>Who a frame belongs to. Freeing names the owner again, so that nobody frees what is another's.</summary>
public readonly struct FrameOwner
{
    public const int Maximum = 2048;

    private const int FirstProcessId = 4, FirstVirtualMachineId = 8;

    /// <summary>Processes that there are owners for.</summary>
    public const int Processes = FirstVirtualMachineId - FirstProcessId;

    public readonly ushort Id;

    private FrameOwner(int id) => Id = (ushort)id;

    /// <summary>Not RAM that the host may use.</summary>
    public static FrameOwner Firmware => new(1);

    /// <summary>The kernel's image, tables, stacks and arena.</summary>
    public static FrameOwner Kernel => new(2);

    /// <summary>What the boot loader left for us to read: the bundle.</summary>
    public static FrameOwner BootModule => new(3);

    /// <summary>A process' memory, page tables, threads and arena.</summary>
    /// <param name="slot">Its place in the table of processes, below <see cref="Processes"/>.</param>
    public static FrameOwner Process(int slot) => new(FirstProcessId + slot);

    /// <summary>A virtual machine's RAM, nested tables, arena and vCPUs.</summary>
    /// <param name="slot">Its place in the table of virtual machines.</param>
    public static FrameOwner VirtualMachine(int slot) => new(FirstVirtualMachineId + 2 * slot);

    /// <summary>What a virtual machine's disks hold, whether it runs or not.</summary>
    /// <param name="slot">Its place in the table of virtual machines.</param>
    public static FrameOwner Disks(int slot) => new(FirstVirtualMachineId + 2 * slot + 1);
}

/// <summary>How the search for a whole GiB ended.</summary>
public enum HugeFrameStatus
{
    /// <summary>None is free in one piece, or so much is not set aside.</summary>
    None,

    /// <summary>One will be as soon as idle processors have cleared a block of it: to be asked for again.</summary>
    Soon,
    Taken,
}

/// <summary>Where a frame must lie.</summary>
public enum FrameZone
{
    /// <summary>Anywhere; from above 4 GiB first.</summary>
    Any,

    /// <summary>Below 4 GiB: for devices and structures that hold 32-bit addresses.</summary>
    Below4GiB,
}
