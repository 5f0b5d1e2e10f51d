using System;
using System.Buffers.Binary;
using System.Threading;
using HyperOS.Core;
using HyperOS.Specs.Net;

namespace HyperOS.Switching;

/// <summary>
/// A recording of a port's frames, both ways, as a pcap file that one reader fetches piece by piece. Bounded: what does not fit until it is fetched is
/// counted and lost. Frames come from several threads; one that finds another at it for too long leaves its frame out as well, so that a recorder that
/// ended in the middle stops the recording but nobody else.
/// </summary>
public sealed class PortCapture
{
    private const int Attempts = 1000;
    private const ulong NanosecondsPerSecond = 1_000_000_000;

    private readonly byte[] _ring;
    private readonly int _snapLength;
    private readonly ulong _epoch;
    private int _busy;
    private ulong _written;
    private ulong _read;
    private ulong _lost;
    private bool _isBegun;

    /// <param name="capacity">Bytes that wait to be fetched.</param>
    /// <param name="snapLength">Bytes recorded of a frame, at most.</param>
    /// <param name="epoch">The time of day, in nanoseconds since 1970, when the switch's time was 0.</param>
    public PortCapture(int capacity, int snapLength, ulong epoch)
    {
        _ring = new byte[capacity];
        _snapLength = snapLength;
        _epoch = epoch;
    }

    /// <summary>Frames that were not recorded.</summary>
    public ulong Lost => Volatile.Read(ref _lost);

    /// <summary>Fetches what comes next of the file: its header first, then whole records. One thread at a time.</summary>
    /// <returns>How many bytes; 0 if nothing waits, or <paramref name="destination"/> is too short for what does.</returns>
    public int Read(Span<byte> destination)
    {
        int length = 0;
        if (!_isBegun)
        {
            if (destination.Length < PcapFile.HeaderLength)
                return 0;
            WriteHeader(destination);
            length = PcapFile.HeaderLength;
            _isBegun = true;
        }
        ulong end = Volatile.Read(ref _written), position = _read;
        Span<byte> header = stackalloc byte[PcapFile.RecordHeaderLength];
        while (position < end)
        {
            Get(position, header);
            int record = PcapFile.RecordHeaderLength + (int)BinaryPrimitives.ReadUInt32LittleEndian(header.Slice(PcapFile.RecordCapturedLength));
            if (record > destination.Length - length)
                break;
            Get(position, destination.Slice(length, record));
            length += record;
            position += (uint)record;
        }
        Volatile.Write(ref _read, position);
        return length;
    }

    /// <summary>Records a frame.</summary>
    /// <param name="frame">As it came in, or was delivered.</param>
    /// <param name="now">In nanoseconds of the switch's time.</param>
    internal void Record(in Frame frame, ulong now)
    {
        if (!TryBegin())
        {
            Interlocked.Add(ref _lost, 1);
            return;
        }
        int captured = Math.Min(frame.Length, _snapLength);
        ulong position = _written;
        if ((ulong)(PcapFile.RecordHeaderLength + captured) > (uint)_ring.Length - (position - Volatile.Read(ref _read)))
        {
            Interlocked.Add(ref _lost, 1);
        }
        else
        {
            Put(position, in frame, captured, _epoch + now);
            Volatile.Write(ref _written, position + (uint)(PcapFile.RecordHeaderLength + captured));
        }
        Volatile.Write(ref _busy, 0);
    }

    private void WriteHeader(Span<byte> destination)
    {
        LittleEndianWriter writer = new(destination);
        writer.WriteUInt32(PcapFile.NanosecondMagic);
        writer.WriteUInt16(PcapFile.MajorVersion);
        writer.WriteUInt16(PcapFile.MinorVersion);
        writer.WriteUInt64(0);
        writer.WriteUInt32((uint)_snapLength);
        writer.WriteUInt32(PcapFile.LinkTypeEthernet);
    }

    private void Put(ulong position, in Frame frame, int captured, ulong time)
    {
        Span<byte> header = stackalloc byte[PcapFile.RecordHeaderLength];
        LittleEndianWriter writer = new(header);
        writer.WriteUInt32(unchecked((uint)(time / NanosecondsPerSecond)));
        writer.WriteUInt32((uint)(time % NanosecondsPerSecond));
        writer.WriteUInt32((uint)captured);
        writer.WriteUInt32((uint)frame.Length);
        Put(position, header);
        position += PcapFile.RecordHeaderLength;
        int offset = 0;
        while (offset < captured)
        {
            ReadOnlySpan<byte> part = frame.From(offset);
            if (part.IsEmpty)
                break;
            part = part.Slice(0, Math.Min(part.Length, captured - offset));
            Put(position + (uint)offset, part);
            offset += part.Length;
        }
    }

    private bool TryBegin()
    {
        for (int i = 0; i < Attempts; i++)
        {
            if (Interlocked.CompareExchange(ref _busy, 1, 0) == 0)
                return true;
            Thread.SpinWait(1);
        }
        return false;
    }

    private void Put(ulong position, ReadOnlySpan<byte> bytes)
    {
        int start = (int)(position % (uint)_ring.Length);
        int first = Math.Min(bytes.Length, _ring.Length - start);
        bytes.Slice(0, first).CopyTo(_ring.AsSpan(start, first));
        bytes.Slice(first).CopyTo(_ring);
    }

    private void Get(ulong position, Span<byte> bytes)
    {
        int start = (int)(position % (uint)_ring.Length);
        int first = Math.Min(bytes.Length, _ring.Length - start);
        _ring.AsSpan(start, first).CopyTo(bytes);
        _ring.AsSpan(0, bytes.Length - first).CopyTo(bytes.Slice(first));
    }
}
