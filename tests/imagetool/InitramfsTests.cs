using System.Globalization;
using System.IO.Compression;
using System.Text;
using HyperOS.ImageTool;

namespace HyperOS.Tests.ImageTool;

public class InitramfsTests
{
    private static readonly byte[] Busybox = "busybox's bytes"u8.ToArray();
    private static readonly byte[] Lease = "#!/bin/busybox sh\nexit\n"u8.ToArray();
    private static readonly byte[] Init = "#!/bin/busybox sh\n"u8.ToArray();

    [Fact]
    public void The_archive_holds_what_Linux_needs_to_start_init()
    {
        List<(string Path, uint Mode, uint Major, uint Minor, byte[] Content)> entries = Unpack(Build());
        Assert.Equal(["bin", "dev", "proc", "root", "sys", "tmp", "dev/console", "bin/busybox", "bin/lease", "init"], entries.Select(entry => entry.Path));
        Assert.Equal(0x41EDu, entries[0].Mode);
        Assert.Equal((0x2180u, 5u, 1u), (entries[6].Mode, entries[6].Major, entries[6].Minor));
        Assert.Equal(0x81EDu, entries[7].Mode);
        Assert.Equal(Busybox, entries[7].Content);
        Assert.Equal(0x81EDu, entries[8].Mode);
        Assert.Equal(Lease, entries[8].Content);
        Assert.Equal(Init, entries[9].Content);
    }

    [Fact]
    public void Modules_are_an_archive_of_their_own_in_the_order_of_their_names()
    {
        string directory = Directory.CreateTempSubdirectory().FullName;
        File.WriteAllBytes(Path.Combine(directory, "virtio_ring.ko"), [1, 2, 3]);
        File.WriteAllBytes(Path.Combine(directory, "virtio.ko"), [4]);
        List<(string Path, uint Mode, uint Major, uint Minor, byte[] Content)> entries = Unpack(Initramfs.Modules(directory));
        Directory.Delete(directory, recursive: true);
        Assert.Equal(["lib", "lib/modules", "lib/modules/virtio.ko", "lib/modules/virtio_ring.ko"], entries.Select(entry => entry.Path));
        Assert.Equal([4], entries[2].Content);
        Assert.Equal([1, 2, 3], entries[3].Content);
    }

    [Fact]
    public void The_same_files_give_the_same_bytes() => Assert.Equal(Build(), Build());

    [Theory]
    [InlineData("256MiB", 256ul << 20)]
    [InlineData("1GiB", 1ul << 30)]
    [InlineData("0MiB", 0ul)]
    [InlineData("17179869183GiB", 17179869183ul << 30)]
    public void Sizes_have_binary_units(string text, ulong bytes)
    {
        Assert.True(ByteSize.TryParse(text, out ulong parsed));
        Assert.Equal(bytes, parsed);
    }

    [Theory]
    [InlineData("")]
    [InlineData("MiB")]
    [InlineData("256")]
    [InlineData("256 MiB")]
    [InlineData("256mib")]
    [InlineData("1.5GiB")]
    [InlineData("-1GiB")]
    [InlineData("17179869184GiB")]
    public void Other_forms_of_sizes_are_refused(string text) => Assert.False(ByteSize.TryParse(text, out _));

    private static byte[] Build() => Initramfs.Build([("busybox", Busybox), ("lease", Lease)], Init);

    private static List<(string Path, uint Mode, uint Major, uint Minor, byte[] Content)> Unpack(byte[] image)
    {
        using MemoryStream archive = new();
        using (GZipStream compressed = new(new MemoryStream(image), CompressionMode.Decompress))
            compressed.CopyTo(archive);
        byte[] bytes = archive.ToArray();
        List<(string, uint, uint, uint, byte[])> entries = [];
        for (int at = 0; ;)
        {
            Assert.Equal("070701"u8, bytes.AsSpan(at, 6));
            int contentAt = at + 110 + (int)Field(11);
            contentAt += -contentAt & 3;
            string path = Encoding.UTF8.GetString(bytes, at + 110, (int)Field(11) - 1);
            byte[] content = bytes[contentAt..(contentAt + (int)Field(6))];
            if (path == "TRAILER!!!")
                return entries;
            entries.Add((path, Field(1), Field(9), Field(10), content));
            at = contentAt + content.Length + (-content.Length & 3);

            uint Field(int index) =>
                uint.Parse(Encoding.ASCII.GetString(bytes, at + 6 + 8 * index, 8), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        }
    }
}
