using HyperOS.Core;
using HyperOS.Emulation;

namespace HyperOS.Tests.Unit.Emulation;

/// <summary>256 KiB of RAM from 0, a page of device registers at <see cref="Device"/>, ports, XMM registers; device and port accesses are logged.</summary>
internal sealed class TestBus : GuestBus
{
    public const ulong Device = 0xFEE0_0000;

    public byte[] Memory { get; } = new byte[256 << 10];

    /// <summary>Bytes behind the device's registers.</summary>
    public byte[] Registers { get; } = new byte[4096];

    /// <summary>Direction, size and offset of each device access, in hexadecimal.</summary>
    public List<string> Log { get; } = [];

    public Queue<uint> Inputs { get; } = new();

    public (ulong Low, ulong High)[] Vectors { get; } = new (ulong, ulong)[16];

    /// <summary>Compare-exchanges that are to find another value.</summary>
    public int Interference { get; set; }

    public int CompareExchanges { get; private set; }

    public ulong Peek(ulong address, int size = 8) => Load(Memory.AsSpan((int)address, size));

    public void Poke(ulong address, ulong value, int size = 8) => Store(Memory.AsSpan((int)address, size), value);

    public override BusResult Read(GuestPhysicalAddress address, int size, out ulong value)
    {
        value = 0;
        if (!TryFind(address.Value, size, "R", out Span<byte> bytes))
            return BusResult.Refused;
        value = Load(bytes);
        return BusResult.Completed;
    }

    public override BusResult Write(GuestPhysicalAddress address, int size, ulong value)
    {
        if (!TryFind(address.Value, size, "W", out Span<byte> bytes))
            return BusResult.Refused;
        if (size < 8)
            Assert.Equal(0ul, value >> (size * 8));
        Store(bytes, value);
        return BusResult.Completed;
    }

    public override BusResult CompareExchange(GuestPhysicalAddress address, int size, ulong expected, ulong replacement)
    {
        CompareExchanges++;
        if (!TryFind(address.Value, size, "W", out Span<byte> bytes))
            return BusResult.Refused;
        if (Interference > 0)
        {
            Interference--;
            return BusResult.Changed;
        }
        if (address.Value < (ulong)Memory.Length && Load(bytes) != expected)
            return BusResult.Changed;
        Store(bytes, replacement);
        return BusResult.Completed;
    }

    public override BusResult Read16(GuestPhysicalAddress address, out ulong low, out ulong high)
    {
        low = high = 0;
        if (!TryFind(address.Value, 16, "R", out Span<byte> bytes))
            return BusResult.Refused;
        low = Load(bytes[..8]);
        high = Load(bytes[8..]);
        return BusResult.Completed;
    }

    public override BusResult Write16(GuestPhysicalAddress address, ulong low, ulong high)
    {
        if (!TryFind(address.Value, 16, "W", out Span<byte> bytes))
            return BusResult.Refused;
        Store(bytes[..8], low);
        Store(bytes[8..], high);
        return BusResult.Completed;
    }

    public override BusResult CompareExchange16(
        GuestPhysicalAddress address, ulong expectedLow, ulong expectedHigh, ulong replacementLow, ulong replacementHigh)
    {
        CompareExchanges++;
        return Write16(address, replacementLow, replacementHigh);
    }

    public override bool ReadCode(GuestPhysicalAddress address, Span<byte> destination)
    {
        Assert.True((address.Value & 0xFFF) + (ulong)destination.Length <= 4096);
        if (address.Value + (ulong)destination.Length > (ulong)Memory.Length)
            return false;
        Memory.AsSpan((int)address.Value, destination.Length).CopyTo(destination);
        return true;
    }

    public override BusResult Input(ushort port, int size, out uint value)
    {
        Log.Add($"IN{size} {port:X}");
        value = Inputs.TryDequeue(out uint next) ? next : 0;
        return BusResult.Completed;
    }

    public override BusResult Output(ushort port, int size, uint value)
    {
        Log.Add($"OUT{size} {port:X}={value:X}");
        return BusResult.Completed;
    }

    public override void ReadVector(int register, out ulong low, out ulong high) => (low, high) = Vectors[register];

    public override void WriteVector(int register, ulong low, ulong high) => Vectors[register] = (low, high);

    private bool TryFind(ulong address, int size, string direction, out Span<byte> bytes)
    {
        Assert.True((address & 0xFFF) + (ulong)size <= 4096, "An access crosses a page.");
        bytes = default;
        if (address + (ulong)size <= (ulong)Memory.Length)
        {
            bytes = Memory.AsSpan((int)address, size);
            return true;
        }
        if (address < Device || address >= Device + 4096)
            return false;
        Log.Add($"{direction}{size} {address - Device:X}");
        bytes = Registers.AsSpan((int)(address - Device), size);
        return true;
    }

    private static ulong Load(Span<byte> bytes)
    {
        ulong value = 0;
        for (int i = bytes.Length - 1; i >= 0; i--)
            value = value << 8 | bytes[i];
        return value;
    }

    private static void Store(Span<byte> bytes, ulong value)
    {
        for (int i = 0; i < bytes.Length; i++)
            bytes[i] = (byte)(value >> (i * 8));
    }
}
