using System.Security.Cryptography;
using HyperOS.Abi;
using HyperOS.Core;

namespace HyperOS.Tests.Abi;

/// <summary>A small valid bundle with VMs web and db, three disks and an image.</summary>
internal static class SampleDisks
{
    public static readonly byte[] Image = [.. Enumerable.Range(0, 1000).Select(i => (byte)i)];

    public static DiskDefinition Disk(ReadOnlySpan<byte> name, uint vm, uint image, ulong bytes)
    {
        DiskDefinition disk = DiskDefinition.Empty;
        disk.Name.Set(name);
        disk.Vm = vm;
        disk.Image = image;
        disk.Bytes = bytes;
        return disk;
    }

    public static byte[] Build()
    {
        DiskDefinition cd = Disk("cd"u8, 0, 0, 1024);
        cd.Options = DiskOptions.ReadOnly;
        return Build(Disk("root"u8, 0, VmDefinition.NoBlob, 64ul << 20), cd, Disk("root"u8, 1, 0, 1ul << 30));
    }

    public static byte[] Build(params DiskDefinition[] disks)
    {
        BundleHeader header = new()
        {
            Magic = BundleHeader.ExpectedMagic, Version = BundleHeader.CurrentVersion, DefinitionCount = 2, DiskCount = (uint)disks.Length, BlobCount = 1,
        };
        BundleBlob blob = new() { FileOffset = Alignment.Up(header.TablesLength, Size.Page), Length = (ulong)Image.Length };
        header.TotalLength = blob.FileOffset + blob.Length;
        byte[] bundle = new byte[header.TotalLength];
        header.TryWrite(bundle);
        SampleBundle.Definition("web"u8).TryWrite(bundle.AsSpan(BundleHeader.Size));
        SampleBundle.Definition("db"u8).TryWrite(bundle.AsSpan(BundleHeader.Size + VmDefinition.Size));
        for (int i = 0; i < disks.Length; i++)
            disks[i].TryWrite(bundle.AsSpan((int)header.DisksOffset + i * DiskDefinition.Size));
        blob.TryWrite(bundle.AsSpan((int)header.BlobsOffset), SHA256.HashData(Image), "disk.raw"u8);
        Image.CopyTo(bundle, (int)blob.FileOffset);
        SHA256.HashData(bundle.AsSpan(BundleHeader.HashedOffset..(int)header.TablesLength), BundleHeader.Sha256Of(bundle));
        return bundle;
    }
}
