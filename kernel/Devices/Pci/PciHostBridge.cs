using HyperOS.Specs.Pci;

namespace HyperOS.Devices;

/// <summary>
/// Device 0 of the bus: a header and nothing else. It bears the identity of QEMU's generic PCI Express host bridge, for which no system has a
/// driver of its own: Linux needs none, and Windows takes its "PCI standard host CPU bridge" by the class. The identity of a chipset that
/// exists would bring drivers and firmware along that look for that chipset's registers.
/// </summary>
public sealed class PciHostBridge : PciFunction
{
    public PciHostBridge()
        : base(new PciIdentity
        {
            VendorId = 0x1B36,
            DeviceId = 0x0008,
            ClassCode = PciClass.HostBridge,
            SubsystemVendorId = 0x1AF4,
            SubsystemId = 0x1100,
        })
    {
    }
}
