using System;
using System.Collections.Generic;

namespace HyperOS.Management.TcpIp;

/// <summary>
/// The half-open connections of all listeners, at most so many (RFC 4987 section 3): if one too many comes, the oldest goes. An honest peer answers within
/// a round trip, a flood's invented ones never.
/// </summary>
internal sealed class HalfOpenQueue
{
    private const int MaximumTries = 4;
    private const long FirstTimeOut = 1_000_000;

    private readonly StackContext _context;
    private readonly int _maximum;
    private readonly Action<HalfOpen> _answer;
    private readonly Dictionary<FlowKey, LinkedListNode<HalfOpen>> _byKey = [];
    private readonly LinkedList<HalfOpen> _byAge = new();
    private readonly StackTimer _timer;

    public HalfOpenQueue(StackContext context, int maximum, Action<HalfOpen> answer)
    {
        _context = context;
        _maximum = maximum;
        _answer = answer;
        _timer = new StackTimer(context.Timers, Tick);
    }

    public int Count => _byKey.Count;

    public HalfOpen? Find(FlowKey key) => _byKey.TryGetValue(key, out LinkedListNode<HalfOpen>? node) ? node.Value : null;

    public void Add(HalfOpen halfOpen)
    {
        if (_byKey.Count == _maximum)
        {
            _context.Counters.HalfOpenEvictions++;
            Remove(_byAge.First!.Value.Key);
        }
        _byKey.Add(halfOpen.Key, _byAge.AddLast(halfOpen));
        Answer(halfOpen);
    }

    public void Remove(FlowKey key)
    {
        if (_byKey.Remove(key, out LinkedListNode<HalfOpen>? node))
            _byAge.Remove(node);
    }

    public void RemoveAll(Predicate<HalfOpen> which)
    {
        LinkedListNode<HalfOpen>? next;
        for (LinkedListNode<HalfOpen>? node = _byAge.First; node is not null; node = next)
        {
            next = node.Next;
            if (which(node.Value))
                Remove(node.Value.Key);
        }
    }

    private void Answer(HalfOpen halfOpen)
    {
        halfOpen.Due = _context.Now + (FirstTimeOut << halfOpen.Tries++);
        _timer.StartNoLater(halfOpen.Due);
        _answer(halfOpen);
    }

    private void Tick()
    {
        RemoveAll(halfOpen => halfOpen.Due <= _context.Now && halfOpen.Tries == MaximumTries);
        foreach (HalfOpen halfOpen in _byAge)
        {
            if (halfOpen.Due <= _context.Now)
                Answer(halfOpen);
        }
        // At most every quarter of a second, however many there are.
        if (Count != 0)
            _timer.Start(_context.Now + (FirstTimeOut / 4));
    }
}
