using System.Security.Cryptography;
using HyperOS.Abi;
using HyperOS.ImageTool;
using HyperOS.Tests.Unit.Loaders;

namespace HyperOS.Tests.ImageTool;

public sealed class BundleWriterTests : IDisposable
{
    private readonly SampleFiles _files = new();

    public void Dispose() => _files.Dispose();

    [Fact]
    public void The_kernels_reader_reads_what_the_tool_writes()
    {
        byte[] bundle = Write();
        Assert.Equal(BundleStatus.Valid, BundleReader.TryOpen(bundle, out BundleReader reader));
        Assert.Equal(SHA256.HashData(reader.HashedTables), reader.TablesSha256.ToArray());
        Assert.Equal(AllStoppedAction.PowerOff, reader.OnAllStopped);
        Assert.Equal(1, reader.DefinitionCount);
        Assert.Equal(VmDefinitionErrors.None, reader.ReadDefinition(0, VmLimits.SupportedCpus, 256ul << 20, out VmDefinition vm));
        Assert.True(reader.TryGetBlob(vm.Kernel, out Blob kernel));
        Assert.True(reader.TryGetBlob(vm.Initrd, out Blob initrd));
        Assert.Equal("vmlinuz"u8, kernel.Name);
        Assert.Equal(TestImages.BzImage(), kernel.Content);
        Assert.Equal("initrd"u8, initrd.Content);
        Assert.Equal(SHA256.HashData(initrd.Content), initrd.Sha256.ToArray());
    }

    [Fact]
    public void The_same_files_give_the_same_bytes() => Assert.Equal(Write(), Write());

    [Fact]
    public void Names_are_made_printable_and_cut()
    {
        string name = "köln" + new string('x', 60);
        _files.Add(name, TestImages.BzImage());
        BundleReader.TryOpen(Write(SampleFiles.FullVmFile.Replace("vmlinuz", name)), out BundleReader reader);
        Assert.True(reader.TryGetBlob(0, out Blob blob));
        Assert.Equal("k?ln" + new string('x', 44), System.Text.Encoding.ASCII.GetString(blob.Name));
    }

    [Fact]
    public void The_command_writes_nothing_if_the_VM_file_is_wrong()
    {
        string output = Path.Combine(_files.Directory, "out.bundle");
        string vms = _files.AddVmFile(SampleFiles.FullVmFile.Replace("name: web", "name: WEB"));
        Assert.Equal(1, Program.Main(["bundle", "--vms", vms, "--out", output]));
        Assert.False(File.Exists(output));
        _files.AddVmFile(SampleFiles.FullVmFile);
        Assert.Equal(0, Program.Main(["bundle", "--vms", vms, "--out", output]));
        Assert.Equal(Write(), File.ReadAllBytes(output));
        Assert.Equal(1, Program.Main(["bundle", "--vms", vms, "--out", output, "--host-memory", "128MiB"]));
        Assert.Equal(1, Program.Main(["bundle", "--vms", vms, "--out", output, "--host-memory", "plenty"]));
        Assert.Equal(1, Program.Main(["bundle", "--vms", vms + ".gone", "--out", output]));
    }

    private byte[] Write(string yaml = SampleFiles.FullVmFile)
    {
        VmFile file = VmFileReader.Read(_files.AddVmFile(yaml), 2ul << 30);
        Assert.Empty(file.Errors);
        return BundleWriter.Write(file);
    }
}
