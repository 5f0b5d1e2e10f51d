using System.Security.Cryptography;
using HyperOS.Abi;

namespace HyperOS.Tests.Abi;

/// <summary>A small valid bundle: VMs web and db, and the blobs vmlinuz and initrd.img that both use.</summary>
internal static class SampleBundle
{
    public const int FirstBlobOffset = 0x2000;
    public const int SecondBlobOffset = 0x3000;
    public const int TotalLength = SecondBlobOffset + 3;

    public static readonly byte[] KernelContent = "kernel"u8.ToArray();
    public static readonly byte[] InitrdContent = "rd!"u8.ToArray();

    public static readonly VmLimits Limits = new(maxCpus: 4, maxMemoryBytes: 1ul << 30, blobCount: 2);

    public static VmDefinition Definition(ReadOnlySpan<byte> name)
    {
        VmDefinition definition = VmDefinition.Empty;
        definition.Name.Set(name);
        definition.Class = VmClass.Microvm;
        definition.CpuCount = 1;
        definition.MemoryBytes = 256ul << 20;
        definition.Kernel = 0;
        definition.Initrd = 1;
        definition.SetCommandLine("console=ttyS0"u8);
        definition.Console = VmConsole.Host;
        definition.Devices = VmDevices.TestExit;
        definition.Options = VmOptions.Autostart;
        definition.Restart = VmRestart.OnFailure;
        return definition;
    }

    public static byte[] Build() => Build(Definition("web"u8), Definition("db"u8));

    public static byte[] Build(VmDefinition first, VmDefinition second)
    {
        byte[] bundle = new byte[TotalLength];
        BundleHeader header = new()
        {
            Magic = BundleHeader.ExpectedMagic,
            Version = BundleHeader.CurrentVersion,
            OnAllStopped = AllStoppedAction.PowerOff,
            TotalLength = TotalLength,
            DefinitionCount = 2,
            BlobCount = 2,
        };
        header.TryWrite(bundle);
        first.TryWrite(bundle.AsSpan(BundleHeader.Size));
        second.TryWrite(bundle.AsSpan(BundleHeader.Size + VmDefinition.Size));
        int blobs = (int)header.BlobsOffset;
        Blob(bundle, blobs, FirstBlobOffset, KernelContent, "vmlinuz"u8);
        Blob(bundle, blobs + BundleBlob.Size, SecondBlobOffset, InitrdContent, "initrd.img"u8);
        SHA256.HashData(bundle.AsSpan(BundleHeader.HashedOffset..(int)header.TablesLength), BundleHeader.Sha256Of(bundle));
        return bundle;
    }

    private static void Blob(byte[] bundle, int row, int offset, byte[] content, ReadOnlySpan<byte> name)
    {
        new BundleBlob { FileOffset = (ulong)offset, Length = (ulong)content.Length }.TryWrite(bundle.AsSpan(row), SHA256.HashData(content), name);
        content.CopyTo(bundle, offset);
    }
}
