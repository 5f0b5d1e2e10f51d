using HyperOS.Abi;
using HyperOS.Switching;
using HyperOS.Tests.Abi;

namespace HyperOS.Tests.Fuzz.Bundle;

public class BundleReaderFuzz
{
    private const int TablesEnd = BundleHeader.Size + 2 * VmDefinition.Size + 2 * BundleBlob.Size;

    [Fact]
    public void No_bundle_breaks_its_reader()
    {
        byte[] valid = SampleBundle.Build();
        FuzzRun.Run(random =>
        {
            byte[] bundle = FuzzRun.Mutate(random, valid);
            // Most of a bundle is content, which nothing reads: spend most changes on what is read.
            for (int changes = random.Next(4); changes > 0 && bundle.Length > TablesEnd; changes--)
            {
                int start = random.Next(3) switch { 0 => 0, 1 => BundleHeader.Size, _ => BundleHeader.Size + 2 * VmDefinition.Size };
                bundle[start + random.Next(0x40)] = (byte)(random.Next(4) switch { 0 => 0, 1 => 0xFF, 2 => 1 << random.Next(8), _ => random.Next(256) });
            }
            Walk(bundle);
        });
    }

    [Fact]
    public void No_networks_break_their_reader()
    {
        byte[] valid = SampleNetworks.Build();
        BundleHeader.TryRead(valid, out BundleHeader header);
        FuzzRun.Run(random =>
        {
            byte[] bundle = [.. valid];
            for (int changes = random.Next(1, 5); changes > 0; changes--)
            {
                int at = random.Next(8) == 0 ? random.Next(0x40, BundleHeader.Size) : random.Next((int)header.NetworksOffset, bundle.Length);
                bundle[at] = (byte)(random.Next(4) switch { 0 => 0, 1 => 0xFF, 2 => 1 << random.Next(8), _ => random.Next(256) });
            }
            Walk(bundle);
        });
    }

    [Fact]
    public void No_disks_break_their_reader()
    {
        byte[] valid = SampleDisks.Build();
        BundleHeader.TryRead(valid, out BundleHeader header);
        FuzzRun.Run(random =>
        {
            byte[] bundle = [.. valid];
            for (int changes = random.Next(1, 5); changes > 0; changes--)
            {
                int at = random.Next(8) == 0 ? random.Next(0x38, BundleHeader.Size) : random.Next((int)header.DisksOffset, (int)header.TablesLength);
                bundle[at] = (byte)(random.Next(4) switch { 0 => 0, 1 => 0xFF, 2 => 1 << random.Next(8), _ => random.Next(256) });
            }
            Walk(bundle);
        });
    }

    [Fact]
    public void No_random_bytes_behind_a_valid_magic_break_the_reader() => FuzzRun.Run(random =>
    {
        byte[] bundle = new byte[random.Next(0x4000)];
        random.NextBytes(bundle);
        SampleBundle.Build().AsSpan(0, Math.Min(bundle.Length, 0x0C)).CopyTo(bundle);
        Walk(bundle);
    });

    private static void Walk(byte[] bundle)
    {
        BundleStatus status = BundleReader.TryOpen(bundle, out BundleReader reader);
        FuzzRun.Saw(status);
        if (status != BundleStatus.Valid)
            return;
        Assert.Equal(32, reader.TablesSha256.Length);
        Assert.True(reader.HashedTables.Length < bundle.Length);
        for (int i = 0; i < reader.DefinitionCount; i++)
        {
            VmDefinitionErrors errors = reader.ReadDefinition(i, 4, 1ul << 30, out VmDefinition definition);
            FuzzRun.Saw(errors);
            FuzzRun.Saw(nameof(reader.IsNameTaken), reader.IsNameTaken(i) ? 1 : 0);
            Assert.True(definition.Name.Bytes.Length <= DefinitionName.MaxLength);
            Assert.True(definition.CommandLine.Length <= VmDefinition.MaxCommandLineLength);
            if (errors == VmDefinitionErrors.None)
                Assert.True(reader.TryGetBlob(definition.Kernel, out _));
        }
        for (int i = 0; i < reader.NetworkCount; i++)
            FuzzRun.Saw(reader.ReadNetwork(i, 0xFF, out _));
        for (int i = 0; i < reader.PortGroupCount; i++)
        {
            NetworkErrors errors = reader.ReadPortGroup(i, out PortGroupDefinition definition);
            FuzzRun.Saw(errors);
            Assert.True(PortGroup.From(in definition).Vlan == definition.Vlan);
            if (errors == NetworkErrors.None)
                Assert.True(definition.Network < reader.NetworkCount);
        }
        for (int i = 0; i < reader.NicCount; i++)
        {
            NetworkErrors errors = reader.ReadNic(i, out NicDefinition definition);
            FuzzRun.Saw(errors);
            if (errors == NetworkErrors.None)
                Assert.True(definition.Vm < reader.DefinitionCount && definition.PortGroup < reader.PortGroupCount);
        }
        for (int i = 0; i < reader.DiskCount; i++)
        {
            DiskErrors errors = reader.ReadDisk(i, out DiskDefinition definition);
            FuzzRun.Saw(errors);
            bool hasImage = reader.TryGetBlob(definition.Image, out Blob image);
            if (errors == DiskErrors.None)
                Assert.True(definition.Vm < reader.DefinitionCount && hasImage == (definition.Image != VmDefinition.NoBlob) && (ulong)image.Content.Length <= definition.Bytes);
        }
        for (uint i = 0; i < reader.BlobCount; i++)
        {
            Assert.True(reader.TryGetBlob(i, out Blob blob));
            Assert.True(blob.Content.Length <= bundle.Length);
            Assert.Equal(32, blob.Sha256.Length);
        }
    }
}
