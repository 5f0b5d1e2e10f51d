using HyperOS.Core;
using HyperOS.Pci;
using HyperOS.Specs.Pci;
using HyperOS.Specs.Virtio;

namespace HyperOS.Virtio;

/// <summary>Where a virtio device has one of its structures.</summary>
public struct VirtioWindow
{
    public HostPhysicalAddress Address;

    /// <summary>In bytes; 0 where there is none.</summary>
    public uint Length;
}

/// <summary>Where a virtio device on PCI has its registers. Virtio 1.2, section "Virtio Structure PCI Capabilities".</summary>
public struct VirtioPciLayout
{
    // What no structure needs, in bytes: the notifications of 65,536 queues, a page each, would be more.
    private const uint LongestWindow = 0x10_0000;

    public VirtioWindow Common, Notifications, InterruptStatus, Device;

    /// <summary>Bytes between the notification addresses of queues.</summary>
    public uint NotificationMultiplier;

    /// <summary>Reads the capabilities; of each kind the first that makes sense counts. After <see cref="PciFunction.ReadBaseAddresses"/>.</summary>
    /// <param name="function">The device.</param>
    /// <param name="deviceBytes">Of the kind's own configuration that its driver reads.</param>
    /// <param name="layout">Where all is.</param>
    /// <returns>False if a structure is missing.</returns>
    public static bool TryRead(PciFunction function, uint deviceBytes, out VirtioPciLayout layout)
    {
        layout = default;
        int at = 0;
        // As many as a configuration space can hold; a list that bites its tail ends here.
        for (int i = 0; i < PciConfiguration.Length / 4; i++)
        {
            at = function.FindCapability(PciCapabilityId.VendorSpecific, at);
            if (at == 0)
                break;
            if (at + VirtioPciCapability.ExtendedLength > PciConfiguration.Length || !TryReadWindow(function, at, out VirtioWindow window))
                continue;
            switch ((VirtioPciCapabilityType)(function.Read(at) >> 24))
            {
                case VirtioPciCapabilityType.VIRTIO_PCI_CAP_COMMON_CFG:
                    Keep(ref layout.Common, in window);
                    break;
                case VirtioPciCapabilityType.VIRTIO_PCI_CAP_NOTIFY_CFG:
                    if (layout.Notifications.Length == 0)
                        layout.NotificationMultiplier = function.Read(at + VirtioPciCapability.notify_off_multiplier);
                    Keep(ref layout.Notifications, in window);
                    break;
                case VirtioPciCapabilityType.VIRTIO_PCI_CAP_ISR_CFG:
                    Keep(ref layout.InterruptStatus, in window);
                    break;
                case VirtioPciCapabilityType.VIRTIO_PCI_CAP_DEVICE_CFG:
                    Keep(ref layout.Device, in window);
                    break;
            }
        }
        return layout.Common.Length >= VirtioPciCommonConfiguration.Length && layout.Notifications.Length >= sizeof(ushort)
            && layout.InterruptStatus.Length != 0 && layout.Device.Length >= deviceBytes;
    }

    private static bool TryReadWindow(PciFunction function, int at, out VirtioWindow window)
    {
        uint offset = function.Read(at + VirtioPciCapability.offset), length = function.Read(at + VirtioPciCapability.length);
        PciBar bar = function.Bar((int)(function.Read(at + VirtioPciCapability.bar) & byte.MaxValue));
        bool isThere = bar.TryGetMemory(offset, length, out HostPhysicalAddress address) && offset % 4 == 0;
        window = new VirtioWindow { Address = address, Length = length < LongestWindow ? length : LongestWindow };
        return isThere;
    }

    private static void Keep(ref VirtioWindow kept, in VirtioWindow window)
    {
        if (kept.Length == 0)
            kept = window;
    }
}
