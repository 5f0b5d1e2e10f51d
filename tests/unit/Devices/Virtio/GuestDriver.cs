using System.Buffers.Binary;
using HyperOS.Core;
using HyperOS.Devices;
using HyperOS.Specs.Virtio;

namespace HyperOS.Tests.Unit.Devices;

/// <summary>A buffer of a chain as a driver describes it.</summary>
internal readonly record struct Buffer(ulong Address, uint Length, bool IsWritable);

/// <summary>
/// A guest's driver, as far as rings go: sets a device up, lays out queues in RAM, and counts what it is told. By default its notifications
/// have the queue served at once, without end.
/// </summary>
internal sealed class GuestDriver
{
    private readonly DriverQueue?[] _queues;
    private ulong _next = 0x1000;

    private sealed class Interrupts(GuestDriver driver) : VirtioInterrupts
    {
        public override void RaiseQueue(int queue) => driver.QueueInterrupts[queue]++;

        public override void RaiseConfiguration() => driver.ConfigurationInterrupts++;
    }

    private sealed class Notifications(GuestDriver driver) : VirtioNotifications
    {
        public override void Notified(VirtioDevice device, int queue)
        {
            driver.NotificationCount++;
            if (driver.ServesAtOnce)
                driver.Serve(queue);
        }

        public override void BeginReset(VirtioDevice device) => driver.Resets++;

        public override void ResetDone(VirtioDevice device)
        {
        }
    }

    public GuestDriver(VirtioDevice device, TestRam ram)
    {
        Device = device;
        Ram = ram;
        QueueInterrupts = new int[device.QueueCount];
        _queues = new DriverQueue?[device.QueueCount];
        device.Connect(new Interrupts(this), new Notifications(this));
    }

    public VirtioDevice Device { get; }

    public TestRam Ram { get; }

    public int[] QueueInterrupts { get; }

    public int ConfigurationInterrupts { get; private set; }

    public int NotificationCount { get; private set; }

    public int Resets { get; private set; }

    public bool ServesAtOnce { get; set; } = true;

    public ServiceOutcome LastOutcome { get; private set; }

    public bool NeedsReset => (Device.Status & VirtioStatus.DEVICE_NEEDS_RESET) != 0;

    public DriverQueue this[int queue] => _queues[queue]!;

    /// <summary>The whole way to DRIVER_OK, with all features that are offered but <paramref name="without"/>.</summary>
    public GuestDriver Start(ulong without = 0, ushort size = 0, ulong among = ulong.MaxValue)
    {
        Negotiate(Device.OfferedFeatures & among & ~without);
        for (int i = 0; i < Device.QueueCount; i++)
            SetUp(i, size);
        Device.WriteStatus((byte)(Device.Status | VirtioStatus.DRIVER_OK));
        return this;
    }

    public bool Negotiate(ulong features)
    {
        Device.WriteStatus((byte)VirtioStatus.ACKNOWLEDGE);
        Device.WriteStatus((byte)(VirtioStatus.ACKNOWLEDGE | VirtioStatus.DRIVER));
        Device.WriteAcceptedFeatures(0, (uint)features);
        Device.WriteAcceptedFeatures(1, (uint)(features >> 32));
        Device.WriteStatus((byte)(Device.Status | VirtioStatus.FEATURES_OK));
        return (Device.Status & VirtioStatus.FEATURES_OK) != 0;
    }

    public DriverQueue SetUp(int index, ushort size = 0)
    {
        Assert.True(Device.TryGetQueue((uint)index, out Virtqueue queue));
        size = size == 0 ? queue.MaximumSize : size;
        DriverQueue driver = new(this, index, size);
        queue.Size = size;
        queue.DescriptorArea = new GuestPhysicalAddress(driver.Descriptors);
        queue.DriverArea = new GuestPhysicalAddress(driver.Available);
        queue.DeviceArea = new GuestPhysicalAddress(driver.Used);
        Device.EnableQueue((uint)index);
        _queues[index] = driver;
        return driver;
    }

    public void Serve(int queue, int budget = 1 << 20)
    {
        do
            LastOutcome = Device.Service(queue, budget);
        while (LastOutcome == ServiceOutcome.More);
    }

    /// <summary>RAM that nothing else uses, zeroed.</summary>
    public ulong Allocate(int bytes, int alignment = 16)
    {
        ulong address = (_next + (ulong)alignment - 1) & ~((ulong)alignment - 1);
        _next = address + (ulong)bytes;
        Ram.Bytes.AsSpan((int)address, bytes).Clear();
        return address;
    }

    public Buffer Readable(ReadOnlySpan<byte> content)
    {
        ulong address = Allocate(Math.Max(content.Length, 1), 1);
        content.CopyTo(Ram.Bytes.AsSpan((int)address));
        return new Buffer(address, (uint)content.Length, false);
    }

    public Buffer Writable(int length)
    {
        ulong address = Allocate(length, 1);
        Ram.Bytes.AsSpan((int)address, length).Fill(0xEE);
        return new Buffer(address, (uint)length, true);
    }

    public byte[] Content(Buffer buffer) => Ram.Bytes.AsSpan((int)buffer.Address, (int)buffer.Length).ToArray();

    public byte[] Configuration(int offset, int length)
    {
        byte[] bytes = new byte[length];
        Device.ReadConfiguration((uint)offset, bytes);
        return bytes;
    }
}

/// <summary>The driver's side of a split ring.</summary>
internal sealed class DriverQueue
{
    private readonly GuestDriver _driver;
    private readonly int _index;
    private readonly Dictionary<ushort, ushort[]> _chains = [];
    private readonly Queue<ushort> _free = [];
    private ushort _added;
    private ushort _seen;

    public DriverQueue(GuestDriver driver, int index, ushort size)
    {
        _driver = driver;
        _index = index;
        Size = size;
        Descriptors = driver.Allocate(16 * size);
        Available = driver.Allocate(6 + 2 * size, 2);
        Used = driver.Allocate(6 + 8 * size, 4);
        for (ushort i = 0; i < size; i++)
            _free.Enqueue(i);
    }

    public ushort Size { get; }

    public ulong Descriptors { get; }

    public ulong Available { get; }

    public ulong Used { get; }

    public ushort UsedIndex => Read16(Used + 2);

    public ushort UsedFlags => Read16(Used);

    public ushort AvailableEvent => Read16(Used + 4 + 8u * Size);

    /// <summary>Asks for an interrupt when the used index passes this.</summary>
    public ushort UsedEvent
    {
        get => Read16(Available + 4 + 2u * Size);
        set => Write16(Available + 4 + 2u * Size, value);
    }

    public ushort AvailableFlags
    {
        set => Write16(Available, value);
    }

    private bool HasEventIndex => (_driver.Device.AcceptedFeatures & VirtioFeatures.VIRTIO_F_EVENT_IDX) != 0;

    /// <summary>Makes a chain available; the device does not hear of it.</summary>
    public ushort Add(params Buffer[] buffers)
    {
        ushort[] ids = new ushort[buffers.Length];
        for (int i = 0; i < ids.Length; i++)
            ids[i] = _free.Dequeue();
        for (int i = 0; i < ids.Length; i++)
        {
            int flags = (buffers[i].IsWritable ? 2 : 0) | (i + 1 < ids.Length ? 1 : 0);
            WriteDescriptor(Descriptors, ids[i], buffers[i].Address, buffers[i].Length, flags, i + 1 < ids.Length ? ids[i + 1] : (ushort)0);
        }
        _chains[ids[0]] = ids;
        Offer(ids[0]);
        return ids[0];
    }

    /// <summary>The same by a table of its own.</summary>
    public ushort AddIndirect(params Buffer[] buffers)
    {
        ulong table = _driver.Allocate(16 * buffers.Length, 1);
        for (int i = 0; i < buffers.Length; i++)
        {
            int flags = (buffers[i].IsWritable ? 2 : 0) | (i + 1 < buffers.Length ? 1 : 0);
            WriteDescriptor(table, (ushort)i, buffers[i].Address, buffers[i].Length, flags, (ushort)(i + 1));
        }
        ushort id = _free.Dequeue();
        WriteDescriptor(Descriptors, id, table, (uint)(16 * buffers.Length), 4, 0);
        _chains[id] = [id];
        Offer(id);
        return id;
    }

    public void WriteDescriptor(ulong table, ushort id, ulong address, uint length, int flags, ushort next)
    {
        Span<byte> bytes = _driver.Ram.Bytes.AsSpan((int)table + 16 * id, 16);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, address);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[8..], length);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[12..], (ushort)flags);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[14..], next);
    }

    /// <summary>Puts a chain's head into the available ring, whatever it is.</summary>
    public void Offer(ushort head)
    {
        Write16(Available + 4 + 2u * (uint)(_added % Size), head);
        _added++;
        Write16(Available + 2, _added);
    }

    /// <summary>Notifies if the device wants to hear of the last <paramref name="count"/> chains.</summary>
    public bool Kick(int count = 1)
    {
        ushort old = (ushort)(_added - count);
        bool wanted = HasEventIndex ? (ushort)(_added - AvailableEvent - 1) < (ushort)(_added - old) : (UsedFlags & 1) == 0;
        if (wanted)
            _driver.Device.Notify((uint)_index);
        return wanted;
    }

    /// <summary>Takes what came back next.</summary>
    public bool TryTake(out ushort id, out uint written)
    {
        id = 0;
        written = 0;
        if (_seen == UsedIndex)
            return false;
        ulong element = Used + 4 + 8u * (uint)(_seen % Size);
        id = (ushort)BinaryPrimitives.ReadUInt32LittleEndian(_driver.Ram.Bytes.AsSpan((int)element));
        written = BinaryPrimitives.ReadUInt32LittleEndian(_driver.Ram.Bytes.AsSpan((int)element + 4));
        foreach (ushort descriptor in _chains[id])
            _free.Enqueue(descriptor);
        _chains.Remove(id);
        _seen++;
        if (HasEventIndex)
            UsedEvent = _seen;
        return true;
    }

    /// <summary>A chain to the device and back.</summary>
    public uint Do(params Buffer[] buffers)
    {
        ushort head = Add(buffers);
        Kick();
        Assert.True(TryTake(out ushort id, out uint written));
        Assert.Equal(head, id);
        return written;
    }

    public void Write16(ulong address, ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(_driver.Ram.Bytes.AsSpan((int)address), value);

    private ushort Read16(ulong address) => BinaryPrimitives.ReadUInt16LittleEndian(_driver.Ram.Bytes.AsSpan((int)address));
}
