namespace HyperOS.Devices;

/// <summary>How the interrupt controllers tell the scheduler that a vCPU has something new to look at.</summary>
public abstract class VcpuKick
{
    /// <summary>
    /// Makes vCPU <paramref name="vcpu"/> look at its local APIC soon: wakes it from HLT or makes it leave the guest. Called on any core,
    /// possibly under the lock of the VM's legacy devices, and never for the vCPU that itself sends: its loop looks before it enters.
    /// </summary>
    public abstract void Kick(int vcpu);
}
