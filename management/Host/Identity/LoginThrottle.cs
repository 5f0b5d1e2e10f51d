using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;

namespace HyperOS.Management.Identity;

/// <summary>
/// Slows down guessing: after <see cref="FreeFailures"/> failures in a row each next one doubles the time in which no further attempt is heard, for the
/// user's name and for the address that it came from. A success forgets the name's.
/// </summary>
internal sealed class LoginThrottle(TimeProvider time)
{
    public const int FreeFailures = 5;

    private const int MaxEntries = 10_000;

    private static readonly TimeSpan s_longest = TimeSpan.FromMinutes(15), s_forgotten = TimeSpan.FromHours(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);

    /// <returns>How long no attempt is heard; zero if one is.</returns>
    public TimeSpan Wait(string user, string address)
    {
        lock (_lock)
        {
            DateTimeOffset now = time.GetUtcNow();
            TimeSpan wait = Keys(user, address).Select(key => _entries.TryGetValue(key, out Entry entry) ? entry.LockedUntil - now : TimeSpan.Zero).Max();
            return wait > TimeSpan.Zero ? wait : TimeSpan.Zero;
        }
    }

    public void Failed(string user, string address)
    {
        lock (_lock)
        {
            DateTimeOffset now = time.GetUtcNow();
            if (_entries.Count >= MaxEntries)
                Forget(now);
            foreach (string key in Keys(user, address))
            {
                int failures = _entries.TryGetValue(key, out Entry entry) && now - entry.LastFailure < s_forgotten ? entry.Failures + 1 : 1;
                TimeSpan wait = failures < FreeFailures ? TimeSpan.Zero : TimeSpan.FromSeconds(Math.Min(s_longest.TotalSeconds, Math.Pow(2, failures - FreeFailures + 1)));
                _entries[key] = new Entry(failures, now, now + wait);
            }
        }
    }

    public void Succeeded(string user)
    {
        lock (_lock)
            _entries.Remove("user " + user);
    }

    private static string[] Keys(string user, string address) => ["user " + user, "address " + address];

    private void Forget(DateTimeOffset now)
    {
        foreach (string key in _entries.Where(entry => now - entry.Value.LastFailure > s_forgotten).Select(entry => entry.Key).ToArray())
            _entries.Remove(key);
        if (_entries.Count >= MaxEntries)
            _entries.Clear();
    }

    private readonly record struct Entry(int Failures, DateTimeOffset LastFailure, DateTimeOffset LockedUntil);
}
