using HyperOS.Core;

namespace HyperOS.Block;

/// <summary>What a disk's logic needs of the kernel. Its thread calls <see cref="DiskService.Serve"/>.</summary>
public abstract class DiskHost : DeviceHost
{
    /// <summary>For the log. On the disk's thread.</summary>
    public abstract void Report(DiskEvent what);

    /// <summary>A request failed on the medium, for the log. On the disk's thread.</summary>
    public abstract void ReportError(BlockRequest request);
}
