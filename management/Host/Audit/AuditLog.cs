using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text.Json;
using System.Threading;
using HyperOS.Management.Api;
using HyperOS.Management.Configuration;
using Microsoft.Extensions.Logging;

namespace HyperOS.Management.Audit;

/// <summary>Who did what, or tried.</summary>
/// <param name="Number">Counts from 1.</param>
/// <param name="Time">When.</param>
/// <param name="User">By name; of a failed sign-in the name that was tried.</param>
/// <param name="Address">Where the request came from.</param>
/// <param name="Action">As vm.start or session.create.</param>
/// <param name="Target">What it was done to.</param>
/// <param name="Succeeded">Whether it was done.</param>
internal sealed record AuditEntry(ulong Number, DateTimeOffset Time, string User, string Address, string Action, string Target, bool Succeeded);

/// <summary>The last changes and failed sign-ins, as many as there is room for; stored as they happen.</summary>
internal sealed partial class AuditLog
{
    public const int Capacity = 5000;

    private const string Prefix = "audit/";
    private const int MaxText = 200;

    private readonly Lock _lock = new();
    private readonly IConfigurationStore _store;
    private readonly TimeProvider _time;
    private readonly ILogger<AuditLog> _logger;
    private readonly Queue<AuditEntry> _entries = new();
    private ulong _last;

    public AuditLog(IConfigurationStore store, TimeProvider time, ILogger<AuditLog> logger)
    {
        (_store, _time, _logger) = (store, time, logger);
        foreach ((_, byte[] content) in store.List(Prefix))
        {
            AuditEntry entry = JsonSerializer.Deserialize(content, ApiJson.Default.AuditEntry) ?? throw new InvalidDataException("An audit entry is empty.");
            _entries.Enqueue(entry);
            _last = entry.Number;
        }
    }

    public IReadOnlyList<AuditEntry> Entries
    {
        get
        {
            lock (_lock)
                return [.. _entries];
        }
    }

    public void Write(string user, string address, string action, string target, bool succeeded = true)
    {
        lock (_lock)
        {
            AuditEntry entry = new(_last + 1, _time.GetUtcNow(), Cut(user), address, action, Cut(target), succeeded);
            List<DocumentChange> changes = [new DocumentChange(KeyOf(entry.Number), JsonSerializer.SerializeToUtf8Bytes(entry, ApiJson.Default.AuditEntry))];
            if (_entries.Count == Capacity)
                changes.Add(new DocumentChange(KeyOf(_entries.Peek().Number), null));
            try
            {
                _store.Commit(changes);
            }
            catch (IOException exception)
            {
                LogNotStored(exception, action, target);
                return;
            }
            if (_entries.Count == Capacity)
                _entries.Dequeue();
            _entries.Enqueue(entry);
            _last = entry.Number;
        }
    }

    private static string Cut(string text) => new([.. text.Take(MaxText).Select(character => char.IsControl(character) ? '?' : character)]);

    private static string KeyOf(ulong number) => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{number:D20}");

    [LoggerMessage(1, LogLevel.Error, "The audit entry {Action} {Target} could not be stored.")]
    private partial void LogNotStored(Exception exception, string action, string target);
}
