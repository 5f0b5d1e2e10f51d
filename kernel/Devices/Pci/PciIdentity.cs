namespace HyperOS.Devices;

/// <summary>Who a PCI function is: the fixed registers of its header. PCI Local Bus Specification 3.0, "Device Identification".</summary>
public struct PciIdentity
{
    public ushort VendorId;
    public ushort DeviceId;
    public byte RevisionId;

    /// <summary>Base class, sub-class and programming interface.</summary>
    public uint ClassCode;

    public ushort SubsystemVendorId;
    public ushort SubsystemId;
}
