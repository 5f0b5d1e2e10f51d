using System;
using System.Threading;
using HyperOS.Abi.State;
using HyperOS.Specs.Virtio;

namespace HyperOS.Devices;

/// <summary>How serving a queue ended.</summary>
public enum ServiceOutcome
{
    /// <summary>All is done that was to do; the driver notifies when there is more.</summary>
    Idle,

    /// <summary>The budget is used up: serve again.</summary>
    More,

    /// <summary>There is work that the device's back end cannot take now: serve again when it can.</summary>
    Waiting,
}

/// <summary>What a device made of a chain.</summary>
public enum ChainOutcome
{
    /// <summary>It is done with.</summary>
    Used,

    /// <summary>The back end cannot take or give any more now; the chain is to be taken again.</summary>
    Later,

    /// <summary>It is not done with, but the budget is; the rest comes when the chain is taken again.</summary>
    Again,

    /// <summary>It is no request at all: there is not even a place to say so.</summary>
    Malformed,
}

/// <summary>
/// A virtio device without its transport: status, features, queues and configuration as virtio 1.2, section "Basic Facilities of a Virtio Device",
/// has them. The transport carries the driver's registers here and what the device raises (<see cref="VirtioInterrupts"/>) to the driver; the
/// kernel decides who serves a queue (<see cref="VirtioNotifications"/>).
/// <code>
///   new -> Connect -> driver: WriteStatus(ACKNOWLEDGE, DRIVER) -> WriteAcceptedFeatures -> WriteStatus(FEATURES_OK)
///       -> queues: Size, areas, EnableQueue -> WriteStatus(DRIVER_OK) -> Notify -> kernel: Service -> … -> WriteStatus(0): reset
/// </code>
/// </summary>
/// <remarks>
/// Registers are the transport's, one thread at a time. Each queue has one owner at a time, who may serve it beside others' queues. A driver that
/// breaks the rules sees DEVICE_NEEDS_RESET and a configuration interrupt; nothing is served until it resets the device.
/// </remarks>
public abstract class VirtioDevice
{
    /// <summary>Queues that a device can have.</summary>
    public const int MaximumQueues = VirtqueueStates.Length;

    /// <summary>What every device offers beside its own features.</summary>
    private const ulong CommonFeatures =
        VirtioFeatures.VIRTIO_F_VERSION_1 | VirtioFeatures.VIRTIO_F_INDIRECT_DESC | VirtioFeatures.VIRTIO_F_EVENT_IDX;

    private const VirtioStatus Writable =
        VirtioStatus.ACKNOWLEDGE | VirtioStatus.DRIVER | VirtioStatus.DRIVER_OK | VirtioStatus.FEATURES_OK | VirtioStatus.FAILED;

    // Configuration.
    private readonly Virtqueue[] _queues;
    private readonly byte[] _configuration;

    // Wiring.
    private VirtioInterrupts? _interrupts;
    private VirtioNotifications? _notifications;

    // Guest-visible state. The status is changed by queues' owners too.
    private uint _status;
    private int _generation;
    private ulong _acceptedFeatures;

    /// <param name="features">The device's own, which it offers.</param>
    /// <param name="queues">From 1 to <see cref="MaximumQueues"/>.</param>
    /// <param name="queueSize">Of each; a power of two.</param>
    /// <param name="configurationLength">Bytes of the device's configuration.</param>
    protected VirtioDevice(VirtioDeviceId deviceId, ulong features, GuestRam ram, int queues, ushort queueSize, int configurationLength)
    {
        DeviceId = deviceId;
        OfferedFeatures = features | CommonFeatures;
        Ram = ram;
        _queues = new Virtqueue[queues];
        for (int i = 0; i < queues; i++)
            _queues[i] = new Virtqueue(ram, queueSize);
        _configuration = new byte[configurationLength];
    }

    /// <summary>What the device is.</summary>
    public VirtioDeviceId DeviceId { get; }

    /// <summary>Feature bits that the device has.</summary>
    public ulong OfferedFeatures { get; }

    /// <summary>Feature bits that the driver wants; agreed once the status has FEATURES_OK.</summary>
    public ulong AcceptedFeatures => _acceptedFeatures;

    /// <summary>Number of queues.</summary>
    public int QueueCount => _queues.Length;

    /// <summary>Bytes of the device's configuration.</summary>
    public int ConfigurationLength => _configuration.Length;

    /// <summary>Another after each change of the configuration that is not the driver's own.</summary>
    public byte ConfigurationGeneration => unchecked((byte)Volatile.Read(ref _generation));

    /// <summary>The device status field.</summary>
    public VirtioStatus Status => (VirtioStatus)Volatile.Read(ref _status);

    /// <summary>Whether the driver is ready and the device not broken.</summary>
    public bool IsRunning => (Status & (VirtioStatus.DRIVER_OK | VirtioStatus.DEVICE_NEEDS_RESET)) == VirtioStatus.DRIVER_OK;

    /// <summary>What broke the device last; Empty where nothing has since it was made.</summary>
    public VirtqueueStatus LastError { get; private set; } = VirtqueueStatus.Empty;

    /// <summary>The guest's RAM.</summary>
    protected GuestRam Ram { get; }

    /// <summary>The bytes of the device's configuration; change them through <see cref="ConfigurationChanged"/>.</summary>
    protected Span<byte> Configuration => _configuration;

    /// <summary>Connects the device with its transport and the kernel, once, before a driver comes.</summary>
    public void Connect(VirtioInterrupts interrupts, VirtioNotifications notifications)
    {
        _interrupts = interrupts;
        _notifications = notifications;
    }

    /// <summary>A queue, for the transport to read and set its registers.</summary>
    /// <returns>False where there is no such queue.</returns>
    public bool TryGetQueue(uint index, out Virtqueue queue)
    {
        bool exists = index < (uint)_queues.Length;
        queue = _queues[exists ? (int)index : 0];
        return exists;
    }

    /// <summary>The driver writes 1 to queue_enable. A queue that cannot be breaks the device.</summary>
    public void EnableQueue(uint index)
    {
        if (!TryGetQueue(index, out Virtqueue queue) || queue.IsEnabled || (Status & VirtioStatus.FEATURES_OK) == 0)
            return;
        if (queue.TryEnable())
            queue.Negotiate(_acceptedFeatures);
        else
            Break(VirtqueueStatus.BadLayout);
    }

    /// <summary>32 of the feature bits that the device offers, from bit 32 x <paramref name="select"/> on.</summary>
    public uint ReadOfferedFeatures(uint select) => Half(OfferedFeatures, select);

    /// <summary>32 of the feature bits that the driver has accepted.</summary>
    public uint ReadAcceptedFeatures(uint select) => Half(_acceptedFeatures, select);

    /// <summary>The driver accepts 32 feature bits. Void once FEATURES_OK is set.</summary>
    public void WriteAcceptedFeatures(uint select, uint value)
    {
        if (select > 1 || (Status & VirtioStatus.FEATURES_OK) != 0)
            return;
        int shift = (int)select * 32;
        _acceptedFeatures = _acceptedFeatures & ~((ulong)uint.MaxValue << shift) | (ulong)value << shift;
    }

    /// <summary>The driver writes the device status field: 0 resets the device, else bits are added, each where its time has come.</summary>
    public void WriteStatus(byte value)
    {
        VirtioStatus added = (VirtioStatus)value & Writable;
        if (value == 0)
        {
            _notifications?.BeginReset(this);
            Reset();
            _notifications?.ResetDone(this);
            return;
        }
        VirtioStatus status = Status;
        if ((status & VirtioStatus.FEATURES_OK) == 0 && !AreFeaturesValid)
            added &= ~VirtioStatus.FEATURES_OK;
        if (((status | added) & VirtioStatus.FEATURES_OK) == 0)
            added &= ~VirtioStatus.DRIVER_OK;
        bool starts = (added & ~status & VirtioStatus.DRIVER_OK) != 0;
        if (starts)
            OnStart();
        Interlocked.Or(ref _status, (uint)added);
        if (!starts)
            return;
        // One that broke before the driver was ready could not tell so then.
        if ((Status & VirtioStatus.DEVICE_NEEDS_RESET) != 0)
            _interrupts?.RaiseConfiguration();
        // Linux's balloon driver gives its first buffer, and notifies of it, too early.
        for (int i = 0; i < _queues.Length; i++)
            Notify((uint)i);
    }

    /// <summary>The device as a driver finds it first. No queue is being served.</summary>
    public void Reset()
    {
        Volatile.Write(ref _status, 0);
        _acceptedFeatures = 0;
        foreach (Virtqueue queue in _queues)
            queue.Reset();
        OnReset();
    }

    /// <summary>The driver reads the device's configuration: any offset, any length; zero beyond its end.</summary>
    public void ReadConfiguration(uint offset, Span<byte> destination)
    {
        OnConfigurationRead();
        for (int i = 0; i < destination.Length; i++)
        {
            ulong at = (ulong)offset + (uint)i;
            destination[i] = at < (uint)_configuration.Length ? _configuration[(int)at] : (byte)0;
        }
    }

    /// <summary>The driver writes the device's configuration: any offset, any length. What is no field that it may write is dropped.</summary>
    public void WriteConfiguration(uint offset, ReadOnlySpan<byte> source)
    {
        if (offset < (uint)_configuration.Length && source.Length <= _configuration.Length - (int)offset)
            OnConfigurationWrite((int)offset, source);
    }

    /// <summary>The driver notifies of a queue.</summary>
    public void Notify(uint index)
    {
        if (IsRunning && TryGetQueue(index, out Virtqueue queue) && queue.IsEnabled)
            _notifications?.Notified(this, (int)index);
    }

    /// <summary>Works off a queue. The caller owns it until the call returns.</summary>
    /// <param name="index">Less than <see cref="QueueCount"/>.</param>
    /// <param name="budget">Bytes to move before the caller is to look around; a chain counts as <see cref="ChainCost"/> at least, and
    /// one is always worked off.</param>
    public ServiceOutcome Service(int index, int budget)
    {
        Virtqueue queue = _queues[index];
        if (!IsRunning || !queue.IsEnabled)
            return ServiceOutcome.Idle;
        return OnService(index, queue, budget);
    }

    /// <summary>What a chain without data takes of a budget: about as long as copying so many bytes.</summary>
    public const int ChainCost = 2048;

    /// <summary>A queue by its number, which is the device's own.</summary>
    protected Virtqueue Queue(int index) => _queues[index];

    /// <summary>Whether a feature is agreed on.</summary>
    protected bool Has(ulong feature) => (_acceptedFeatures & feature) != 0;

    /// <summary>The driver broke the rules: the device waits for a reset, and says so.</summary>
    protected void Break(VirtqueueStatus error)
    {
        LastError = error;
        uint before = Interlocked.Or(ref _status, (uint)VirtioStatus.DEVICE_NEEDS_RESET);
        if ((before & (uint)(VirtioStatus.DRIVER_OK | VirtioStatus.DEVICE_NEEDS_RESET)) == (uint)VirtioStatus.DRIVER_OK)
            _interrupts?.RaiseConfiguration();
    }

    /// <summary>The driver is to read the configuration anew. Any thread.</summary>
    protected void ConfigurationChanged()
    {
        Interlocked.Increment(ref _generation);
        if ((Status & VirtioStatus.DRIVER_OK) != 0)
            _interrupts?.RaiseConfiguration();
    }

    /// <summary>Shows the driver what was used of a queue, with an interrupt if it wants one.</summary>
    /// <returns>False, and the device is broken, where the rings are not in RAM.</returns>
    protected bool Publish(int index)
    {
        if (!_queues[index].Publish(out bool interrupt))
        {
            Break(VirtqueueStatus.BadLayout);
            return false;
        }
        if (interrupt)
            _interrupts?.RaiseQueue(index);
        return true;
    }

    /// <summary>The driver is about to be ready; features are final.</summary>
    protected virtual void OnStart()
    {
    }

    /// <summary>The device's own part of a reset.</summary>
    protected abstract void OnReset();

    /// <summary>The driver is about to read the configuration: what is computed must be there.</summary>
    protected virtual void OnConfigurationRead()
    {
    }

    /// <summary>The driver writes within the configuration.</summary>
    protected virtual void OnConfigurationWrite(int offset, ReadOnlySpan<byte> source)
    {
    }

    /// <summary>Works off an enabled queue of a running device.</summary>
    protected abstract ServiceOutcome OnService(int index, Virtqueue queue, int budget);

    /// <summary>Works off a chain that <see cref="ServeChains"/> has taken.</summary>
    /// <param name="index">The queue's.</param>
    /// <param name="budget">Reduced by what takes time beyond moving the chain's bytes.</param>
    /// <param name="written">Bytes written, from the first writable one on.</param>
    protected abstract ChainOutcome OnChain(int index, DescriptorChain chain, ref long budget, out uint written);

    /// <summary>Takes chains one by one, has <see cref="OnChain"/> work them off and gives them back together.</summary>
    protected ServiceOutcome ServeChains(int index, Virtqueue queue, DescriptorChain chain, int budget)
    {
        if (!queue.SuppressNotifications())
            return Fail(index, VirtqueueStatus.BadLayout);
        for (long left = budget; ;)
        {
            chain.Clear();
            VirtqueueStatus status = queue.TryTake(chain);
            if (status == VirtqueueStatus.Empty)
            {
                if (!Publish(index))
                    return ServiceOutcome.Idle;
                if (!queue.AskForNotification(out bool isEmpty))
                    return Fail(index, VirtqueueStatus.BadLayout);
                if (isEmpty)
                    return ServiceOutcome.Idle;
                // One that comes and goes, as no driver's does, uses up the budget too.
                left -= ChainCost;
                if (left > 0)
                    continue;
                return ServiceOutcome.More;
            }
            if (status != VirtqueueStatus.Taken)
                return Fail(index, status);
            ChainOutcome outcome = OnChain(index, chain, ref left, out uint written);
            if (outcome is ChainOutcome.Later or ChainOutcome.Again)
            {
                queue.PutBack(1);
                Publish(index);
                return outcome == ChainOutcome.Later ? ServiceOutcome.Waiting : ServiceOutcome.More;
            }
            if (outcome == ChainOutcome.Malformed)
                return Fail(index, VirtqueueStatus.BadRequest);
            if (!queue.Use(chain.Head, written))
                return Fail(index, VirtqueueStatus.BadLayout);
            left -= ChainCost + (long)(chain.Readable.Length - chain.Readable.Remaining + chain.Writable.Length - chain.Writable.Remaining);
            if (left > 0)
                continue;
            Publish(index);
            return ServiceOutcome.More;
        }
    }

    /// <summary>The driver broke the rules with this queue. What was used before is not lost to it.</summary>
    protected ServiceOutcome Fail(int index, VirtqueueStatus error)
    {
        if (Publish(index))
            Break(error);
        return ServiceOutcome.Idle;
    }

    /// <summary>Saves what all devices share. No queue is being served.</summary>
    protected void SaveCommon(out VirtioDeviceState state)
    {
        state = default;
        state.Version = VirtioDeviceState.CurrentVersion;
        state.Status = (byte)Status;
        state.ConfigurationGeneration = ConfigurationGeneration;
        state.AcceptedFeatures = _acceptedFeatures;
        for (int i = 0; i < _queues.Length; i++)
            _queues[i].Save(out state.Queues[i]);
    }

    /// <summary>Whether <see cref="RestoreCommon"/> takes a record.</summary>
    protected RestoreStatus CheckCommon(in VirtioDeviceState state)
    {
        if (state.Version != VirtioDeviceState.CurrentVersion)
            return RestoreStatus.UnknownVersion;
        VirtioStatus status = (VirtioStatus)state.Status;
        bool agreed = (status & VirtioStatus.FEATURES_OK) != 0;
        bool valid = (status & ~(Writable | VirtioStatus.DEVICE_NEEDS_RESET)) == 0 && (agreed || (status & VirtioStatus.DRIVER_OK) == 0)
            && (!agreed || AreValid(state.AcceptedFeatures));
        for (int i = 0; i < _queues.Length && valid; i++)
            valid = _queues[i].CanRestore(in state.Queues[i]);
        return valid ? RestoreStatus.Restored : RestoreStatus.InvalidValue;
    }

    /// <summary>Restores a record that <see cref="CheckCommon"/> takes.</summary>
    protected void RestoreCommon(in VirtioDeviceState state)
    {
        _acceptedFeatures = state.AcceptedFeatures;
        Volatile.Write(ref _generation, state.ConfigurationGeneration);
        for (int i = 0; i < _queues.Length; i++)
            _queues[i].Restore(in state.Queues[i], state.AcceptedFeatures);
        Volatile.Write(ref _status, state.Status);
    }

    private bool AreFeaturesValid => AreValid(_acceptedFeatures);

    private bool AreValid(ulong features) =>
        (features & ~OfferedFeatures) == 0 && (features & VirtioFeatures.VIRTIO_F_VERSION_1) != 0;

    private static uint Half(ulong features, uint select) => select > 1 ? 0 : unchecked((uint)(features >> (int)(select * 32)));
}
