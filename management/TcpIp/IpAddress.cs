using System;
using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace HyperOS.Management.TcpIp;

/// <summary>An IP address of either version; an IPv4 address is kept in its IPv4-mapped form (RFC 4291 section 2.5.5.2).</summary>
public readonly record struct IpAddress
{
    private const ulong MappedPrefix = 0xFFFF;

    private readonly ulong _high;
    private readonly ulong _low;

    private IpAddress(ulong high, ulong low) => (_high, _low) = (high, low);

    /// <summary>An IPv4 address from its number, first byte the most significant.</summary>
    public static IpAddress V4(uint address) => new(0, MappedPrefix << 32 | address);

    /// <summary>An IPv4 address from its four parts.</summary>
    public static IpAddress V4(byte a, byte b, byte c, byte d) => V4((uint)(a << 24 | b << 16 | c << 8 | d));

    /// <summary>0.0.0.0: no address yet, or any of the host's own (RFC 1122 section 3.2.1.3).</summary>
    public static IpAddress AnyV4 => V4(0);

    /// <summary>255.255.255.255: every host on the link.</summary>
    public static IpAddress BroadcastV4 => V4(uint.MaxValue);

    /// <summary>An IPv4 address.</summary>
    public bool IsV4 => _high == 0 && _low >> 32 == MappedPrefix;

    /// <summary>Length on the wire, in bytes: 4 or 16.</summary>
    public int Length => IsV4 ? 4 : 16;

    /// <summary>The IPv4 address as a number; of an IPv6 address its last 32 bits.</summary>
    public uint Number => (uint)_low;

    /// <summary>0.0.0.0 or ::.</summary>
    public bool IsUnspecified => _high == 0 && (_low == 0 || _low == MappedPrefix << 32);

    /// <summary>A group's address: 224.0.0.0/4 or ff00::/8.</summary>
    public bool IsMulticast => IsV4 ? Number >> 28 == 0xE : _high >> 56 == 0xFF;

    /// <summary>127.0.0.0/8 or ::1.</summary>
    public bool IsLoopback => IsV4 ? Number >> 24 == 127 : _high == 0 && _low == 1;

    /// <summary>Can be one host's own: not unspecified, loopback, a group, nor of the reserved 0.0.0.0/8 and 240.0.0.0/4 (RFC 1122 section 3.2.1.3).</summary>
    public bool IsUnicast => !IsUnspecified && !IsMulticast && !IsLoopback && !(IsV4 && (Number >> 28 == 0xF || Number >> 24 == 0));

    /// <summary>Reads 4 or 16 bytes.</summary>
    /// <returns>False for any other length.</returns>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out IpAddress address)
    {
        address = bytes.Length switch
        {
            4 => V4(BinaryPrimitives.ReadUInt32BigEndian(bytes)),
            16 => new IpAddress(BinaryPrimitives.ReadUInt64BigEndian(bytes), BinaryPrimitives.ReadUInt64BigEndian(bytes[8..])),
            _ => default,
        };
        return bytes.Length is 4 or 16;
    }

    /// <summary>Reads the text of either version, as System.Net does.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out IpAddress address)
    {
        address = default;
        return IPAddress.TryParse(text, out IPAddress? parsed) && TryRead(parsed.GetAddressBytes(), out address);
    }

    /// <summary>From System.Net's type.</summary>
    public static IpAddress From(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        return TryRead(address.GetAddressBytes(), out IpAddress read) ? read : throw new SocketException((int)SocketError.AddressFamilyNotSupported);
    }

    /// <summary>To System.Net's type.</summary>
    public IPAddress ToIPAddress()
    {
        Span<byte> bytes = stackalloc byte[Length];
        Write(bytes);
        return new IPAddress(bytes);
    }

    /// <summary>Both are in the network that the first <paramref name="prefixLength"/> bits of this version's address name.</summary>
    public bool SharesPrefix(IpAddress other, int prefixLength)
    {
        if (IsV4 != other.IsV4)
            return false;
        if (IsV4)
            prefixLength += 96;
        return (_high & HighBits(prefixLength)) == (other._high & HighBits(prefixLength))
            && (_low & HighBits(prefixLength - 64)) == (other._low & HighBits(prefixLength - 64));
    }

    /// <inheritdoc/>
    public override string ToString() => ToIPAddress().ToString();

    /// <summary>Differs from process to process, so that nobody outside can choose addresses that collide.</summary>
    public override int GetHashCode() => HashCode.Combine(_high, _low);

    /// <summary>Writes <see cref="Length"/> bytes.</summary>
    internal void Write(Span<byte> bytes)
    {
        if (IsV4)
        {
            BinaryPrimitives.WriteUInt32BigEndian(bytes, Number);
            return;
        }
        BinaryPrimitives.WriteUInt64BigEndian(bytes, _high);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], _low);
    }

    /// <summary>Adds to a checksum's pseudo header (RFC 9293 section 3.1, RFC 8200 section 8.1).</summary>
    internal InternetChecksum AddTo(InternetChecksum sum) => IsV4 ? sum.Add(Number) : sum.Add(_high).Add(_low);

    private static ulong HighBits(int count) => count <= 0 ? 0 : count >= 64 ? ulong.MaxValue : ~(ulong.MaxValue >> count);
}
