using System.Text;
using HyperOS.ImageTool;
using HyperOS.Tests.ImageTool;

namespace HyperOS.Tests.Fuzz.Bundle;

/// <summary>What people write: VM files with letters, words and lines changed. Each is read, or refused with a place and a reason.</summary>
public class VmFileFuzz
{
    private static readonly string[] s_words =
    [
        "{", "}", "[", "]", ":", ",", "-", "\n", "  ", "\t", "\"", "'", "&a", "*a", "!!int", "|", ">", "?", "%", "---", "...", "null", "~", "0", "-1", "1e9", "0x10",
        "99999999999999999999", "18446744073709551616MiB", "MiB", "version", "vms", "name", "boot", "kernel", "\u0000", "\uFEFF", "\u00E4", "<<",
        "networks", "trunk", "nics", "disks", "512GiB", "4095", "1-4094", "20-10", "0Mbit", "nic31", "nic32", "ff:ff:ff:ff:ff:ff",
    ];

    [Fact]
    public void No_VM_file_breaks_its_reader()
    {
        using SampleFiles files = new();
        FuzzRun.Run(random =>
        {
            StringBuilder text = new(random.Next(3) switch { 0 => SampleFiles.FullVmFile, 1 => SampleFiles.NetworkFile, _ => SampleFiles.DiskFile });
            for (int changes = random.Next(1, 6); changes > 0 && text.Length > 0; changes--)
            {
                int at = random.Next(text.Length);
                int length = Math.Min(random.Next(8), text.Length - at);
                if (random.Next(2) == 0)
                    text.Remove(at, length);
                text.Insert(at, s_words[random.Next(s_words.Length)]);
            }
            string path = files.AddVmFile(text.ToString());
            VmFile file = VmFileReader.Read(path, 2ul << 30);
            FuzzRun.Saw("errors", file.Errors.Count());
            Assert.All(file.Errors, error => Assert.NotEmpty(error.Message));
        });
    }
}
