using System.Security.Cryptography;
using HyperOS.Abi;

namespace HyperOS.Tests.Boot;

/// <summary>Changes a bundle in place as a forger would: with or without the hashes that make the change believable.</summary>
internal static class BundleEditor
{
    /// <summary>A blob's bytes.</summary>
    public static Span<byte> Blob(byte[] bundle, int index)
    {
        Assert.True(BundleBlob.TryRead(bundle.AsSpan(BlobRow(bundle, index)), out BundleBlob blob));
        return bundle.AsSpan((int)blob.FileOffset, (int)blob.Length);
    }

    /// <summary>Makes a blob shorter.</summary>
    public static void Truncate(byte[] bundle, int index, int length)
    {
        Span<byte> row = bundle.AsSpan(BlobRow(bundle, index), BundleBlob.Size);
        Assert.True(BundleBlob.TryRead(row, out BundleBlob blob));
        blob.Length = (ulong)length;
        Assert.True(blob.TryWrite(row, new byte[BundleHeader.Sha256Length], row.Slice(row.Length - BundleBlob.MaxNameLength).ToArray()));
    }

    /// <summary>Changes a definition.</summary>
    public static void Change(byte[] bundle, int index, Func<VmDefinition, VmDefinition> change)
    {
        Span<byte> message = bundle.AsSpan(BundleHeader.Size + index * VmDefinition.Size, VmDefinition.Size);
        Assert.True(VmDefinition.TryRead(message, out VmDefinition definition));
        Assert.True(change(definition).TryWrite(message));
    }

    /// <summary>Makes all hashes fit what the bundle holds.</summary>
    public static void Seal(byte[] bundle)
    {
        Assert.True(BundleHeader.TryRead(bundle, out BundleHeader header));
        for (int i = 0; i < header.BlobCount; i++)
        {
            Span<byte> row = bundle.AsSpan(BlobRow(bundle, i), BundleBlob.Size);
            Assert.True(BundleBlob.TryRead(row, out BundleBlob blob));
            Assert.True(blob.TryWrite(row, SHA256.HashData(Blob(bundle, i)), row.Slice(row.Length - BundleBlob.MaxNameLength).ToArray()));
        }
        ReadOnlySpan<byte> tables = bundle.AsSpan(BundleHeader.HashedOffset, (int)header.TablesLength - BundleHeader.HashedOffset);
        SHA256.HashData(tables, BundleHeader.Sha256Of(bundle));
    }

    private static int BlobRow(byte[] bundle, int index)
    {
        Assert.True(BundleHeader.TryRead(bundle, out BundleHeader header));
        return (int)header.BlobsOffset + index * BundleBlob.Size;
    }
}
