using HyperOS.Abi;
using HyperOS.ImageTool;
using HyperOS.Tests.Unit.Loaders;

namespace HyperOS.Tests.ImageTool;

public sealed class ProcessFileTests : IDisposable
{
    private const string ProcessFile = """
        version: 1
        vms: []
        processes:
          - name: management
            image: program
            memory: 64MiB
            arguments: [ --listen, "0.0.0.0:443" ]
            environment: [ "A=1" ]
        """;

    private readonly SampleFiles _files = new();

    public ProcessFileTests() => _files.Add("program", ProcessTestImage.Build());

    public void Dispose() => _files.Dispose();

    [Fact]
    public void Every_key_reaches_the_bundle()
    {
        VmFile file = Read(ProcessFile);
        Assert.Empty(file.Errors);
        byte[] bundle = BundleWriter.Write(file);
        Assert.Equal(BundleStatus.Valid, BundleReader.TryOpen(bundle, out BundleReader reader));
        Assert.Equal(1, reader.ProcessCount);
        Assert.Equal(ProcessErrors.None, reader.ReadProcess(0, 1ul << 30, out ProcessDefinition process));
        Assert.Equal("management"u8, process.Name.Bytes);
        Assert.Equal(64ul << 20, process.MemoryBytes);
        Assert.Equal("management\0--listen\00.0.0.0:443\0"u8, process.Arguments);
        Assert.Equal("A=1\0"u8, process.Environment);
        Assert.True(reader.TryGetBlob(process.Image, out Blob image));
        Assert.Equal(ProcessTestImage.Build(), image.Content);
        Assert.Equal(ProcessErrors.Texts, reader.ReadProcess(1, 1ul << 30, out _));
        Assert.Equal(ProcessErrors.Memory, reader.ReadProcess(0, 1ul << 20, out _));
    }

    [Theory]
    [InlineData("image: program", "image: none", "5:12: processes[0].image: {0}/none does not exist; paths are relative to the VM file")]
    [InlineData("image: program", "image: vmlinuz", "5:12: processes[0].image: vmlinuz is no ELF file; name a static executable for Linux on x86-64")]
    [InlineData("memory: 64MiB", "memory: 1MiB", "6:13: processes[0].memory: its memory is less than 4 MiB, or more than this host has to give; choose another")]
    [InlineData("name: management", "name: Management", "4:11: processes[0].name: its name is not 1 to 32 of a-z, 0-9 and -; choose another")]
    [InlineData("arguments:", "argument:", "7:5: processes[0].argument: unknown key; the keys here are name, image, memory, arguments, environment")]
    public void What_is_wrong_is_named_with_its_place_and_remedy(string before, string after, string expected)
    {
        VmFile file = Read(ProcessFile.Replace(before, after));
        Assert.Contains($"{Path.Combine(_files.Directory, "vms.yaml")}:{string.Format(expected, _files.Directory)}", file.Errors.Select(error => error.ToString()));
    }

    [Fact]
    public void There_is_room_for_so_many_texts()
    {
        string environment = string.Join(", ", Enumerable.Range(0, 100).Select(i => $"\"NAME{i}=a value of some length\""));
        Assert.Contains(Read(ProcessFile.Replace("\"A=1\"", environment)).Errors, error => error.ToString().Contains("longer than 1992 bytes", StringComparison.Ordinal));
    }

    private VmFile Read(string yaml) => VmFileReader.Read(_files.AddVmFile(yaml), 2ul << 30);
}
