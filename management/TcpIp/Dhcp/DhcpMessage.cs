using System;
using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Numerics;
using System.Text;

namespace HyperOS.Management.TcpIp;

/// <summary>
/// A DHCP message (RFC 2131 section 2, options: RFC 2132):
/// <code>
///   0    1       2      3      4     8      10      12       16       20       24       28       44      108    236     240
///   | op | htype | hlen | hops | xid | secs | flags | ciaddr | yiaddr | siaddr | giaddr | chaddr | sname | file | magic | options
/// </code>
/// </summary>
internal readonly ref struct DhcpMessage
{
    public const byte Discover = 1, Offer = 2, Request = 3, Decline = 4, Acknowledgement = 5, Refusal = 6, Release = 7;

    /// <summary>Option codes that are sent.</summary>
    public const byte RequestedAddress = 50, ServerIdentifier = 54, HostName = 12;

    private const int OptionsOffset = 240;
    private const int MinimumLength = 300;
    private const uint Magic = 0x6382_5363;
    private const byte Pad = 0, Mask = 1, Router = 3, DnsServers = 6, Domain = 15, NtpServers = 42, LeaseTime = 51, MessageType = 53, ParameterList = 55, RenewalTime = 58, RebindingTime = 59, End = 255;

    private readonly ReadOnlySpan<byte> _bytes;

    private DhcpMessage(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    public uint Transaction => BinaryPrimitives.ReadUInt32BigEndian(_bytes[4..]);

    public MacAddress Client => MacAddress.Read(_bytes[28..]);

    public byte Type => Option(MessageType) is [byte type] ? type : (byte)0;

    /// <summary>Null if the message does not tell.</summary>
    public IpAddress? Server => Option(ServerIdentifier) is { Length: 4 } bytes && IpAddress.TryRead(bytes, out IpAddress server) ? server : null;

    /// <summary>Seconds; null if the message does not tell.</summary>
    public uint? Lease => Number(LeaseTime);

    /// <summary>Seconds; null if the message does not tell.</summary>
    public uint? Renewal => Number(RenewalTime);

    /// <summary>Seconds; null if the message does not tell.</summary>
    public uint? Rebinding => Number(RebindingTime);

    /// <summary>What the message gives the host; null if that is no configuration that a host can have.</summary>
    public IpConfiguration? Configuration
    {
        get
        {
            uint mask = Number(Mask) ?? 0;
            int length = BitOperations.PopCount(mask);
            if (length == 0 || mask != uint.MaxValue << (32 - length))
                return null;
            IpConfiguration bare = new(IpAddress.V4(BinaryPrimitives.ReadUInt32BigEndian(_bytes[16..])), length, null)
            {
                DnsServers = Addresses(DnsServers),
                NtpServers = Addresses(NtpServers),
                Domain = Text(Option(Domain)),
            };
            IpConfiguration routed = Addresses(Router) is [IpAddress router, ..] ? bare with { Gateway = router } : bare;
            return routed.IsValid ? routed : bare.IsValid ? bare : null;
        }
    }

    /// <returns>False if it is no server's message.</returns>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out DhcpMessage message)
    {
        message = new DhcpMessage(bytes);
        return bytes.Length >= OptionsOffset && bytes[0] == 2 && bytes[1] == 1 && bytes[2] == MacAddress.Length
            && BinaryPrimitives.ReadUInt32BigEndian(bytes[236..]) == Magic;
    }

    /// <summary>Writes a client's message.</summary>
    /// <returns>Its length.</returns>
    public static int Write(
        Span<byte> bytes, byte type, uint transaction, int seconds, MacAddress client, IpAddress current, IpAddress? requested, IpAddress? server, string? hostName)
    {
        bytes.Clear();
        bytes[0] = 1;
        bytes[1] = 1;
        bytes[2] = MacAddress.Length;
        BinaryPrimitives.WriteUInt32BigEndian(bytes[4..], transaction);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[8..], (ushort)Math.Min(seconds, ushort.MaxValue));
        // The answer is to come by broadcast as long as there is no address (RFC 2131 section 4.1).
        bytes[10] = current.IsUnspecified ? (byte)0x80 : (byte)0;
        current.Write(bytes[12..]);
        client.Write(bytes[28..]);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[236..], Magic);
        int at = OptionsOffset;
        Put(bytes, ref at, MessageType, [type]);
        PutAddress(bytes, ref at, RequestedAddress, requested);
        PutAddress(bytes, ref at, ServerIdentifier, server);
        if (type is Discover or Request)
        {
            Put(bytes, ref at, ParameterList, [Mask, Router, DnsServers, Domain, NtpServers, LeaseTime, RenewalTime, RebindingTime]);
            if (!string.IsNullOrEmpty(hostName))
                Put(bytes, ref at, HostName, Encoding.ASCII.GetBytes(hostName.Length > 63 ? hostName[..63] : hostName));
        }
        bytes[at++] = End;
        return Math.Max(at, MinimumLength);
    }

    private static void PutAddress(Span<byte> bytes, ref int at, byte code, IpAddress? address)
    {
        if (address is not { } known)
            return;
        Span<byte> value = stackalloc byte[4];
        known.Write(value);
        Put(bytes, ref at, code, value);
    }

    private static void Put(Span<byte> bytes, ref int at, byte code, ReadOnlySpan<byte> value)
    {
        bytes[at] = code;
        bytes[at + 1] = (byte)value.Length;
        value.CopyTo(bytes[(at + 2)..]);
        at += 2 + value.Length;
    }

    // The first of its kind; a list that runs beyond the message ends there.
    private ReadOnlySpan<byte> Option(byte wanted)
    {
        ReadOnlySpan<byte> rest = _bytes[OptionsOffset..];
        while (rest.Length != 0 && rest[0] != End)
        {
            int length = rest[0] == Pad ? 1 : rest.Length < 2 ? int.MaxValue : 2 + rest[1];
            if (length > rest.Length)
                return default;
            if (rest[0] == wanted)
                return rest[2..length];
            rest = rest[length..];
        }
        return default;
    }

    private uint? Number(byte code) => Option(code) is { Length: 4 } bytes ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : null;

    private ImmutableArray<IpAddress> Addresses(byte code)
    {
        const int Most = 4;
        ReadOnlySpan<byte> bytes = Option(code);
        ImmutableArray<IpAddress>.Builder addresses = ImmutableArray.CreateBuilder<IpAddress>();
        for (; bytes.Length >= 4 && addresses.Count < Most; bytes = bytes[4..])
        {
            if (IpAddress.TryRead(bytes[..4], out IpAddress address) && address.IsUnicast)
                addresses.Add(address);
        }
        return addresses.ToImmutable();
    }

    private static string? Text(ReadOnlySpan<byte> bytes)
    {
        bytes = bytes.TrimEnd((byte)0);
        foreach (byte letter in bytes)
        {
            if (!char.IsAsciiLetterOrDigit((char)letter) && letter is not ((byte)'-' or (byte)'.'))
                return null;
        }
        return bytes.IsEmpty ? null : Encoding.ASCII.GetString(bytes);
    }
}
