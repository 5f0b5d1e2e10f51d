namespace HyperOS.Core;

/// <summary>What a physical device's logic needs of the kernel.</summary>
public abstract class DeviceHost
{
    /// <summary>In nanoseconds, not going back.</summary>
    public abstract ulong Now { get; }

    /// <summary>Lets time go by, as data sheets demand it; on the device's thread, and only while the device is brought up or reset.</summary>
    public abstract void Delay(ulong nanoseconds);

    /// <summary>Takes the device's lock: one a device, never held while waiting.</summary>
    /// <returns>What <see cref="Exit"/> wants back.</returns>
    public abstract bool Enter();

    /// <summary>Lets the lock go.</summary>
    public abstract void Exit(bool state);

    /// <summary>Lets the device answer, access memory and interrupt.</summary>
    /// <returns>False if it is not there.</returns>
    public abstract bool TryAttach();

    /// <summary>The device is there, and as <see cref="TryAttach"/> left it: not another one in its place.</summary>
    public abstract bool IsAttached { get; }

    /// <summary>Takes away what lets the device access memory and interrupt.</summary>
    public abstract void Detach();

    /// <summary>Has the device's thread look at it soon. Any context.</summary>
    public abstract void Wake();
}
