using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.IO;
using System.Security.Cryptography;
using System.Text;
using System.Threading;

namespace HyperOS.Management.Configuration;

/// <summary>
/// Documents in a journal: commits one after another, the last one perhaps torn.
/// <code>
///   commit:  u32 length of the changes   SHA-256 of the changes (32)   changes
///   change:  u16 length of the key   key   u32 length of the content, or FFFFFFFF: deleted   content
/// </code>
/// A commit is written and flushed at the end of the file; the first that is cut off or has another hash ends the journal, and what is behind it is cut
/// away. When most of it is old, it is written anew beside and renamed.
/// </summary>
internal sealed class FileConfigurationStore : IConfigurationStore, IDisposable
{
    private const int HeaderLength = sizeof(uint) + SHA256.HashSizeInBytes;
    private const uint Deleted = uint.MaxValue;
    private const long MinCompactLength = 1 << 20;

    private readonly Lock _lock = new();
    private readonly MemoryConfigurationStore _documents = new();
    private readonly string _path;
    private FileStream _journal;
    private long _live;

    /// <param name="directory">Is made if it is not there.</param>
    public FileConfigurationStore(string directory)
    {
        Directory.CreateDirectory(directory);
        _path = Path.Combine(directory, "configuration.journal");
        _journal = Open(_path);
        Load();
    }

    public bool IsPersistent => true;

    public byte[]? Read(string key) => _documents.Read(key);

    public IReadOnlyList<KeyValuePair<string, byte[]>> List(string prefix) => _documents.List(prefix);

    public void Commit(params IReadOnlyList<DocumentChange> changes)
    {
        byte[] commit = Encode(changes);
        lock (_lock)
        {
            long end = _journal.Length;
            try
            {
                _journal.Position = end;
                _journal.Write(commit);
                _journal.Flush(flushToDisk: true);
            }
            catch (IOException)
            {
                _journal.SetLength(end);
                throw;
            }
            _documents.Commit(changes);
            if (_journal.Length > MinCompactLength && _journal.Length > 4 * _live)
                Compact();
        }
    }

    public void Dispose() => _journal.Dispose();

    private static FileStream Open(string path) => new(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);

    private void Load()
    {
        byte[] journal = new byte[_journal.Length];
        _journal.ReadExactly(journal);
        int position = 0;
        while (TryReadCommit(journal.AsSpan(position), out List<DocumentChange> changes, out int length))
        {
            _documents.Commit(changes);
            position += length;
        }
        if (position != journal.Length)
        {
            _journal.SetLength(position);
            _journal.Flush(flushToDisk: true);
        }
        _live = position;
    }

    private void Compact()
    {
        List<DocumentChange> all = [];
        foreach ((string key, byte[] content) in _documents.List(""))
            all.Add(new DocumentChange(key, content));
        byte[] commit = Encode(all);
        string fresh = _path + ".new";
        using (FileStream file = new(fresh, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0))
        {
            file.Write(commit);
            file.Flush(flushToDisk: true);
        }
        _journal.Dispose();
        File.Move(fresh, _path, overwrite: true);
        _journal = Open(_path);
        _live = commit.Length;
    }

    private static byte[] Encode(IReadOnlyList<DocumentChange> changes)
    {
        using MemoryStream commit = new();
        commit.Write(new byte[HeaderLength]);
        Span<byte> number = stackalloc byte[sizeof(uint)];
        foreach ((string key, byte[]? content) in changes)
        {
            byte[] name = Encoding.UTF8.GetBytes(key);
            BinaryPrimitives.WriteUInt16LittleEndian(number, checked((ushort)name.Length));
            commit.Write(number[..sizeof(ushort)]);
            commit.Write(name);
            BinaryPrimitives.WriteUInt32LittleEndian(number, (uint?)content?.Length ?? Deleted);
            commit.Write(number);
            commit.Write(content ?? []);
        }
        byte[] bytes = commit.ToArray();
        BinaryPrimitives.WriteInt32LittleEndian(bytes, bytes.Length - HeaderLength);
        SHA256.HashData(bytes.AsSpan(HeaderLength), bytes.AsSpan(sizeof(uint)));
        return bytes;
    }

    private static bool TryReadCommit(ReadOnlySpan<byte> journal, out List<DocumentChange> changes, out int length)
    {
        changes = [];
        length = 0;
        if (journal.Length < HeaderLength)
            return false;
        uint claimed = BinaryPrimitives.ReadUInt32LittleEndian(journal);
        if (claimed > journal.Length - HeaderLength)
            return false;
        ReadOnlySpan<byte> body = journal.Slice(HeaderLength, (int)claimed);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(body, hash);
        if (!hash.SequenceEqual(journal.Slice(sizeof(uint), SHA256.HashSizeInBytes)))
            return false;
        length = HeaderLength + (int)claimed;
        while (!body.IsEmpty)
        {
            int nameLength = BinaryPrimitives.ReadUInt16LittleEndian(body);
            string key = Encoding.UTF8.GetString(body.Slice(sizeof(ushort), nameLength));
            body = body[(sizeof(ushort) + nameLength)..];
            uint contentLength = BinaryPrimitives.ReadUInt32LittleEndian(body);
            body = body[sizeof(uint)..];
            changes.Add(new DocumentChange(key, contentLength == Deleted ? null : body[..(int)contentLength].ToArray()));
            body = body[(contentLength == Deleted ? 0 : (int)contentLength)..];
        }
        return true;
    }
}
