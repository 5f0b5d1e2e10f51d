namespace HyperOS.Devices;

/// <summary>Who hears the EOI broadcasts of the local APICs. Intel SDM vol. 3A, "Signaling Interrupt Servicing Completion".</summary>
public abstract class EndOfInterruptListener
{
    /// <summary>
    /// A vCPU has completed level-triggered interrupt <paramref name="vector"/>. Called without locks: the kernel's listener takes the lock
    /// of the VM's legacy devices and hands the vector to <see cref="IoApic.EndOfInterrupt"/>.
    /// </summary>
    public abstract void EndOfInterrupt(int vector);
}
