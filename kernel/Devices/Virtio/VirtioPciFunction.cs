using System;
using System.Buffers.Binary;
using System.Numerics;
using System.Threading;
using HyperOS.Abi.State;
using HyperOS.Core;
using HyperOS.Specs.Pci;
using HyperOS.Specs.Virtio;

namespace HyperOS.Devices;

/// <summary>
/// A virtio device on a guest's PCI bus: virtio 1.2, section "Virtio Over PCI Bus", without the legacy interface. The device is any
/// <see cref="VirtioDevice"/>; this carries its registers and interrupts.
/// <code>
///   BAR 0  +0000  common configuration     +1000  notifications, 4 bytes a queue
///          +0400  ISR status               +2000  MSI-X table
///          +0800  device configuration     +3000  MSI-X pending bits
///   BAR 2  +0     notifications by ports, 4 a queue
/// </code>
/// Vector 0 and one for each queue are there; the driver says which is whose. Notifications by ports come first in the list of capabilities: nothing has to
/// be decoded for an OUT, which costs a third of a store.
/// </summary>
/// <remarks>
/// Fields take accesses of their own width alone, those of 64 bits in halves, as drivers have to make them: others read right and write
/// nothing. The bus calls with the lock of the VM's devices held; interrupts are raised by any thread.
/// </remarks>
public sealed class VirtioPciFunction : PciFunction
{
    private const int Bar = 0, PortBar = 2;
    private const uint IsrOffset = 0x400, DeviceOffset = 0x800, NotifyOffset = 0x1000, TableOffset = 0x2000, PendingOffset = 0x3000, BarBytes = 0x4000;

    /// <summary>Bytes of a queue's notification address: each has its own.</summary>
    private const uint NotifyMultiplier = 4;

    // Configuration.
    private readonly int _accessCapability;

    // Guest-visible state.
    private readonly ushort[] _queueVectors;
    private ushort _configurationVector = VirtioPci.VIRTIO_MSI_NO_VECTOR;
    private uint _deviceFeatureSelect;
    private uint _driverFeatureSelect;
    private ushort _queueSelect;
    private uint _isr;

    /// <param name="device">Not connected yet.</param>
    /// <param name="notifications">Who serves its queues.</param>
    public VirtioPciFunction(VirtioDevice device, VirtioNotifications notifications)
        : base(new PciIdentity
        {
            VendorId = VirtioPci.VendorId,
            DeviceId = (ushort)(VirtioPci.FirstDeviceId + (int)device.DeviceId),
            RevisionId = VirtioPci.RevisionId,
            ClassCode = ClassOf(device.DeviceId),
            SubsystemVendorId = VirtioPci.VendorId,
            SubsystemId = (ushort)(VirtioPci.FirstDeviceId + (int)device.DeviceId),
        })
    {
        Device = device;
        _queueVectors = new ushort[device.QueueCount];
        _queueVectors.AsSpan().Fill(VirtioPci.VIRTIO_MSI_NO_VECTOR);
        DeclareBar(Bar, PciBarKind.Memory64, BarBytes);
        uint notifyBytes = (uint)device.QueueCount * NotifyMultiplier;
        DeclareBar(PortBar, PciBarKind.Io, 1ul << BitOperations.Log2(notifyBytes - 1) + 1); // the next power of two
        DeclareInterruptPin(1);
        DeclareMsix(device.QueueCount + 1, Bar, TableOffset, PendingOffset);
        Declare(VirtioPciCapabilityType.VIRTIO_PCI_CAP_COMMON_CFG, Bar, 0, VirtioPciCommonConfiguration.Length);
        Declare(VirtioPciCapabilityType.VIRTIO_PCI_CAP_ISR_CFG, Bar, IsrOffset, 1);
        if (device.ConfigurationLength != 0)
            Declare(VirtioPciCapabilityType.VIRTIO_PCI_CAP_DEVICE_CFG, Bar, DeviceOffset, (uint)device.ConfigurationLength);
        Declare(VirtioPciCapabilityType.VIRTIO_PCI_CAP_NOTIFY_CFG, PortBar, 0, notifyBytes, NotifyMultiplier);
        Declare(VirtioPciCapabilityType.VIRTIO_PCI_CAP_NOTIFY_CFG, Bar, NotifyOffset, notifyBytes, NotifyMultiplier);
        _accessCapability = DeclareAccess();
        device.Connect(new Interrupts(this), notifications);
    }

    /// <summary>The device behind it.</summary>
    public VirtioDevice Device { get; }

    public override uint ReadBar(int bar, uint offset, int width)
    {
        if (bar == PortBar)
            return 0;
        switch (offset)
        {
            case < VirtioPciCommonConfiguration.Length:
                return RegisterBytes.Extract(ReadCommon((int)offset & ~3), offset, width);
            case IsrOffset:
                // In this order: an interrupt raised in between stays asserted, and costs a look at most.
                SetInterrupt(false);
                return Interlocked.Exchange(ref _isr, 0);
            case >= DeviceOffset and < NotifyOffset:
                Span<byte> bytes = stackalloc byte[sizeof(uint)];
                bytes.Clear();
                Device.ReadConfiguration(offset - DeviceOffset, bytes.Slice(0, width));
                return BinaryPrimitives.ReadUInt32LittleEndian(bytes);
            default:
                return 0;
        }
    }

    public override void WriteBar(int bar, uint offset, int width, uint value)
    {
        if (bar == PortBar)
        {
            Notify(offset);
            return;
        }
        switch (offset)
        {
            case >= NotifyOffset and < TableOffset:
                Notify(offset - NotifyOffset);
                break;
            case < VirtioPciCommonConfiguration.Length:
                WriteCommon((int)offset, width, value);
                break;
            case >= DeviceOffset and < NotifyOffset:
                Span<byte> bytes = stackalloc byte[sizeof(uint)];
                BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
                Device.WriteConfiguration(offset - DeviceOffset, bytes.Slice(0, width));
                break;
        }
    }

    /// <summary>Saves the transport's own registers.</summary>
    public void Save(out VirtioPciState state)
    {
        state = default;
        state.Version = VirtioPciState.CurrentVersion;
        state.DeviceFeatureSelect = _deviceFeatureSelect;
        state.DriverFeatureSelect = _driverFeatureSelect;
        state.QueueSelect = _queueSelect;
        state.ConfigurationVector = _configurationVector;
        for (int i = 0; i < _queueVectors.Length; i++)
            state.QueueVectors[i] = _queueVectors[i];
        state.Isr = (byte)Volatile.Read(ref _isr);
    }

    /// <summary>Restores the transport's own registers; <see cref="PciFunction.RestoreFunction"/> does the rest of it.</summary>
    public RestoreStatus Restore(in VirtioPciState state)
    {
        if (state.Version != VirtioPciState.CurrentVersion)
            return RestoreStatus.UnknownVersion;
        bool valid = (state.Isr & ~(VirtioPci.QueueInterrupt | VirtioPci.ConfigurationInterrupt)) == 0 && IsVector(state.ConfigurationVector);
        for (int i = 0; i < _queueVectors.Length; i++)
            valid &= IsVector(state.QueueVectors[i]);
        if (!valid)
            return RestoreStatus.InvalidValue;
        _deviceFeatureSelect = state.DeviceFeatureSelect;
        _driverFeatureSelect = state.DriverFeatureSelect;
        _queueSelect = state.QueueSelect;
        _configurationVector = state.ConfigurationVector;
        for (int i = 0; i < _queueVectors.Length; i++)
            _queueVectors[i] = state.QueueVectors[i];
        Volatile.Write(ref _isr, state.Isr);
        return RestoreStatus.Restored;
    }

    protected override void OnReset() => WriteStatus(0);

    protected override void OnConfigurationRead(int offset, int width)
    {
        if (!IsAccessed(offset, width) || !TryGetAccess(out int bar, out uint at, out int length))
            return;
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, Read(bar, at, length));
        SetConfiguration(_accessCapability + VirtioPciCapability.pci_cfg_data, bytes);
    }

    protected override void OnConfigurationWritten(int offset, int width)
    {
        if (!IsAccessed(offset, width) || !TryGetAccess(out int bar, out uint at, out int length))
            return;
        uint value = BinaryPrimitives.ReadUInt32LittleEndian(Configuration(_accessCapability + VirtioPciCapability.pci_cfg_data, sizeof(uint)));
        Write(bar, at, length, value & RegisterBytes.Mask(length));
    }

    // A device that may not access memory cannot look at its rings.
    private void Notify(uint offset)
    {
        if (IsBusMaster)
            Device.Notify(offset / NotifyMultiplier);
    }

    private uint ReadCommon(int register)
    {
        bool isThere = Device.TryGetQueue(_queueSelect, out Virtqueue queue);
        switch (register)
        {
            case VirtioPciCommonConfiguration.device_feature_select:
                return _deviceFeatureSelect;
            case VirtioPciCommonConfiguration.device_feature:
                return Device.ReadOfferedFeatures(_deviceFeatureSelect);
            case VirtioPciCommonConfiguration.driver_feature_select:
                return _driverFeatureSelect;
            case VirtioPciCommonConfiguration.driver_feature:
                return Device.ReadAcceptedFeatures(_driverFeatureSelect);
            case VirtioPciCommonConfiguration.config_msix_vector: // and num_queues
                return _configurationVector | (uint)Device.QueueCount << 16;
            case VirtioPciCommonConfiguration.device_status: // and config_generation, queue_select
                return (uint)Device.Status | (uint)Device.ConfigurationGeneration << 8 | (uint)_queueSelect << 16;
        }
        if (!isThere)
            return register == VirtioPciCommonConfiguration.queue_size ? (uint)VirtioPci.VIRTIO_MSI_NO_VECTOR << 16 : 0;
        return register switch
        {
            VirtioPciCommonConfiguration.queue_size => queue.Size | (uint)_queueVectors[_queueSelect] << 16, // and queue_msix_vector
            VirtioPciCommonConfiguration.queue_enable => (queue.IsEnabled ? 1u : 0) | (uint)_queueSelect << 16, // and queue_notify_off
            VirtioPciCommonConfiguration.queue_desc => Half(queue.DescriptorArea, 0),
            VirtioPciCommonConfiguration.queue_desc + 4 => Half(queue.DescriptorArea, 1),
            VirtioPciCommonConfiguration.queue_driver => Half(queue.DriverArea, 0),
            VirtioPciCommonConfiguration.queue_driver + 4 => Half(queue.DriverArea, 1),
            VirtioPciCommonConfiguration.queue_device => Half(queue.DeviceArea, 0),
            _ => Half(queue.DeviceArea, 1),
        };
    }

    private void WriteCommon(int offset, int width, uint value)
    {
        FaultPoint.Hit(FaultPlace.VirtioRegisters);
        switch (offset, width)
        {
            case (VirtioPciCommonConfiguration.device_feature_select, 4):
                _deviceFeatureSelect = value;
                return;
            case (VirtioPciCommonConfiguration.driver_feature_select, 4):
                _driverFeatureSelect = value;
                return;
            case (VirtioPciCommonConfiguration.driver_feature, 4):
                Device.WriteAcceptedFeatures(_driverFeatureSelect, value);
                return;
            case (VirtioPciCommonConfiguration.config_msix_vector, 2):
                _configurationVector = Vector(value);
                return;
            case (VirtioPciCommonConfiguration.device_status, 1):
                WriteStatus((byte)value);
                return;
            case (VirtioPciCommonConfiguration.queue_select, 2):
                _queueSelect = (ushort)value;
                return;
        }
        if (!Device.TryGetQueue(_queueSelect, out Virtqueue queue))
            return;
        switch (offset, width)
        {
            case (VirtioPciCommonConfiguration.queue_size, 2):
                queue.Size = (ushort)value;
                break;
            case (VirtioPciCommonConfiguration.queue_msix_vector, 2):
                _queueVectors[_queueSelect] = Vector(value);
                break;
            case (VirtioPciCommonConfiguration.queue_enable, 2) when value == 1:
                Device.EnableQueue(_queueSelect);
                break;
            case (VirtioPciCommonConfiguration.queue_desc or VirtioPciCommonConfiguration.queue_desc + 4, 4):
                queue.DescriptorArea = WithHalf(queue.DescriptorArea, offset, value);
                break;
            case (VirtioPciCommonConfiguration.queue_driver or VirtioPciCommonConfiguration.queue_driver + 4, 4):
                queue.DriverArea = WithHalf(queue.DriverArea, offset, value);
                break;
            case (VirtioPciCommonConfiguration.queue_device or VirtioPciCommonConfiguration.queue_device + 4, 4):
                queue.DeviceArea = WithHalf(queue.DeviceArea, offset, value);
                break;
        }
    }

    private void WriteStatus(byte value)
    {
        Device.WriteStatus(value);
        if (value != 0)
            return;
        _deviceFeatureSelect = 0;
        _driverFeatureSelect = 0;
        _queueSelect = 0;
        _configurationVector = VirtioPci.VIRTIO_MSI_NO_VECTOR;
        _queueVectors.AsSpan().Fill(VirtioPci.VIRTIO_MSI_NO_VECTOR);
        SetInterrupt(false);
        Interlocked.Exchange(ref _isr, 0);
    }

    private bool IsVector(ushort vector) => vector == VirtioPci.VIRTIO_MSI_NO_VECTOR || vector <= _queueVectors.Length;

    // A vector that the table does not have cannot be taken.
    private ushort Vector(uint value) => IsVector((ushort)value) ? (ushort)value : VirtioPci.VIRTIO_MSI_NO_VECTOR;

    private void Raise(ushort vector, uint isr)
    {
        if (IsMsixEnabled)
        {
            Msix!.Signal(vector);
            return;
        }
        Interlocked.Or(ref _isr, isr);
        SetInterrupt(true);
    }

    private void Declare(VirtioPciCapabilityType type, int bar, uint offset, uint length, uint notifyMultiplier = 0)
    {
        bool isExtended = type == VirtioPciCapabilityType.VIRTIO_PCI_CAP_NOTIFY_CFG;
        Span<byte> bytes = stackalloc byte[VirtioPciCapability.ExtendedLength];
        Describe(bytes, type, bar, offset, length);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.Slice(VirtioPciCapability.notify_off_multiplier), notifyMultiplier);
        int count = isExtended ? VirtioPciCapability.ExtendedLength : VirtioPciCapability.Length;
        bytes[VirtioPciCapability.cap_len] = (byte)count;
        int at = AddCapability(PciCapabilityId.VendorSpecific, count);
        SetCapability(at + VirtioPciCapability.cap_len, bytes.Slice(VirtioPciCapability.cap_len, count - VirtioPciCapability.cap_len));
    }

    // Bar, offset, length and data are the driver's to write.
    private int DeclareAccess()
    {
        Span<byte> bytes = stackalloc byte[VirtioPciCapability.ExtendedLength];
        Span<byte> writable = stackalloc byte[VirtioPciCapability.ExtendedLength];
        Describe(bytes, VirtioPciCapabilityType.VIRTIO_PCI_CAP_PCI_CFG, Bar, 0, 0);
        bytes[VirtioPciCapability.cap_len] = VirtioPciCapability.ExtendedLength;
        writable.Clear();
        writable[VirtioPciCapability.bar] = byte.MaxValue;
        writable.Slice(VirtioPciCapability.offset).Fill(byte.MaxValue);
        int at = AddCapability(PciCapabilityId.VendorSpecific, VirtioPciCapability.ExtendedLength);
        SetCapability(at + VirtioPciCapability.cap_len, bytes.Slice(VirtioPciCapability.cap_len), writable.Slice(VirtioPciCapability.cap_len));
        return at;
    }

    private static void Describe(Span<byte> bytes, VirtioPciCapabilityType type, int bar, uint offset, uint length)
    {
        bytes.Clear();
        bytes[VirtioPciCapability.cfg_type] = (byte)type;
        bytes[VirtioPciCapability.bar] = (byte)bar;
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.Slice(VirtioPciCapability.offset), offset);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.Slice(VirtioPciCapability.length), length);
    }

    private bool IsAccessed(int offset, int width)
    {
        int data = _accessCapability + VirtioPciCapability.pci_cfg_data;
        return offset < data + sizeof(uint) && offset + width > data;
    }

    // What pci_cfg_data stands for; an access that could not be made to the memory is none.
    private bool TryGetAccess(out int bar, out uint offset, out int length)
    {
        ReadOnlySpan<byte> fields = Configuration(_accessCapability, VirtioPciCapability.Length);
        bar = fields[VirtioPciCapability.bar];
        offset = BinaryPrimitives.ReadUInt32LittleEndian(fields.Slice(VirtioPciCapability.offset));
        uint bytes = BinaryPrimitives.ReadUInt32LittleEndian(fields.Slice(VirtioPciCapability.length));
        bool valid = bytes is 1 or 2 or 4 && offset % bytes == 0 && offset < BarLength(bar);
        length = valid ? (int)bytes : 0;
        return valid;
    }

    private static uint Half(GuestPhysicalAddress address, int index) => unchecked((uint)(address.Value >> (32 * index)));

    private static GuestPhysicalAddress WithHalf(GuestPhysicalAddress address, int offset, uint value)
    {
        int shift = (offset & 4) * 8;
        return new GuestPhysicalAddress(address.Value & ~((ulong)uint.MaxValue << shift) | (ulong)value << shift);
    }

    private static uint ClassOf(VirtioDeviceId device) => device switch
    {
        VirtioDeviceId.Network => PciClass.Ethernet,
        VirtioDeviceId.Block => PciClass.MassStorageOther,
        VirtioDeviceId.Console => PciClass.CommunicationOther,
        _ => PciClass.Other,
    };

    private sealed class Interrupts : VirtioInterrupts
    {
        private readonly VirtioPciFunction _function;

        public Interrupts(VirtioPciFunction function) => _function = function;

        public override void RaiseQueue(int queue) => _function.Raise(_function._queueVectors[queue], VirtioPci.QueueInterrupt);

        public override void RaiseConfiguration() => _function.Raise(_function._configurationVector, VirtioPci.ConfigurationInterrupt);
    }
}
