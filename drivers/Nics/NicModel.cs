using System;
using HyperOS.Core;
using HyperOS.Ethernet;
using HyperOS.Memory;
using HyperOS.Pci;
using HyperOS.Specs.IntelEthernet;
using HyperOS.Specs.Virtio;
using HyperOS.Virtio;

namespace HyperOS.Nics;

/// <summary>The kinds of cards that there are drivers for.</summary>
internal enum NicModel : byte
{
    Unknown,
    Intel82540EM,
    Intel82574L,
    Intel82576,
    VirtioNet,
}

/// <summary>Recognizes cards, and makes their drivers.</summary>
internal static class NicModels
{
    /// <summary>A virtio network device that also has the interface of the time before virtio 1.0.</summary>
    private const ushort TransitionalNetwork = 0x1000;

    private const ushort Intel = 0x8086;

    public static NicModel Recognize(PciFunction function) => (function.VendorId, function.DeviceId) switch
    {
        (Intel, 0x100E) => NicModel.Intel82540EM,
        (Intel, 0x10D3) => NicModel.Intel82574L,
        (Intel, 0x10C9) => NicModel.Intel82576,
        (VirtioPci.VendorId, TransitionalNetwork or VirtioPci.FirstDeviceId + (ushort)VirtioDeviceId.Network) => NicModel.VirtioNet,
        _ => NicModel.Unknown,
    };

    public static ReadOnlySpan<byte> Name(NicModel model) => model switch
    {
        NicModel.Intel82540EM => "Intel 82540EM"u8,
        NicModel.Intel82574L => "Intel 82574L"u8,
        NicModel.Intel82576 => "Intel 82576"u8,
        _ => "virtio-net"u8,
    };

    /// <summary>Maps a card's registers and takes its memory. After <see cref="PciFunction.ReadBaseAddresses"/>.</summary>
    /// <param name="model">The card's kind.</param>
    /// <param name="function">The card.</param>
    /// <param name="transport">Of a virtio device, whose interrupts are to be chosen yet; else null.</param>
    /// <param name="problem">Why there is no driver, for the log.</param>
    /// <returns>Null if it cannot be used.</returns>
    public static NicDevice? Create(NicModel model, PciFunction function, out VirtioTransport? transport, out ReadOnlySpan<byte> problem)
    {
        transport = null;
        problem = "too little memory"u8;
        bool isVirtio = model == NicModel.VirtioNet;
        FrameZone zone = model == NicModel.Intel82540EM ? FrameZone.Below4GiB : FrameZone.Any;
        if (!DmaBuffer.TryAllocate(isVirtio ? VirtioNic.Pages : IntelNic.Pages, FrameOwner.Kernel, zone, out DmaBuffer? memory))
            return null;
        if (isVirtio)
        {
            problem = "its registers are not where virtio 1.x has them"u8;
            transport = TryMapVirtio(function);
            return transport is null ? null : new VirtioNic(transport, memory!);
        }
        problem = "its registers have no address"u8;
        if (!function.Bar(0).TryGetMemory(0, ControllerRegisters.Length, out HostPhysicalAddress address)
            || !DeviceMemory.TryMap(address, ControllerRegisters.Length, out DeviceMemory? registers))
        {
            return null;
        }
        IntelNicFamily family = model switch
        {
            NicModel.Intel82540EM => IntelNicFamily.E1000,
            NicModel.Intel82574L => IntelNicFamily.E1000e,
            _ => IntelNicFamily.Igb,
        };
        return new IntelNic(registers!, memory!, family);
    }

    private static VirtioTransport? TryMapVirtio(PciFunction function)
    {
        if (!VirtioPciLayout.TryRead(function, VirtioNet.MaxVirtqueuePairs, out VirtioPciLayout layout)
            || !TryMap(in layout.Common, out DeviceMemory? common) || !TryMap(in layout.Notifications, out DeviceMemory? notifications)
            || !TryMap(in layout.InterruptStatus, out DeviceMemory? interruptStatus) || !TryMap(in layout.Device, out DeviceMemory? device))
        {
            return null;
        }
        return new VirtioTransport(common!, notifications!, layout.NotificationMultiplier, interruptStatus!, device!);
    }

    private static bool TryMap(in VirtioWindow window, out DeviceMemory? memory) => DeviceMemory.TryMap(window.Address, window.Length, out memory);
}
