using System.Globalization;
using System.IO;
using System.Text;

namespace HyperOS.ImageTool;

/// <summary>
/// Writes cpio archives in the "newc" form that Linux unpacks as initramfs (kernel documentation, "initramfs buffer format"). All owners are
/// root and all times zero, so that the same entries give the same bytes.
/// </summary>
internal sealed class CpioWriter(Stream output)
{
    private const uint Directory = 0x4000;
    private const uint CharacterDevice = 0x2000;
    private const uint RegularFile = 0x8000;

    private uint _nextInode = 1;
    private long _written;

    public void AddDirectory(string path, uint permissions) => Add(path, Directory | permissions, links: 2, [], 0, 0);

    public void AddFile(string path, uint permissions, byte[] content) => Add(path, RegularFile | permissions, links: 1, content, 0, 0);

    public void AddCharacterDevice(string path, uint permissions, uint major, uint minor) =>
        Add(path, CharacterDevice | permissions, links: 1, [], major, minor);

    /// <summary>Without this entry the archive has no end.</summary>
    public void Finish() => Write("TRAILER!!!", inode: 0, mode: 0, links: 1, [], 0, 0);

    private void Add(string path, uint mode, uint links, byte[] content, uint major, uint minor) =>
        Write(path, _nextInode++, mode, links, content, major, minor);

    private void Write(string path, uint inode, uint mode, uint links, byte[] content, uint major, uint minor)
    {
        byte[] name = Encoding.UTF8.GetBytes(path + '\0');
        const uint Root = 0, Time = 0, Device = 0, Checksum = 0;
        StringBuilder header = new("070701");
        foreach (uint field in (uint[])[inode, mode, Root, Root, links, Time, (uint)content.Length, Device, Device, major, minor, (uint)name.Length, Checksum])
            header.Append(field.ToString("X8", CultureInfo.InvariantCulture));
        Put(Encoding.ASCII.GetBytes(header.ToString()));
        Put(name);
        Pad();
        Put(content);
        Pad();
    }

    private void Put(byte[] bytes)
    {
        output.Write(bytes);
        _written += bytes.Length;
    }

    private void Pad() => Put(new byte[-_written & 3]);
}
