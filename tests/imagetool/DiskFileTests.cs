using HyperOS.Abi;
using HyperOS.ImageTool;

namespace HyperOS.Tests.ImageTool;

public sealed class DiskFileTests : IDisposable
{
    private readonly SampleFiles _files = new();

    public DiskFileTests() => _files.Add("disk.raw", new byte[1000]);

    public void Dispose() => _files.Dispose();

    [Fact]
    public void Every_key_reaches_the_bundle()
    {
        VmFile file = Read(SampleFiles.DiskFile);
        Assert.Empty(file.Errors);
        byte[] bundle = BundleWriter.Write(file);
        Assert.Equal(BundleStatus.Valid, BundleReader.TryOpen(bundle, out BundleReader reader));
        Assert.Equal(4, reader.DiskCount);
        Assert.Equal(DiskErrors.None, reader.ReadDisk(0, out DiskDefinition root));
        Assert.Equal((0u, 64ul << 20, DiskOptions.None), (root.Vm, root.Bytes, root.Options));
        Assert.Equal("root"u8, root.Name.Bytes);
        Assert.True(reader.TryGetBlob(root.Image, out Blob image));
        Assert.Equal(new byte[1000], image.Content);
        Assert.Equal(DiskErrors.None, reader.ReadDisk(1, out DiskDefinition cd));
        Assert.Equal((root.Image, 1024ul, DiskOptions.ReadOnly), (cd.Image, cd.Bytes, cd.Options));
        Assert.Equal(DiskErrors.None, reader.ReadDisk(2, out DiskDefinition empty));
        Assert.Equal((VmDefinition.NoBlob, 1ul << 30, DiskOptions.Volume), (empty.Image, empty.Bytes, empty.Options));
        Assert.Equal(DiskErrors.None, reader.ReadDisk(3, out DiskDefinition other));
        Assert.Equal(1u, other.Vm);
    }

    [Theory]
    [InlineData("image: disk.raw, size: 64MiB", "image: none.raw, size: 64MiB", "7:30: vms[0].disks[0].image: {0}/none.raw does not exist; paths are relative to the VM file")]
    [InlineData("image: disk.raw, size: 64MiB", "image: none.raw", "7:30: vms[0].disks[0].image: {0}/none.raw does not exist; paths are relative to the VM file")]
    [InlineData("size: 64MiB", "size: 64", "7:46: vms[0].disks[0].size: \"64\" is no size; write a whole number with its unit, such as 64MiB or 1GiB")]
    [InlineData("size: 64MiB", "size: 0KiB", "7:46: vms[0].disks[0].size: its size is 0; write more")]
    [InlineData("size: 64MiB", "size: 513GiB", "7:46: vms[0].disks[0].size: its size is above 512 GiB; write less")]
    [InlineData("image: disk.raw, size: 64MiB", "image: initrd.img, size: 0KiB", "7:48: vms[0].disks[0].size: its size is 0; write more")]
    [InlineData("image: disk.raw, size: 64MiB", "image: vmlinuz, size: 1KiB", "7:45: vms[0].disks[0].size: it is smaller than its image; write more, or leave the key out")]
    [InlineData(", size: 1GiB", "", "9:9: vms[0].disks[2].size: missing; write a whole number with its unit, such as 64MiB or 1GiB")]
    [InlineData("name: cd", "name: root", "8:17: vms[0].disks[1].name: an earlier disk of its VM has its name; choose another")]
    [InlineData("name: cd", "name: C", "8:17: vms[0].disks[1].name: its name has characters other than a-z, 0-9 and -; leave them out")]
    [InlineData("name: cd", "name: a-name-of-21-letters-", "8:17: vms[0].disks[1].name: its name is not 1 to 20 characters long; choose another")]
    [InlineData("readOnly: true", "readOnly: yes", "8:48: vms[0].disks[1].readOnly: \"yes\" is unknown; write one of true, false")]
    [InlineData("readOnly: true", "readonly: true", "8:38: vms[0].disks[1].readonly: unknown key; the keys here are name, image, size, readOnly, volume")]
    public void What_is_wrong_is_named_with_its_place_and_remedy(string before, string after, string expected)
    {
        Assert.Contains(before, SampleFiles.DiskFile);
        VmFile file = Read(SampleFiles.DiskFile.Replace(before, after));
        Assert.Contains($"{Path.Combine(_files.Directory, "vms.yaml")}:{string.Format(expected, _files.Directory)}", file.Errors.Select(error => error.ToString()));
    }

    [Fact]
    public void A_VM_has_at_most_eight_disks()
    {
        string disks = string.Join(", ", Enumerable.Range(0, 9).Select(i => $"{{ name: d{i}, size: 1MiB }}"));
        VmFile file = Read(SampleFiles.DiskFile.Replace("disks: [ { name: root, size: 4KiB } ]", $"disks: [ {disks} ]"));
        Assert.Equal("9 disks; write at most 8", Assert.Single(file.Errors).Message);
    }

    private VmFile Read(string yaml) => VmFileReader.Read(_files.AddVmFile(yaml), 2ul << 30);
}
