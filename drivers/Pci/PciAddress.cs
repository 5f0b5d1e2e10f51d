namespace HyperOS.Pci;

/// <summary>Where a function is: its segment group, bus, device and function. PCI Firmware Specification 3.3, "PCI Segment Groups".</summary>
public readonly struct PciAddress
{
    public readonly ushort Segment;
    public readonly byte Bus;

    /// <summary>Device and function in one number, as in configuration addresses.</summary>
    public readonly byte DeviceFunction;

    /// <param name="segment">Segment group.</param>
    /// <param name="bus">On which bus.</param>
    /// <param name="device">0 to 31.</param>
    /// <param name="function">0 to 7.</param>
    public PciAddress(ushort segment, byte bus, int device, int function)
    {
        Segment = segment;
        Bus = bus;
        DeviceFunction = (byte)((device & 31) << 3 | (function & 7));
    }

    public int Device => DeviceFunction >> 3;

    public int Function => DeviceFunction & 7;
}
