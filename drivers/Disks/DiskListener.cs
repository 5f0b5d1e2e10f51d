namespace HyperOS.Disks;

/// <summary>Is told of the machine's disks.</summary>
public abstract class DiskListener
{
    /// <summary>A controller has told what disks it has, or that it has none. On its thread.</summary>
    public abstract void Settled();
}
