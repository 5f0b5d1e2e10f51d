using System;
using HyperOS.Core;
using HyperOS.Firmware;
using HyperOS.Interrupts;
using HyperOS.Memory;
using HyperOS.Pci;
using HyperOS.Specs.Intel;
using HyperOS.Specs.Pci;

namespace HyperOS.PciHost;

/// <summary>How a function interrupts.</summary>
public enum InterruptWay : byte
{
    /// <summary>Not at all: it must be asked.</summary>
    None,

    /// <summary>By its INTx pin, which others may share, as far as firmware says right where it leads.</summary>
    Pin,

    /// <summary>By one message: MSI.</summary>
    Message,

    /// <summary>By messages of its own table: MSI-X.</summary>
    MessageTable,
}

/// <summary>
/// A function's interrupts to one processor. <see cref="Apply"/> writes what was prepared into the function, whenever it comes back. Pins go by what
/// firmware wrote into the interrupt line register, for where they lead otherwise only AML would tell.
/// </summary>
public sealed class FunctionInterrupts
{
    private const ushort PolarityMask = 0x3, ActiveHigh = 0x1; // MPS INTI flags

    private readonly PciFunction _function;
    private readonly uint _messageAddress;
    private readonly int[] _vectors;
    private readonly int _wanted;
    private MessageTable? _table;
    private int _capability;

    private FunctionInterrupts(PciFunction function, uint apicId, int wanted)
    {
        _function = function;
        _messageAddress = MessageSignalledInterrupt.Address | apicId << MessageSignalledInterrupt.DestinationShift;
        _vectors = new int[Math.Max(wanted, 1)];
        _wanted = wanted;
    }

    public InterruptWay Way { get; private set; }

    /// <summary>Messages that the function may send.</summary>
    public int Messages { get; private set; }

    /// <summary>The pin's number at the IOAPIC, or the first message's vector.</summary>
    public int Source { get; private set; }

    /// <summary>Chooses the best way that there is. During start-up, after <see cref="PciFunction.ReadBaseAddresses"/>.</summary>
    /// <param name="function">Whose.</param>
    /// <param name="wanted">Messages of MSI-X that its driver can use; 0 if it knows no more than one interrupt.</param>
    /// <param name="handler">Serves all of them.</param>
    /// <param name="apicId">Of the processor to interrupt.</param>
    /// <param name="topology">Where pins lead.</param>
    public static FunctionInterrupts Prepare(PciFunction function, int wanted, InterruptHandler handler, uint apicId, InterruptTopology topology)
    {
        FunctionInterrupts interrupts = new(function, apicId, wanted);
        bool canSend = apicId <= MessageSignalledInterrupt.HighestDestination;
        if (!(canSend && (interrupts.TryTable(handler) || interrupts.TryMessage(handler))))
            interrupts.TryPin(handler, apicId, topology);
        return interrupts;
    }

    /// <summary>Writes it into the function, which may have lost it.</summary>
    public void Apply()
    {
        switch (Way)
        {
            case InterruptWay.MessageTable:
                _function.UseMessageTable(_capability, isUsed: true);
                _table!.MaskAll();
                for (int i = 0; i < Messages; i++)
                    _table.Set(i, _messageAddress, (uint)_vectors[i]);
                break;
            case InterruptWay.Message:
                _function.SetMessage(_capability, _messageAddress, (ushort)_vectors[0]);
                break;
        }
    }

    private bool TryTable(InterruptHandler handler)
    {
        _capability = _function.FindCapability(PciCapabilityId.MsiX);
        if (_wanted == 0 || _capability == 0 || _capability + MsixCapability.Length > PciConfiguration.Length)
            return false;
        int entries = _function.FindMessageTable(_capability, out HostPhysicalAddress address);
        if (entries == 0 || !DeviceMemory.TryMap(address, (uint)(entries * MsixCapability.EntryLength), out DeviceMemory? registers))
            return false;
        _table = new MessageTable(registers!);
        while (Messages < _wanted && Messages < entries && InterruptTable.TryTakeVector(handler, out int vector))
            _vectors[Messages++] = vector;
        Way = Messages == 0 ? InterruptWay.None : InterruptWay.MessageTable;
        Source = _vectors[0];
        return Messages != 0;
    }

    private bool TryMessage(InterruptHandler handler)
    {
        _capability = _function.FindCapability(PciCapabilityId.Msi);
        if (_capability == 0 || _capability + MsiCapability.MessageData64 >= PciConfiguration.Length || !InterruptTable.TryTakeVector(handler, out int vector))
            return false;
        _vectors[0] = Source = vector;
        Messages = 1;
        Way = InterruptWay.Message;
        return true;
    }

    private void TryPin(InterruptHandler handler, uint apicId, InterruptTopology topology)
    {
        const int IsaInterrupts = 16;
        if (_function.InterruptPin == 0 || _function.InterruptLine is 0 or >= IsaInterrupts)
            return;
        uint pin = topology.GlobalSystemInterruptOf(_function.InterruptLine, out ushort flags);
        if (pin >= Vectors.Pins)
            return;
        InterruptTable.AddHandler(Vectors.FirstPin + (int)pin, handler);
        IoApic.Route((int)pin, apicId, level: true, activeLow: (flags & PolarityMask) != ActiveHigh);
        Source = (int)pin;
        Way = InterruptWay.Pin;
    }
}
