using System;
using System.Buffers.Binary;

namespace HyperOS.Switching;

/// <summary>
/// The Internet checksum, of bytes that come in pieces: RFC 1071, section "Introduction". The sum is taken in the processor's byte order, which makes
/// no difference but at the end (section "Byte Order Independence").
/// </summary>
public struct InternetChecksum
{
    private ulong _sum;
    private bool _isOdd;

    /// <summary>Adds a number of 16 bits, behind an even number of bytes.</summary>
    public void Add(ushort value) => _sum += BinaryPrimitives.ReverseEndianness(value);

    /// <summary>Adds the bytes that follow those before.</summary>
    public void Add(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
            return;
        if (_isOdd)
        {
            _sum += (ulong)bytes[0] << 8;
            bytes = bytes.Slice(1);
        }
        _isOdd = (bytes.Length & 1) != 0;
        ulong sum = 0;
        int whole = bytes.Length & ~7;
        for (int i = 0; i < whole; i += 8)
        {
            ulong word = BinaryPrimitives.ReadUInt64LittleEndian(bytes.Slice(i, 8));
            sum += word & uint.MaxValue;
            sum += word >> 32;
        }
        for (int i = whole; i < bytes.Length; i++)
            sum += (ulong)bytes[i] << 8 * (i & 1);
        _sum = Fold(_sum) + Fold(sum);
    }

    /// <summary>The value of the checksum's field.</summary>
    public readonly ushort Value => BinaryPrimitives.ReverseEndianness(unchecked((ushort)~Fold(_sum)));

    private static ulong Fold(ulong sum)
    {
        sum = (sum & 0xFFFF_FFFF) + (sum >> 32);
        sum = (sum & 0xFFFF) + (sum >> 16);
        sum = (sum & 0xFFFF) + (sum >> 16);
        return (sum & 0xFFFF) + (sum >> 16);
    }
}
