using System;
using System.Security.Cryptography;
using HyperOS.Abi.Control;

namespace HyperOS.Management.KernelClient.Simulation;

/// <summary>An image whose contents nobody needs: of what is appended only the hash is kept.</summary>
internal sealed class SimulatedImage(ulong id, ImageName name, ulong bytes, bool isPersistent)
{
    private readonly IncrementalHash _contents = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private byte[]? _sha256;

    public ulong Id => id;

    public ImageName Name => name;

    public ulong Bytes => bytes;

    public bool IsPersistent => isPersistent;

    public ulong Length { get; private set; }

    public bool IsSealed => _sha256 is not null;

    public void Append(ReadOnlySpan<byte> piece)
    {
        _contents.AppendData(piece);
        Length += (ulong)piece.Length;
    }

    public bool TrySeal(ReadOnlySpan<byte> sha256)
    {
        byte[] actual = _contents.GetCurrentHash();
        if (Length != bytes || !sha256.SequenceEqual(actual))
            return false;
        _sha256 = actual;
        return true;
    }

    public ImageRecord Record(uint users)
    {
        ImageRecord record = new()
        {
            Id = id,
            Bytes = bytes,
            Length = Length,
            Options = isPersistent ? StorageOptions.Persistent : StorageOptions.None,
            Users = users,
            IsSealed = IsSealed,
            Name = name,
        };
        if (_sha256 is not null)
            record.SetSha256(_sha256);
        return record;
    }
}
