using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;

namespace HyperOS.Management.Configuration;

/// <summary>Documents in memory: for a host without a disk, and what the file store serves reads from.</summary>
internal sealed class MemoryConfigurationStore : IConfigurationStore
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, byte[]> _documents = new(StringComparer.Ordinal);

    public bool IsPersistent => false;

    public byte[]? Read(string key)
    {
        lock (_lock)
            return _documents.GetValueOrDefault(key);
    }

    public IReadOnlyList<KeyValuePair<string, byte[]>> List(string prefix)
    {
        lock (_lock)
            return [.. _documents.Where(document => document.Key.StartsWith(prefix, StringComparison.Ordinal))];
    }

    public void Commit(params IReadOnlyList<DocumentChange> changes)
    {
        lock (_lock)
        {
            foreach ((string key, byte[]? content) in changes)
            {
                if (content is null)
                    _documents.Remove(key);
                else
                    _documents[key] = content;
            }
        }
    }
}
