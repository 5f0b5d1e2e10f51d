using System;
using System.Buffers.Binary;

namespace HyperOS.Management.TcpIp;

/// <summary>
/// A TCP segment (RFC 9293 section 3.1) and its options:
/// <code>
///   0             2                  4          8                 12       13      14       16         18       20
///   | source port | destination port | sequence | acknowledgement | offset | flags | window | checksum | urgent | options, data
/// </code>
/// Sequence numbers are those of the wire; <see cref="Expand"/> makes positions of them.
/// </summary>
internal readonly ref struct TcpSegment
{
    public const int HeaderLength = 20;

    /// <summary>The timestamps option with its padding (RFC 7323 appendix A).</summary>
    public const int TimestampsLength = 12;

    /// <summary>The largest shift of the window (RFC 7323 section 2.3).</summary>
    public const int MaximumWindowShift = 14;

    private const byte EndOfOptions = 0;
    private const byte NoOperation = 1;
    private const byte MaximumSegmentSizeOption = 2;
    private const byte WindowScaleOption = 3;
    private const byte SackPermittedOption = 4;
    private const byte SackOption = 5;
    private const byte TimestampsOption = 8;

    private TcpSegment(ReadOnlySpan<byte> bytes, int offset)
    {
        SourcePort = BinaryPrimitives.ReadUInt16BigEndian(bytes);
        DestinationPort = BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]);
        Sequence = BinaryPrimitives.ReadUInt32BigEndian(bytes[4..]);
        Acknowledgement = BinaryPrimitives.ReadUInt32BigEndian(bytes[8..]);
        Flags = (TcpFlags)bytes[13];
        Window = BinaryPrimitives.ReadUInt16BigEndian(bytes[14..]);
        Payload = bytes[offset..];
        ReadOnlySpan<byte> options = bytes[HeaderLength..offset];
        // An option of an impossible length ends the list (RFC 9293 section 3.1, MUST-7).
        while (options.Length != 0 && options[0] != EndOfOptions)
        {
            int length = options[0] == NoOperation ? 1 : options.Length < 2 ? 0 : options[1];
            if (length > options.Length || (length < 2 && options[0] != NoOperation))
                break;
            ReadOnlySpan<byte> value = options[Math.Min(2, length)..length];
            switch (options[0], length)
            {
                case (MaximumSegmentSizeOption, 4):
                    MaximumSegmentSize = BinaryPrimitives.ReadUInt16BigEndian(value);
                    break;
                case (WindowScaleOption, 3):
                    WindowShift = Math.Min((int)value[0], MaximumWindowShift);
                    break;
                case (SackPermittedOption, 2):
                    IsSackPermitted = true;
                    break;
                case (TimestampsOption, 10):
                    HasTimestamps = true;
                    Timestamp = BinaryPrimitives.ReadUInt32BigEndian(value);
                    TimestampEcho = BinaryPrimitives.ReadUInt32BigEndian(value[4..]);
                    break;
                case (SackOption, 10 or 18 or 26 or 34):
                    SackBlocks = value;
                    break;
            }
            options = options[length..];
        }
    }

    public ushort SourcePort { get; }

    public ushort DestinationPort { get; }

    public uint Sequence { get; }

    public uint Acknowledgement { get; }

    public TcpFlags Flags { get; }

    /// <summary>As it is on the wire, not scaled.</summary>
    public ushort Window { get; }

    public ReadOnlySpan<byte> Payload { get; }

    /// <summary>0 if the peer does not tell.</summary>
    public int MaximumSegmentSize { get; } = 0;

    /// <summary>Null if the peer does not scale.</summary>
    public int? WindowShift { get; } = null;

    public bool IsSackPermitted { get; } = false;

    public bool HasTimestamps { get; } = false;

    public uint Timestamp { get; } = 0;

    public uint TimestampEcho { get; } = 0;

    /// <summary>Pairs of 32-bit sequence numbers (RFC 2018 section 3).</summary>
    public ReadOnlySpan<byte> SackBlocks { get; } = default;

    public bool IsAck => (Flags & TcpFlags.Ack) != 0;

    public bool IsSyn => (Flags & TcpFlags.Syn) != 0;

    public bool IsFin => (Flags & TcpFlags.Fin) != 0;

    public bool IsRst => (Flags & TcpFlags.Rst) != 0;

    /// <summary>What it takes of the sequence numbers.</summary>
    public int Length => Payload.Length + (IsSyn ? 1 : 0) + (IsFin ? 1 : 0);

    /// <returns>False if it is shorter than it says.</returns>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out TcpSegment segment)
    {
        segment = default;
        int offset = bytes.Length < HeaderLength ? 0 : (bytes[12] >> 4) * 4;
        if (offset < HeaderLength || offset > bytes.Length)
            return false;
        segment = new TcpSegment(bytes, offset);
        return true;
    }

    /// <summary>The position in the stream, counted without end, that a 32-bit number means nearest to a known one (RFC 9293 section 3.4).</summary>
    public static long Expand(uint number, long near) => near + (int)(number - (uint)near);

    /// <summary>Writes the header in front of options and data that are in place, but for the checksum.</summary>
    public static void WriteHeader(Span<byte> segment, ushort source, ushort destination, long sequence, long acknowledgement, TcpFlags flags, int window, int options)
    {
        BinaryPrimitives.WriteUInt16BigEndian(segment, source);
        BinaryPrimitives.WriteUInt16BigEndian(segment[2..], destination);
        BinaryPrimitives.WriteUInt32BigEndian(segment[4..], (uint)sequence);
        BinaryPrimitives.WriteUInt32BigEndian(segment[8..], (uint)acknowledgement);
        segment[12] = (byte)((HeaderLength + options) / 4 << 4);
        segment[13] = (byte)flags;
        BinaryPrimitives.WriteUInt16BigEndian(segment[14..], (ushort)window);
        BinaryPrimitives.WriteUInt32BigEndian(segment[16..], 0);
    }

    /// <summary>Writes the options of a SYN: MSS, and those of the offer.</summary>
    /// <returns>Their length.</returns>
    public static int WriteSynOptions(Span<byte> options, int maximumSegmentSize, in TcpOffer offer, uint timestamp, uint echo)
    {
        options[0] = MaximumSegmentSizeOption;
        options[1] = 4;
        BinaryPrimitives.WriteUInt16BigEndian(options[2..], (ushort)maximumSegmentSize);
        int length = 4;
        if (offer.WindowShift is { } shift)
        {
            options[length] = NoOperation;
            options[length + 1] = WindowScaleOption;
            options[length + 2] = 3;
            options[length + 3] = (byte)shift;
            length += 4;
        }
        if (offer.IsSackPermitted)
        {
            options.Slice(length, 2).Fill(NoOperation);
            options[length + 2] = SackPermittedOption;
            options[length + 3] = 2;
            length += 4;
        }
        return offer.HasTimestamps ? length + WriteTimestamps(options[length..], timestamp, echo) : length;
    }

    /// <summary>RFC 7323 section 3.2.</summary>
    public static int WriteTimestamps(Span<byte> options, uint timestamp, uint echo)
    {
        options[..2].Fill(NoOperation);
        options[2] = TimestampsOption;
        options[3] = 10;
        BinaryPrimitives.WriteUInt32BigEndian(options[4..], timestamp);
        BinaryPrimitives.WriteUInt32BigEndian(options[8..], echo);
        return TimestampsLength;
    }

    /// <summary>RFC 2018 section 3.</summary>
    public static int WriteSack(Span<byte> options, ReadOnlySpan<(long Start, long End)> blocks)
    {
        if (blocks.IsEmpty)
            return 0;
        options[..2].Fill(NoOperation);
        options[2] = SackOption;
        options[3] = (byte)(2 + (8 * blocks.Length));
        for (int i = 0; i < blocks.Length; i++)
        {
            BinaryPrimitives.WriteUInt32BigEndian(options[(4 + (8 * i))..], (uint)blocks[i].Start);
            BinaryPrimitives.WriteUInt32BigEndian(options[(8 + (8 * i))..], (uint)blocks[i].End);
        }
        return 4 + (8 * blocks.Length);
    }
}
