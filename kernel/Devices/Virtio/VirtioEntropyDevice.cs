using System;
using HyperOS.Abi.State;
using HyperOS.Specs.Virtio;

namespace HyperOS.Devices;

/// <summary>A source of random bytes: virtio 1.2, section "Entropy Device".</summary>
public sealed class VirtioEntropyDevice : VirtioDevice
{
    /// <summary>Descriptors of the queue.</summary>
    public const ushort QueueSize = 16;

    /// <summary>Bytes that a request gets at most, which may be fewer than it has room for.</summary>
    public const int MostBytes = 4096;

    // Wiring.
    private readonly EntropySource _source;
    private readonly DescriptorChain _chain;

    /// <param name="source">Where the bytes come from.</param>
    public VirtioEntropyDevice(GuestRam ram, EntropySource source)
        : base(VirtioDeviceId.Entropy, 0, ram, 1, QueueSize, 0)
    {
        _source = source;
        _chain = new DescriptorChain(ram, 0, QueueSize);
    }

    /// <summary>Saves the device. Its queue is not being served.</summary>
    public void Save(out VirtioEntropyState state)
    {
        state = default;
        state.Version = VirtioEntropyState.CurrentVersion;
        SaveCommon(out state.Device);
    }

    /// <summary>Restores a saved device. Its queue is not being served.</summary>
    public RestoreStatus Restore(in VirtioEntropyState state)
    {
        if (state.Version != VirtioEntropyState.CurrentVersion)
            return RestoreStatus.UnknownVersion;
        RestoreStatus status = CheckCommon(in state.Device);
        if (status == RestoreStatus.Restored)
            RestoreCommon(in state.Device);
        return status;
    }

    /// <inheritdoc/>
    protected override void OnReset()
    {
    }

    /// <inheritdoc/>
    protected override ServiceOutcome OnService(int index, Virtqueue queue, int budget) => ServeChains(index, queue, _chain, budget);

    /// <inheritdoc/>
    protected override ChainOutcome OnChain(int index, DescriptorChain chain, ref long budget, out uint written)
    {
        written = 0;
        while (written < MostBytes)
        {
            Span<byte> part = chain.Writable.NextWritable(MostBytes - written);
            int count = part.IsEmpty ? 0 : Math.Min(_source.Fill(part), part.Length);
            written += (uint)count;
            if (count < part.Length || part.IsEmpty)
                break;
        }
        return written == 0 ? ChainOutcome.Later : ChainOutcome.Used;
    }
}
