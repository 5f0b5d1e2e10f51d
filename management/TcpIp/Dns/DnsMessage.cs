using System;
using System.Buffers.Binary;
using System.Collections.Immutable;

namespace HyperOS.Management.TcpIp;

/// <summary>
/// DNS messages (RFC 1035 section 4): one question for a name's IPv4 addresses, and its answer.
/// <code>
///   0    2       4         6         8           10           12
///   | id | flags | questions | answers | authority | additional | name, type, class | records
/// </code>
/// </summary>
internal static class DnsMessage
{
    public const int HeaderLength = 12;

    /// <summary>The longest name on the wire with its final zero (RFC 1035 section 2.3.4).</summary>
    public const int MaximumName = 255;

    private const ushort Internet = 1, AddressType = 1, AliasType = 5;
    private const int LongestLabel = 63, Most = 16, NameError = 3;
    private const uint LongestLife = 3600;

    /// <summary>Writes a question.</summary>
    /// <returns>Its length; 0 if the name is none (RFC 1123 section 2.1).</returns>
    public static int WriteQuestion(Span<byte> bytes, string name)
    {
        bytes[..HeaderLength].Clear();
        // Recursion desired; one question.
        bytes[2] = 1;
        bytes[5] = 1;
        name = name.EndsWith('.') ? name[..^1] : name;
        if (name.Length is 0 or > MaximumName - 2)
            return 0;
        int at = HeaderLength;
        foreach (Range range in name.AsSpan().Split('.'))
        {
            ReadOnlySpan<char> label = name.AsSpan()[range];
            if (label.Length is 0 or > LongestLabel)
                return 0;
            bytes[at++] = (byte)label.Length;
            foreach (char letter in label)
            {
                if (!char.IsAsciiLetterOrDigit(letter) && letter is not ('-' or '_'))
                    return 0;
                bytes[at++] = (byte)char.ToLowerInvariant(letter);
            }
        }
        bytes[at] = 0;
        BinaryPrimitives.WriteUInt16BigEndian(bytes[(at + 1)..], AddressType);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[(at + 3)..], Internet);
        return at + 5;
    }

    /// <summary>It answers this question: same identifier, same question, a response.</summary>
    public static bool Answers(ReadOnlySpan<byte> answer, ReadOnlySpan<byte> question) =>
        answer.Length >= question.Length && answer[..2].SequenceEqual(question[..2]) && (answer[2] & 0x80) != 0 && (answer[2] & 0x78) == 0
        && answer[4..6].SequenceEqual(question[4..6]) && EqualsIgnoringCase(answer[HeaderLength..question.Length], question[HeaderLength..]);

    /// <summary>Reads the addresses out of an answer, following its aliases.</summary>
    /// <param name="answer">The message.</param>
    /// <param name="question">The question that it answers.</param>
    /// <returns>Null if the server could not say, the message is cut off or makes no sense.</returns>
    public static DnsAnswer? Read(ReadOnlySpan<byte> answer, ReadOnlySpan<byte> question)
    {
        int code = answer[3] & 0xF, records = BinaryPrimitives.ReadUInt16BigEndian(answer[6..]), at = question.Length;
        if (code is not (0 or NameError))
            return null;
        Span<byte> wanted = stackalloc byte[MaximumName], owner = stackalloc byte[MaximumName];
        int position = HeaderLength;
        if (!TryReadName(answer, ref position, wanted, out int wantedLength))
            return null;
        ImmutableArray<IpAddress>.Builder addresses = ImmutableArray.CreateBuilder<IpAddress>();
        uint life = LongestLife;
        // An alias comes before what it stands for (RFC 1034 section 4.3.2).
        for (; records > 0 && addresses.Count < Most; records--)
        {
            if (!TryReadName(answer, ref at, owner, out int ownerLength) || answer.Length - at < 10)
                return null;
            ushort type = BinaryPrimitives.ReadUInt16BigEndian(answer[at..]), kind = BinaryPrimitives.ReadUInt16BigEndian(answer[(at + 2)..]);
            uint timeToLive = BinaryPrimitives.ReadUInt32BigEndian(answer[(at + 4)..]);
            int length = BinaryPrimitives.ReadUInt16BigEndian(answer[(at + 8)..]), data = at + 10;
            at = data + length;
            if (at > answer.Length)
                return null;
            if (kind != Internet || !EqualsIgnoringCase(owner[..ownerLength], wanted[..wantedLength]))
                continue;
            if (type == AddressType && length == 4 && IpAddress.TryRead(answer.Slice(data, 4), out IpAddress address))
                addresses.Add(address);
            else if (type != AliasType)
                continue;
            else if (!TryReadName(answer, ref data, wanted, out wantedLength))
                return null;
            life = Math.Min(life, timeToLive);
        }
        bool isCut = (answer[2] & 0x02) != 0;
        if (addresses.Count == 0 && isCut)
            return null;
        return new DnsAnswer(addresses.Count == 0 ? DnsStatus.NotFound : DnsStatus.Found, addresses.ToImmutable(), TimeSpan.FromSeconds(life));
    }

    // RFC 1035 section 4.1.4. A pointer leads backwards, so that no name is read for ever.
    private static bool TryReadName(ReadOnlySpan<byte> message, ref int position, Span<byte> name, out int length)
    {
        length = 0;
        int at = position, barrier = position;
        bool hasJumped = false;
        while (at < message.Length)
        {
            int label = message[at];
            if (label >> 6 == 3)
            {
                if (at + 1 >= message.Length)
                    return false;
                int target = (label & 0x3F) << 8 | message[at + 1];
                if (target >= barrier)
                    return false;
                position = hasJumped ? position : at + 2;
                hasJumped = true;
                at = barrier = target;
                continue;
            }
            if (label > LongestLabel || at + 1 + label > message.Length || length + 1 + label > name.Length)
                return false;
            message.Slice(at, 1 + label).CopyTo(name[length..]);
            length += 1 + label;
            at += 1 + label;
            if (label != 0)
                continue;
            position = hasJumped ? position : at;
            return true;
        }
        return false;
    }

    // RFC 4343. Lengths of labels are below the letters, and so are left as they are.
    private static bool EqualsIgnoringCase(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b) => System.Text.Ascii.EqualsIgnoreCase(a, b) || a.SequenceEqual(b);
}
