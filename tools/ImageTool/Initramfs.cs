using System;
using System.Collections.Generic;
using System.IO;
using System.IO.Compression;
using System.Linq;

namespace HyperOS.ImageTool;

/// <summary>A root file system of a few programs, such as busybox, and what runs first.</summary>
internal static class Initramfs
{
    private const uint Executable = 0b111_101_101;
    private const uint Private = 0b110_000_000;

    /// <summary>Makes the archive.</summary>
    /// <param name="programs">For /bin, by their names there: scripts, or statically linked.</param>
    /// <param name="init">A script, or a program as well.</param>
    public static byte[] Build(IReadOnlyList<(string Name, byte[] Content)> programs, byte[] init)
    {
        using MemoryStream image = new();
        using (GZipStream compressed = new(image, CompressionLevel.SmallestSize, leaveOpen: true))
        {
            CpioWriter archive = new(compressed);
            foreach (string directory in (string[])["bin", "dev", "proc", "root", "sys", "tmp"])
                archive.AddDirectory(directory, Executable);
            // Linux opens the console for init before init can mount anything on /dev.
            archive.AddCharacterDevice("dev/console", Private, major: 5, minor: 1);
            foreach ((string name, byte[] content) in programs)
                archive.AddFile($"bin/{name}", Executable, content);
            archive.AddFile("init", Executable, init);
            archive.Finish();
        }
        return image.ToArray();
    }

    /// <summary>An archive to append to another: what is in a directory, as lib/modules.</summary>
    public static byte[] Modules(string directory)
    {
        using MemoryStream image = new();
        using (GZipStream compressed = new(image, CompressionLevel.SmallestSize, leaveOpen: true))
        {
            CpioWriter archive = new(compressed);
            archive.AddDirectory("lib", Executable);
            archive.AddDirectory("lib/modules", Executable);
            foreach (string file in Directory.GetFiles(directory).Order(StringComparer.Ordinal))
                archive.AddFile($"lib/modules/{Path.GetFileName(file)}", Private, File.ReadAllBytes(file));
            archive.Finish();
        }
        return image.ToArray();
    }
}
