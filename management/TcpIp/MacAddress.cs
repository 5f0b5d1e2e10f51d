using System;
using System.Buffers.Binary;

namespace HyperOS.Management.TcpIp;

/// <summary>An Ethernet station's 48-bit address (IEEE 802-2014, "MAC addresses").</summary>
/// <param name="Value">The address as a number, its first byte on the wire the most significant.</param>
public readonly record struct MacAddress(ulong Value)
{
    /// <summary>Length on the wire, in bytes.</summary>
    public const int Length = 6;

    /// <summary>Every station.</summary>
    public static MacAddress Broadcast => new(0xFFFF_FFFF_FFFF);

    /// <summary>Not one station's address: a group's or everybody's.</summary>
    public bool IsGroup => (Value >> 40 & 1) != 0;

    internal static MacAddress Read(ReadOnlySpan<byte> bytes) =>
        new((ulong)BinaryPrimitives.ReadUInt16BigEndian(bytes) << 32 | BinaryPrimitives.ReadUInt32BigEndian(bytes[2..]));

    internal void Write(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt16BigEndian(bytes, (ushort)(Value >> 32));
        BinaryPrimitives.WriteUInt32BigEndian(bytes[2..], (uint)Value);
    }

    /// <inheritdoc/>
    public override string ToString() =>
        $"{(byte)(Value >> 40):x2}:{(byte)(Value >> 32):x2}:{(byte)(Value >> 24):x2}:{(byte)(Value >> 16):x2}:{(byte)(Value >> 8):x2}:{(byte)Value:x2}";
}
