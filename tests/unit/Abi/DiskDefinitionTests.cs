using System.Runtime.CompilerServices;
using HyperOS.Abi;
using HyperOS.Tests.Abi;
using static HyperOS.Tests.Abi.SampleDisks;

namespace HyperOS.Tests.Unit.Abi;

public class DiskDefinitionTests
{
    private delegate void Change(ref DiskDefinition disk);

    [Fact]
    public void The_size_is_that_of_the_message()
    {
        Assert.Equal(DiskDefinition.Size, Unsafe.SizeOf<DiskDefinition>());
        Assert.Equal(0x40, DiskDefinition.Size);
    }

    [Fact]
    public void A_bundles_disks_read_back_as_they_were_written()
    {
        Assert.Equal(BundleStatus.Valid, BundleReader.TryOpen(Build(), out BundleReader reader));
        Assert.Equal(3, reader.DiskCount);
        Assert.Equal(DiskErrors.None, reader.ReadDisk(0, out DiskDefinition root));
        Assert.Equal("root"u8, root.Name.Bytes);
        Assert.Equal((0u, VmDefinition.NoBlob, 64ul << 20, DiskOptions.None), (root.Vm, root.Image, root.Bytes, root.Options));
        Assert.Equal(DiskErrors.None, reader.ReadDisk(1, out DiskDefinition cd));
        Assert.Equal((0u, 0u, 1024ul, DiskOptions.ReadOnly), (cd.Vm, cd.Image, cd.Bytes, cd.Options));
        Assert.Equal(DiskErrors.None, reader.ReadDisk(2, out DiskDefinition other));
        Assert.Equal(1u, other.Vm);
        Assert.True(reader.TryGetBlob(0, out Blob image));
        Assert.Equal(Image, image.Content);
    }

    [Fact]
    public void What_is_not_there_is_answered_with_its_format()
    {
        BundleReader.TryOpen(Build(), out BundleReader reader);
        foreach (int index in (int[])[-1, 3, int.MaxValue])
            Assert.Equal(DiskErrors.Format, reader.ReadDisk(index, out _));
    }

    [Fact]
    public void A_disk_breaks_its_rules_by_name()
    {
        Check(DiskErrors.Format, (ref DiskDefinition disk) => disk.Length++);
        Check(DiskErrors.Format, (ref DiskDefinition disk) => disk.Version++);
        Check(DiskErrors.NameLength, (ref DiskDefinition disk) => disk.Name.Set(default));
        Check(DiskErrors.NameLength, (ref DiskDefinition disk) => disk.Name.Set("a-name-of-21-letters-"u8));
        Check(DiskErrors.NameCharacter, (ref DiskDefinition disk) => disk.Name.Set("sd_a"u8));
        Check(DiskErrors.UnknownVm, (ref DiskDefinition disk) => disk.Vm = 2);
        Check(DiskErrors.Image, (ref DiskDefinition disk) => disk.Image = 1);
        Check(DiskErrors.NoBytes | DiskErrors.SmallerThanImage, (ref DiskDefinition disk) => disk.Bytes = 0);
        Check(DiskErrors.BytesNotInSectors, (ref DiskDefinition disk) => disk.Bytes++);
        Check(DiskErrors.TooManyBytes, (ref DiskDefinition disk) => disk.Bytes = (512ul << 30) + 512);
        Check(DiskErrors.SmallerThanImage, (ref DiskDefinition disk) => disk.Bytes = 512);
        Check(DiskErrors.Options, (ref DiskDefinition disk) => disk.Options = (DiskOptions)4);

        static void Check(DiskErrors expected, Change change)
        {
            DiskDefinition disk = Disk("root"u8, 1, 0, 1024);
            Assert.Equal(DiskErrors.None, DiskValidator.Validate(in disk, 2, 1, 513));
            change(ref disk);
            Assert.Equal(expected, DiskValidator.Validate(in disk, 2, 1, 513));
        }
    }

    [Fact]
    public void A_bundles_disks_are_checked_beside_each_other_and_with_their_images()
    {
        DiskDefinition[] disks = [.. Enumerable.Range(0, 9).Select(i => Disk([(byte)('a' + i)], 0, VmDefinition.NoBlob, 512)), Disk("a"u8, 1, 0, 512)];
        BundleReader.TryOpen(Build(disks), out BundleReader reader);
        Assert.Equal(DiskErrors.None, reader.ReadDisk(7, out _));
        Assert.Equal(DiskErrors.TooManyDisks, reader.ReadDisk(8, out _));
        Assert.Equal(DiskErrors.SmallerThanImage, reader.ReadDisk(9, out _));
        BundleReader.TryOpen(Build(Disk("a"u8, 0, 0, 1024), Disk("a"u8, 0, 0, 1024)), out reader);
        Assert.Equal(DiskErrors.None, reader.ReadDisk(0, out _));
        Assert.Equal(DiskErrors.NameTaken, reader.ReadDisk(1, out _));
    }

    [Fact]
    public void Bytes_where_none_belong_are_refused()
    {
        byte[] bundle = Build();
        BundleHeader.TryRead(bundle, out BundleHeader header);
        bundle[(int)header.DisksOffset + DiskDefinition.Size - 1] = 1;
        BundleReader.TryOpen(bundle, out BundleReader reader);
        Assert.Equal(DiskErrors.Padding, reader.ReadDisk(0, out _));
    }

    [Fact]
    public void Every_error_has_words_of_its_own()
    {
        HashSet<string> seen = ["its definition breaks an unknown rule"];
        foreach (DiskErrors error in Enum.GetValues<DiskErrors>())
            Assert.True(seen.Add(System.Text.Encoding.ASCII.GetString(DiskValidator.Describe(error))), error.ToString());
    }
}
