using System;
using HyperOS.Core;
using HyperOS.Devices;
using HyperOS.Emulation;
using HyperOS.Memory;

namespace HyperOS.Virtualization;

/// <summary>What emulated instructions reach: RAM, then the local APIC's page, then the board's memory-mapped devices. Elsewhere nobody answers.</summary>
internal sealed class VcpuBus : GuestBus
{
    private const ulong PageMask = Size.Page - 1;

    private readonly Vcpu _vcpu;

    public VcpuBus(Vcpu vcpu) => _vcpu = vcpu;

    private VirtualMachine Machine => _vcpu.Machine;

    public override BusResult Read(GuestPhysicalAddress address, int size, out ulong value)
    {
        if (!Machine.Memory.TryRead(address, size, out value))
            value = ReadDevice(address, size);
        return BusResult.Completed;
    }

    public override BusResult Write(GuestPhysicalAddress address, int size, ulong value)
    {
        if (!Machine.Memory.TryWrite(address, size, value))
            WriteDevice(address, size, value);
        return BusResult.Completed;
    }

    public override BusResult CompareExchange(GuestPhysicalAddress address, int size, ulong expected, ulong replacement)
    {
        if (!Machine.Memory.Contains(address))
        {
            WriteDevice(address, size, replacement);
            return BusResult.Completed;
        }
        if (!Machine.Memory.TryCompareExchange(address, size, expected, replacement, out bool exchanged))
            return BusResult.Refused;
        return exchanged ? BusResult.Completed : BusResult.Changed;
    }

    public override BusResult Read16(GuestPhysicalAddress address, out ulong low, out ulong high)
    {
        Read(address, 8, out low);
        return Read(new GuestPhysicalAddress(address.Value + 8), 8, out high);
    }

    public override BusResult Write16(GuestPhysicalAddress address, ulong low, ulong high)
    {
        Write(address, 8, low);
        return Write(new GuestPhysicalAddress(address.Value + 8), 8, high);
    }

    // CMPXCHG16B on RAM runs in the guest; one on a device is nothing that a guest's driver does.
    public override BusResult CompareExchange16(
        GuestPhysicalAddress address, ulong expectedLow, ulong expectedHigh, ulong replacementLow, ulong replacementHigh) => BusResult.Refused;

    public override bool ReadCode(GuestPhysicalAddress address, Span<byte> destination) => Machine.Memory.TryRead(address, destination);

    public override bool TryReadCode(ref readonly GuestCpuState state, ulong linear, Span<byte> destination)
    {
        if (!state.IsLongMode || !_vcpu.CodePages.TryFind(linear, state.CR3, state.CR4, out PhysicalPage page))
            return false;
        page.Bytes.Slice((int)(linear & PageMask), destination.Length).CopyTo(destination);
        return true;
    }

    public override void RememberCode(ref readonly GuestCpuState state, ulong linear, GuestPhysicalAddress address)
    {
        if (state.IsLongMode)
            _vcpu.CodePages.Remember(linear, state.CR3, state.CR4, address);
    }

    public override BusResult Input(ushort port, int size, out uint value)
    {
        value = Machine.ReadPort(_vcpu, port, size);
        return BusResult.Completed;
    }

    public override BusResult Output(ushort port, int size, uint value)
    {
        Machine.WritePort(_vcpu, port, size, value);
        return BusResult.Completed;
    }

    public override void ReadVector(int register, out ulong low, out ulong high)
    {
        low = _vcpu.Registers.Vectors[2 * register];
        high = _vcpu.Registers.Vectors[2 * register + 1];
    }

    public override void WriteVector(int register, ulong low, ulong high)
    {
        _vcpu.Registers.Vectors[2 * register] = low;
        _vcpu.Registers.Vectors[2 * register + 1] = high;
    }

    private ulong ReadDevice(GuestPhysicalAddress address, int size)
    {
        if ((address.Value & ~PageMask) != LocalApic.BaseAddress)
            return Machine.ReadMmio(address, size);
        ulong all = size == 8 ? ulong.MaxValue : (1ul << (8 * size)) - 1;
        _vcpu.CollectEndOfInterrupt();
        _vcpu.TimersChanged = true; // a read of the count may find the timer expired
        return _vcpu.Apic.ReadMmio((uint)(address.Value & PageMask), Machine.Clock.Now, _vcpu.Tsc) & all;
    }

    private void WriteDevice(GuestPhysicalAddress address, int size, ulong value)
    {
        if ((address.Value & ~PageMask) != LocalApic.BaseAddress)
        {
            Machine.WriteMmio(address, size, value);
            return;
        }
        _vcpu.CollectEndOfInterrupt();
        _vcpu.Apic.WriteMmio((uint)(address.Value & PageMask), size, unchecked((uint)value), Machine.Clock.Now, _vcpu.Tsc);
        _vcpu.TimersChanged = true;
    }
}
