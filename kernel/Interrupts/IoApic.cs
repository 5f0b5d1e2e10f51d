using HyperOS.Core;
using HyperOS.Memory;
using HyperOS.Platform;

namespace HyperOS.Interrupts;

/// <summary>The IOAPIC that has the ISA interrupts; pin n raises vector <see cref="Vectors.FirstPin"/> + n. Intel 82093AA data sheet, "Register Description".</summary>
public static class IoApic
{
    private const uint Select = 0x00, Window = 0x10;
    private const uint RedirectionTable = 0x10;
    private const uint ActiveLow = 1 << 13, LevelTriggered = 1 << 15, Masked = 1 << 16;
    private const ushort MasterData = 0x21, SlaveData = 0xA1;

    private static DeviceMemory? s_registers;
    private static KernelLock s_lock = new(LockRank.Timer);

    /// <summary>Masks every pin, and the 8259 pair for good.</summary>
    public static bool TryInitialize(HostPhysicalAddress address)
    {
        Port.Write8(MasterData, 0xFF);
        Port.Write8(SlaveData, 0xFF);
        if (!DeviceMemory.TryMap(address, 0x20, out s_registers))
            return false;
        for (uint pin = 0; pin < Vectors.Pins; pin++)
            Write(RedirectionTable + 2 * pin, Masked);
        return true;
    }

    /// <summary>Lets a pin through to one processor.</summary>
    public static void Route(int pin, uint apicId, bool level, bool activeLow)
    {
        if ((uint)pin >= Vectors.Pins)
            return;
        bool interrupts = s_lock.Enter();
        Write(RedirectionTable + 2 * (uint)pin + 1, apicId << 24);
        Write(RedirectionTable + 2 * (uint)pin, (uint)(Vectors.FirstPin + pin) | (level ? LevelTriggered : 0) | (activeLow ? ActiveLow : 0));
        s_lock.Exit(interrupts);
    }

    private static void Write(uint index, uint value)
    {
        s_registers!.Write32(Select, index);
        s_registers.Write32(Window, value);
    }
}
