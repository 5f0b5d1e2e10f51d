using System.Numerics;
using System.Threading;
using HyperOS.Abi.State;
using HyperOS.Core;
using HyperOS.Specs.Pci;

namespace HyperOS.Devices;

/// <summary>
/// A function's MSI-X table and pending bits, and the sending of its messages. PCI Local Bus Specification 3.0, "MSI-X Capability and Table
/// Structures" and "Per-vector Masking and Function Masking".
/// </summary>
/// <remarks>
/// <see cref="Signal"/> may be called by any thread at any time; everything else is called with the lock of the VM's devices held. A signal
/// that comes while its vector opens is sent once: whoever takes the pending bit sends.
/// </remarks>
public sealed class MsixTable
{
    /// <summary>Most vectors: pending bits are one number.</summary>
    public const int MaximumVectors = MsixVectors.Count;

    // Wiring.
    private ApicBus? _bus;

    // Guest-visible state, but for _isOpen, which follows from the function's registers: messages may be sent.
    private readonly MsixVectorState[] _vectors;
    private ulong _pending;
    private bool _isOpen;

    internal MsixTable(int vectors) => _vectors = new MsixVectorState[vectors];

    /// <summary>Number of vectors.</summary>
    public int Count => _vectors.Length;

    /// <summary>
    /// The device has something to say by a vector: a message, or a pending bit while it may send none. A vector that is not there says nothing.
    /// </summary>
    public void Signal(int vector)
    {
        if (vector < 0 || vector >= _vectors.Length)
            return;
        if (CanSend(vector))
        {
            Send(vector);
            return;
        }
        Interlocked.Or(ref _pending, 1ul << vector);
        if (CanSend(vector))
            SendPending(vector);
    }

    /// <summary>A load from the table.</summary>
    /// <param name="offset">From the table's begin, in bytes, within a double word with <paramref name="width"/>.</param>
    internal uint ReadTable(uint offset, int width) => RegisterBytes.Extract(ReadDoubleWord(offset >> 2), offset, width);

    /// <summary>A store to the table; a narrow one changes a part of the double word.</summary>
    internal void WriteTable(uint offset, int width, uint value)
    {
        int vector = (int)(offset / MsixCapability.EntryLength);
        if (vector >= _vectors.Length)
            return;
        uint index = offset >> 2;
        value = RegisterBytes.Insert(ReadDoubleWord(index), offset, width, value);
        ref MsixVectorState entry = ref _vectors[vector];
        FaultPoint.Hit(FaultPlace.MsixTable);
        switch ((int)(index & 3))
        {
            case MsixCapability.MessageAddress:
                entry.Address = entry.Address & ~(ulong)uint.MaxValue | value & ~3u;
                break;
            case MsixCapability.MessageUpperAddress:
                entry.Address = entry.Address & uint.MaxValue | (ulong)value << 32;
                break;
            case MsixCapability.MessageData:
                entry.Data = value;
                break;
            default:
                Interlocked.Exchange(ref entry.Control, value & MsixCapability.Masked);
                if (CanSend(vector))
                    SendPending(vector);
                break;
        }
    }

    /// <summary>A load from the pending bits, which a guest cannot write.</summary>
    internal uint ReadPending(uint offset, int width)
    {
        ulong pending = Volatile.Read(ref _pending);
        uint half = offset < 8 ? unchecked((uint)(pending >> (int)(offset >> 2) * 32)) : 0;
        return RegisterBytes.Extract(half, offset, width);
    }

    internal void Attach(ApicBus bus) => _bus = bus;

    /// <summary>The function's registers say whether messages may be sent at all; pending ones are sent as soon as they may.</summary>
    internal void SetOpen(bool isOpen)
    {
        if (isOpen == _isOpen)
            return;
        Volatile.Write(ref _isOpen, isOpen);
        Interlocked.MemoryBarrier();
        if (!isOpen)
            return;
        for (ulong waiting = Volatile.Read(ref _pending); waiting != 0; waiting &= waiting - 1)
        {
            int vector = BitOperations.TrailingZeroCount(waiting);
            if (CanSend(vector))
                SendPending(vector);
        }
    }

    internal void Reset()
    {
        Volatile.Write(ref _isOpen, false);
        for (int i = 0; i < _vectors.Length; i++)
            _vectors[i] = new MsixVectorState { Control = MsixCapability.Masked };
        Interlocked.Exchange(ref _pending, 0);
    }

    internal void Save(ref PciFunctionState state)
    {
        state.Pending = Volatile.Read(ref _pending);
        for (int i = 0; i < _vectors.Length; i++)
            state.Vectors[i] = _vectors[i];
    }

    internal RestoreStatus Restore(in PciFunctionState state)
    {
        ulong all = _vectors.Length == MaximumVectors ? ulong.MaxValue : (1ul << _vectors.Length) - 1;
        if ((state.Pending & ~all) != 0)
            return RestoreStatus.InvalidValue;
        for (int i = 0; i < _vectors.Length; i++)
        {
            if ((state.Vectors[i].Address & 3) != 0 || (state.Vectors[i].Control & ~MsixCapability.Masked) != 0)
                return RestoreStatus.InvalidValue;
        }
        for (int i = 0; i < _vectors.Length; i++)
            _vectors[i] = state.Vectors[i];
        Volatile.Write(ref _isOpen, false);
        Interlocked.Exchange(ref _pending, state.Pending);
        return RestoreStatus.Restored;
    }

    private uint ReadDoubleWord(uint index)
    {
        int vector = (int)(index / (MsixCapability.EntryLength / sizeof(uint)));
        if (vector >= _vectors.Length)
            return 0;
        ref MsixVectorState entry = ref _vectors[vector];
        return (int)(index & 3) switch
        {
            MsixCapability.MessageAddress => unchecked((uint)entry.Address),
            MsixCapability.MessageUpperAddress => (uint)(entry.Address >> 32),
            MsixCapability.MessageData => entry.Data,
            _ => entry.Control,
        };
    }

    private bool CanSend(int vector) => Volatile.Read(ref _isOpen) && (Volatile.Read(ref _vectors[vector].Control) & MsixCapability.Masked) == 0;

    private void SendPending(int vector)
    {
        ulong bit = 1ul << vector;
        if ((Interlocked.And(ref _pending, ~bit) & bit) != 0)
            Send(vector);
    }

    // What is no interrupt message would be a store of the function's to the guest's memory: there is none behind it, and it is lost.
    private void Send(int vector)
    {
        ref MsixVectorState entry = ref _vectors[vector];
        FaultPoint.Hit(FaultPlace.MsixMessage);
        _bus?.DeliverMsi(entry.Address, entry.Data);
    }
}
