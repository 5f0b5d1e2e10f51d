using HyperOS.Core;
using HyperOS.Specs.Virtio;

namespace HyperOS.Virtio;

/// <summary>A virtio device's registers on PCI, as its driver uses them. Virtio 1.2, section "Virtio Over PCI Bus".</summary>
public sealed class VirtioTransport
{
    private const int ResetPolls = 1000, ResetPoll = 100_000;

    private readonly DeviceRegisters _common, _notifications, _interruptStatus;
    private readonly uint _multiplier;

    /// <param name="common">struct virtio_pci_common_cfg; at least <see cref="VirtioPciCommonConfiguration.Length"/>.</param>
    /// <param name="notifications">Where queues are notified.</param>
    /// <param name="multiplier">Bytes between their addresses.</param>
    /// <param name="interruptStatus">The ISR status byte.</param>
    /// <param name="device">The kind's own configuration.</param>
    public VirtioTransport(
        DeviceRegisters common, DeviceRegisters notifications, uint multiplier, DeviceRegisters interruptStatus, DeviceRegisters device)
    {
        _common = common;
        _notifications = notifications;
        _multiplier = multiplier;
        _interruptStatus = interruptStatus;
        Device = device;
    }

    /// <summary>Messages of MSI-X that may be used; 0: the pin.</summary>
    public int Messages { get; set; }

    /// <summary>The kind's own configuration.</summary>
    public DeviceRegisters Device { get; }

    /// <summary>Another after each change of <see cref="Device"/>.</summary>
    public byte ConfigurationGeneration => _common.Read8(VirtioPciCommonConfiguration.config_generation);

    public byte Status => _common.Read8(VirtioPciCommonConfiguration.device_status);

    public void AddStatus(VirtioStatus status) =>
        _common.Write8(VirtioPciCommonConfiguration.device_status, (byte)(Status | (byte)status));

    /// <summary>Resets the device and waits for the reset's end.</summary>
    public bool TryReset(DeviceHost host)
    {
        _common.Write8(VirtioPciCommonConfiguration.device_status, 0);
        for (int i = 0; i < ResetPolls; i++)
        {
            if (Status == 0)
                return true;
            host.Delay(ResetPoll);
        }
        return false;
    }

    /// <summary>Agrees on features.</summary>
    /// <param name="required">Without which the driver cannot work.</param>
    /// <param name="useful">That it takes if they are offered.</param>
    /// <param name="agreed">Both, as far as offered.</param>
    /// <returns>False if the device lacks some of the first, or does not agree.</returns>
    public bool TryNegotiate(ulong required, ulong useful, out ulong agreed)
    {
        ulong offered = ReadFeatures(0) | (ulong)ReadFeatures(1) << 32;
        agreed = offered & (required | useful);
        if ((agreed & required) != required)
            return false;
        WriteFeatures(0, unchecked((uint)agreed));
        WriteFeatures(1, (uint)(agreed >> 32));
        AddStatus(VirtioStatus.FEATURES_OK);
        return (Status & (byte)VirtioStatus.FEATURES_OK) != 0;
    }

    /// <summary>Selects a queue for what follows.</summary>
    /// <returns>Most elements that it can have; 0 if there is no such queue.</returns>
    public ushort SelectQueue(ushort index)
    {
        _common.Write16(VirtioPciCommonConfiguration.queue_select, index);
        return _common.Read16(VirtioPciCommonConfiguration.queue_size);
    }

    /// <summary>Tells the device where the selected queue is, and starts it.</summary>
    /// <param name="size">Elements.</param>
    /// <param name="descriptors">Address of the table.</param>
    /// <param name="available">Address of the driver's ring.</param>
    /// <param name="used">Address of the device's ring.</param>
    /// <param name="message">Which one announces used buffers; <see cref="VirtioPci.VIRTIO_MSI_NO_VECTOR"/> for none.</param>
    /// <param name="notification">Where the queue is notified: an offset for <see cref="Notify"/>.</param>
    /// <returns>False if what the device says of the queue cannot be.</returns>
    public bool TryEnableQueue(ushort size, ulong descriptors, ulong available, ulong used, ushort message, out uint notification)
    {
        _common.Write16(VirtioPciCommonConfiguration.queue_size, size);
        WriteAddress(VirtioPciCommonConfiguration.queue_desc, descriptors);
        WriteAddress(VirtioPciCommonConfiguration.queue_driver, available);
        WriteAddress(VirtioPciCommonConfiguration.queue_device, used);
        _common.Write16(VirtioPciCommonConfiguration.queue_msix_vector, message);
        ulong offset = (ulong)_common.Read16(VirtioPciCommonConfiguration.queue_notify_off) * _multiplier;
        notification = (uint)(offset & 0xFFFF_FFFE);
        bool isSound = _common.Read16(VirtioPciCommonConfiguration.queue_msix_vector) == message && offset % sizeof(ushort) == 0
            && offset + sizeof(ushort) <= _notifications.Length;
        if (isSound)
            _common.Write16(VirtioPciCommonConfiguration.queue_enable, 1);
        return isSound;
    }

    /// <summary>Chooses the message that announces changes of the configuration.</summary>
    public bool TrySetConfigurationMessage(ushort message)
    {
        _common.Write16(VirtioPciCommonConfiguration.config_msix_vector, message);
        return _common.Read16(VirtioPciCommonConfiguration.config_msix_vector) == message;
    }

    /// <summary>There is something for the device in a queue.</summary>
    public void Notify(uint notification, ushort queue) => _notifications.Write16(notification, queue);

    /// <summary>Takes back the pin's interrupt.</summary>
    public void AcknowledgeInterrupt() => _interruptStatus.Read8(0);

    private uint ReadFeatures(uint half)
    {
        _common.Write32(VirtioPciCommonConfiguration.device_feature_select, half);
        return _common.Read32(VirtioPciCommonConfiguration.device_feature);
    }

    private void WriteFeatures(uint half, uint features)
    {
        _common.Write32(VirtioPciCommonConfiguration.driver_feature_select, half);
        _common.Write32(VirtioPciCommonConfiguration.driver_feature, features);
    }

    private void WriteAddress(uint register, ulong address)
    {
        _common.Write32(register, unchecked((uint)address));
        _common.Write32(register + 4, (uint)(address >> 32));
    }
}
