using System;
using System.Buffers;
using System.Collections.Generic;

namespace HyperOS.Management.TcpIp;

/// <summary>
/// Puts IPv4 datagrams together from their fragments (RFC 791 section 3.2, RFC 815) within strict limits: few at a time, fewer of one sender,
/// none longer than <see cref="PacketBuffer.Capacity"/>, and none whose fragments overlap (RFC 5722 says so for IPv6; here for the same reason).
/// </summary>
internal sealed class Reassembly
{
    /// <summary>The most datagrams of which fragments are kept.</summary>
    public const int MaximumDatagrams = 16;

    /// <summary>The most of them from one sender.</summary>
    public const int MaximumOfOneSender = 4;

    private const int MaximumHoles = 16;
    private const long Patience = 15_000_000;

    private readonly StackContext _context;
    private readonly List<Datagram> _datagrams = [];
    private readonly StackTimer _timer;
    private readonly byte[] _whole = new byte[PacketBuffer.Capacity];

    public Reassembly(StackContext context)
    {
        _context = context;
        _timer = new StackTimer(context.Timers, DropOld);
    }

    /// <summary>Takes a fragment.</summary>
    /// <returns>True, with the datagram's payload, which stays valid until the next call, if it was the last one missing.</returns>
    public bool TryAdd(scoped in Ipv4Header header, out ReadOnlySpan<byte> payload)
    {
        payload = default;
        int start = header.FragmentOffset, end = start + header.Payload.Length;
        if (header.Payload.Length == 0 || (header.HasMoreFragments && header.Payload.Length % 8 != 0) || end > _whole.Length)
        {
            _context.Counters.Drop(DropReason.FragmentRefused);
            return false;
        }
        Datagram datagram = Find(new Key(header.Source, header.Destination, header.Protocol, header.Identification));
        if (!datagram.TryAdd(start, header.Payload, isLast: !header.HasMoreFragments))
        {
            Remove(datagram, DropReason.FragmentRefused);
            return false;
        }
        if (!datagram.IsWhole)
            return false;
        datagram.Bytes.AsSpan(0, datagram.Length).CopyTo(_whole);
        payload = _whole.AsSpan(0, datagram.Length);
        Remove(datagram, null);
        return true;
    }

    private Datagram Find(Key key)
    {
        Datagram? oldest = null;
        int ofSender = 0;
        foreach (Datagram datagram in _datagrams)
        {
            if (datagram.Key == key)
                return datagram;
            if (datagram.Key.Source == key.Source && ofSender++ == 0)
                oldest = datagram;
        }
        if (ofSender >= MaximumOfOneSender || _datagrams.Count == MaximumDatagrams)
            Remove(ofSender >= MaximumOfOneSender ? oldest! : _datagrams[0], DropReason.NoMemory);
        Datagram added = new(key, _context.Now + Patience);
        _datagrams.Add(added);
        _timer.StartNoLater(added.Due);
        return added;
    }

    private void DropOld()
    {
        while (_datagrams.Count != 0 && _datagrams[0].Due <= _context.Now)
            Remove(_datagrams[0], DropReason.FragmentTimeout);
        if (_datagrams.Count != 0)
            _timer.Start(_datagrams[0].Due);
    }

    private void Remove(Datagram datagram, DropReason? reason)
    {
        _datagrams.Remove(datagram);
        ArrayPool<byte>.Shared.Return(datagram.Bytes);
        if (reason is { } why)
            _context.Counters.Drop(why);
    }

    private readonly record struct Key(IpAddress Source, IpAddress Destination, IpProtocol Protocol, ushort Identification);

    private sealed class Datagram(Key key, long due)
    {
        private readonly RangeSet _have = new(MaximumHoles);

        public Key Key { get; } = key;

        public long Due { get; } = due;

        public byte[] Bytes { get; } = ArrayPool<byte>.Shared.Rent(PacketBuffer.Capacity);

        /// <summary>Known once the last fragment came; 0 before.</summary>
        public int Length { get; private set; }

        public bool IsWhole => Length != 0 && _have.Contains(0, Length);

        /// <returns>False if the fragment contradicts another. The same one again changes nothing.</returns>
        public bool TryAdd(int start, ReadOnlySpan<byte> part, bool isLast)
        {
            int end = start + part.Length;
            if (_have.Overlaps(start, end))
                return _have.Contains(start, end) && part.SequenceEqual(Bytes.AsSpan(start, part.Length)) && (!isLast || Length == end);
            if (isLast ? Length != 0 || (_have.Count != 0 && _have[_have.Count - 1].End > end) : Length != 0 && end > Length)
                return false;
            if (isLast)
                Length = end;
            part.CopyTo(Bytes.AsSpan(start));
            return _have.TryAdd(start, end);
        }
    }
}
