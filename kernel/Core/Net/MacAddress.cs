using System;
using System.Buffers.Binary;

namespace HyperOS.Core;

/// <summary>A 48-bit MAC address, its first octet the most significant of the value: IEEE 802, section "Universal addresses" and those that follow.</summary>
public readonly struct MacAddress
{
    /// <summary>In bytes.</summary>
    public const int Length = 6;

    private const ulong GroupBit = 1ul << 40;
    private const ulong LocalBit = 1ul << 41;
    private const ulong Mask = (1ul << 48) - 1;

    /// <summary>48 bits.</summary>
    public readonly ulong Value;

    /// <param name="value">Of which the lower 48 bits count.</param>
    public MacAddress(ulong value) => Value = value & Mask;

    /// <summary>To all stations.</summary>
    public static MacAddress Broadcast => new(Mask);

    /// <summary>No station's.</summary>
    public bool IsZero => Value == 0;

    /// <summary>A multicast address or the broadcast address: never a source.</summary>
    public bool IsGroup => (Value & GroupBit) != 0;

    /// <summary>Given out by those who run the network, not by a vendor.</summary>
    public bool IsLocal => (Value & LocalBit) != 0;

    /// <summary>One of 01-80-C2-00-00-00 to -0F, which no bridge forwards: IEEE 802.1Q, section "Reserved MAC addresses".</summary>
    public bool IsReserved => Value >> 4 == 0x0180_C200_0000 >> 4;

    /// <summary>The first six bytes; the zero address where there are fewer.</summary>
    public static MacAddress Read(ReadOnlySpan<byte> bytes) => bytes.Length < Length
        ? default
        : new MacAddress((ulong)BinaryPrimitives.ReadUInt16BigEndian(bytes) << 32 | BinaryPrimitives.ReadUInt32BigEndian(bytes.Slice(2)));

    /// <returns>False if there is room for fewer than <see cref="Length"/> bytes.</returns>
    public bool TryWrite(Span<byte> bytes)
    {
        if (bytes.Length < Length)
            return false;
        BinaryPrimitives.WriteUInt16BigEndian(bytes, (ushort)(Value >> 32));
        BinaryPrimitives.WriteUInt32BigEndian(bytes.Slice(2), unchecked((uint)Value));
        return true;
    }
}
