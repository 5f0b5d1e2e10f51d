using System.IO;
using System.IO.Compression;

namespace HyperOS.ImageTool;

/// <summary>The root file system of the default guest: busybox, and an init script that it runs.</summary>
internal static class Initramfs
{
    private const uint Executable = 0b111_101_101;
    private const uint Private = 0b110_000_000;

    public static byte[] Build(byte[] busybox, byte[] init)
    {
        using MemoryStream image = new();
        using (GZipStream compressed = new(image, CompressionLevel.SmallestSize, leaveOpen: true))
        {
            CpioWriter archive = new(compressed);
            foreach (string directory in (string[])["bin", "dev", "proc", "root", "sys", "tmp"])
                archive.AddDirectory(directory, Executable);
            // Linux opens the console for init before init can mount anything on /dev.
            archive.AddCharacterDevice("dev/console", Private, major: 5, minor: 1);
            archive.AddFile("bin/busybox", Executable, busybox);
            archive.AddFile("init", Executable, init);
            archive.Finish();
        }
        return image.ToArray();
    }
}
