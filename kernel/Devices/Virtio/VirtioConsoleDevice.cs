using System;
using System.Buffers.Binary;
using HyperOS.Abi.State;
using HyperOS.Specs.Virtio;

namespace HyperOS.Devices;

/// <summary>A console with one port: virtio 1.2, section "Console Device".</summary>
public sealed class VirtioConsoleDevice : VirtioDevice
{
    /// <summary>Descriptors of each queue.</summary>
    public const ushort QueueSize = 64;

    private const int Queues = 2;

    // Wiring.
    private readonly ConsoleLine _line;
    private readonly DescriptorChain _input;
    private readonly DescriptorChain _output;

    // The chain at the transmit queue's head: bytes of it that the line has taken already.
    private ulong _taken;

    /// <param name="line">The other end.</param>
    public VirtioConsoleDevice(GuestRam ram, ConsoleLine line)
        : base(VirtioDeviceId.Console, VirtioConsole.VIRTIO_CONSOLE_F_SIZE | VirtioConsole.VIRTIO_CONSOLE_F_EMERG_WRITE, ram, Queues, QueueSize,
            VirtioConsole.ConfigurationBytes)
    {
        _line = line;
        _input = new DescriptorChain(ram, 0, QueueSize);
        _output = new DescriptorChain(ram, QueueSize, 0);
    }

    /// <summary>Tells the guest the size of its console, in characters.</summary>
    public void Resize(ushort columns, ushort rows)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(Configuration.Slice(VirtioConsole.Cols), columns);
        BinaryPrimitives.WriteUInt16LittleEndian(Configuration.Slice(VirtioConsole.Rows), rows);
        if (Has(VirtioConsole.VIRTIO_CONSOLE_F_SIZE))
            ConfigurationChanged();
    }

    /// <summary>Saves the device. No queue is being served; output of which the line took a part may come twice.</summary>
    public void Save(out VirtioConsoleState state)
    {
        state = default;
        state.Version = VirtioConsoleState.CurrentVersion;
        state.Columns = BinaryPrimitives.ReadUInt16LittleEndian(Configuration.Slice(VirtioConsole.Cols));
        state.Rows = BinaryPrimitives.ReadUInt16LittleEndian(Configuration.Slice(VirtioConsole.Rows));
        SaveCommon(out state.Device);
    }

    /// <summary>Restores a saved device. No queue is being served.</summary>
    public RestoreStatus Restore(in VirtioConsoleState state)
    {
        if (state.Version != VirtioConsoleState.CurrentVersion)
            return RestoreStatus.UnknownVersion;
        RestoreStatus status = CheckCommon(in state.Device);
        if (status != RestoreStatus.Restored)
            return status;
        RestoreCommon(in state.Device);
        BinaryPrimitives.WriteUInt16LittleEndian(Configuration.Slice(VirtioConsole.Cols), state.Columns);
        BinaryPrimitives.WriteUInt16LittleEndian(Configuration.Slice(VirtioConsole.Rows), state.Rows);
        _taken = 0;
        return RestoreStatus.Restored;
    }

    /// <inheritdoc/>
    protected override void OnReset() => _taken = 0;

    /// <inheritdoc/>
    protected override void OnConfigurationWrite(int offset, ReadOnlySpan<byte> source)
    {
        if (offset == VirtioConsole.EmergWr && !source.IsEmpty)
            _line.WriteEmergency(source[0]);
    }

    /// <inheritdoc/>
    protected override ServiceOutcome OnService(int index, Virtqueue queue, int budget) =>
        ServeChains(index, queue, index == VirtioConsole.ReceiveQueue ? _input : _output, budget);

    /// <inheritdoc/>
    protected override ChainOutcome OnChain(int index, DescriptorChain chain, ref long budget, out uint written)
    {
        written = 0;
        if (index == VirtioConsole.ReceiveQueue)
            return chain.Writable.Count == 0 ? ChainOutcome.Malformed : Receive(chain.Writable, out written);
        return chain.Readable.Count == 0 ? ChainOutcome.Malformed : Transmit(chain.Readable, budget);
    }

    // A buffer goes back with what there is, not when it is full: somebody is typing.
    private ChainOutcome Receive(GuestBuffers buffers, out uint written)
    {
        written = 0;
        while (buffers.Remaining != 0 && written < ChainCost)
        {
            Span<byte> part = buffers.NextWritable(ChainCost - written);
            int count = part.IsEmpty ? 0 : Math.Min(_line.Read(part), part.Length);
            written += (uint)count;
            if (count < part.Length || part.IsEmpty)
                break;
        }
        return written == 0 ? ChainOutcome.Later : ChainOutcome.Used;
    }

    private ChainOutcome Transmit(GuestBuffers buffers, long budget)
    {
        buffers.Skip(_taken);
        ulong most = _taken + (ulong)Math.Max(budget, 1);
        while (buffers.Remaining != 0)
        {
            ReadOnlySpan<byte> part = buffers.NextReadable((uint)Math.Min(most - _taken, uint.MaxValue));
            int count = part.IsEmpty ? 0 : Math.Min(_line.Write(part), part.Length);
            _taken += (uint)count;
            if (count < part.Length || part.IsEmpty)
                return ChainOutcome.Later;
            if (_taken == most && buffers.Remaining != 0)
                return ChainOutcome.Again;
        }
        _taken = 0;
        return ChainOutcome.Used;
    }
}
