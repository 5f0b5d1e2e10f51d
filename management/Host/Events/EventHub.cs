using System;
using System.Collections.Generic;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Threading;
using System.Threading.Channels;

namespace HyperOS.Management.Events;

/// <summary>Something changed.</summary>
/// <param name="Number">Counts from 1 in this run of the process.</param>
/// <param name="Type">As vm, vmDeleted, task, image, network or host.</param>
/// <param name="Subject">The name of what changed, by which tokens that are limited to some VMs are served; "" for what they do not get.</param>
/// <param name="Json">The whole object as the API has it.</param>
internal sealed record ApiEvent(ulong Number, string Type, string Subject, byte[] Json);

/// <summary>The last events, and those who listen. A listener who is too slow, or knows an older run of the process, starts anew.</summary>
internal sealed class EventHub
{
    public const int Capacity = 1024, MaxListeners = 64;

    private const int ListenerCapacity = 256;

    private readonly Lock _lock = new();
    private readonly string _run = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4));
    private readonly Queue<ApiEvent> _recent = new();
    private readonly HashSet<Channel<ApiEvent>> _listeners = [];
    private ulong _last;

    public void Publish<T>(string type, string subject, T value, JsonTypeInfo<T> json)
    {
        byte[] bytes = JsonSerializer.SerializeToUtf8Bytes(value, json);
        lock (_lock)
        {
            ApiEvent happened = new(++_last, type, subject, bytes);
            if (_recent.Count == Capacity)
                _recent.Dequeue();
            _recent.Enqueue(happened);
            foreach (Channel<ApiEvent> listener in _listeners)
            {
                if (!listener.Writer.TryWrite(happened))
                    listener.Writer.TryComplete();
            }
            _listeners.RemoveWhere(listener => listener.Reader.Completion.IsCompleted);
        }
    }

    /// <summary>How the number of an event is told to listeners.</summary>
    public string IdOf(ulong number) => string.Create(CultureInfo.InvariantCulture, $"{_run}-{number}");

    /// <summary>Begins to listen.</summary>
    /// <param name="lastId">The last one that the listener has, or null.</param>
    /// <param name="missed">What it has missed since; null if that is not known any more, or nothing was said: then it asks for everything.</param>
    /// <param name="last">The number of the last event before those of the channel.</param>
    /// <returns>What comes; ends when the listener is too slow. Null if there are too many.</returns>
    public Channel<ApiEvent>? Listen(string? lastId, out IReadOnlyList<ApiEvent>? missed, out ulong last)
    {
        lock (_lock)
        {
            last = _last;
            missed = MissedSince(lastId);
            if (_listeners.Count >= MaxListeners)
                return null;
            Channel<ApiEvent> listener = Channel.CreateBounded<ApiEvent>(ListenerCapacity);
            _listeners.Add(listener);
            return listener;
        }
    }

    public void Leave(Channel<ApiEvent> listener)
    {
        lock (_lock)
            _listeners.Remove(listener);
    }

    private List<ApiEvent>? MissedSince(string? lastId)
    {
        string prefix = _run + "-";
        if (lastId is null || !lastId.StartsWith(prefix, StringComparison.Ordinal)
            || !ulong.TryParse(lastId[prefix.Length..], NumberStyles.None, CultureInfo.InvariantCulture, out ulong number) || number > _last
            || _recent.TryPeek(out ApiEvent? oldest) && number + 1 < oldest.Number)
        {
            return null;
        }
        List<ApiEvent> missed = [];
        foreach (ApiEvent happened in _recent)
        {
            if (happened.Number > number)
                missed.Add(happened);
        }
        return missed;
    }
}
