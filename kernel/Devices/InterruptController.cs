namespace HyperOS.Devices;

/// <summary>What has interrupt input pins: the 8259A pair and the I/O APIC, and in tests whoever watches the lines.</summary>
public abstract class InterruptController
{
    /// <summary>Drives input pin <paramref name="input"/> high or low. The caller holds the lock of the VM's legacy devices.</summary>
    public abstract void SetInput(int input, bool asserted);
}
