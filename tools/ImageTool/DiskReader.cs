using System;
using System.IO;
using System.Linq;
using System.Text;
using HyperOS.Abi;
using HyperOS.Core;
using YamlDotNet.RepresentationModel;

namespace HyperOS.ImageTool;

/// <summary>Reads VMs' disks. What the values may be is <see cref="DiskValidator"/>'s.</summary>
/// <param name="path">Of the VM file, as the user named it.</param>
/// <param name="file">Where all goes.</param>
internal sealed class DiskReader(string path, VmFile file)
{
    /// <summary>Where each of the validator's errors belongs in the file, and what to do about it.</summary>
    private static readonly (DiskErrors Error, string Key, string Hint)[] s_places =
    [
        (DiskErrors.NameLength, "name", "choose another"),
        (DiskErrors.NameCharacter, "name", "leave them out"),
        (DiskErrors.NameTaken, "name", "choose another"),
        (DiskErrors.NoBytes, "size", "write more"),
        (DiskErrors.BytesNotInSectors, "size", "write whole KiB"),
        (DiskErrors.TooManyBytes, "size", "write less"),
        (DiskErrors.SmallerThanImage, "size", "write more, or leave the key out"),
    ];

    public void ReadDisks(YamlFields vmFields, string vmPath, uint vm)
    {
        YamlNode[] nodes = [.. vmFields.Sequence("disks", required: false, "list the VM's disks, as in [ { name: root, image: disk.raw } ]")];
        for (int i = 0; i < nodes.Length; i++)
            ReadDisk($"{vmPath}.disks[{i}]", nodes[i], vm);
        if (nodes.Length > DiskDefinition.MaxPerVm)
            vmFields.Report("disks", $"{nodes.Length} disks; write at most {DiskDefinition.MaxPerVm}");
    }

    private void ReadDisk(string key, YamlNode node, uint vm)
    {
        YamlFields fields = new(path, key, node, file.Errors, "name", "image", "size", "readOnly", "volume");
        DiskDefinition disk = DiskDefinition.Empty;
        disk.Vm = vm;
        string nameHint = $"name the disk with a-z, 0-9 and -, at most {DiskDefinition.MaxNameLength} characters";
        disk.Name.Set(Encoding.UTF8.GetBytes(fields.Text("name", required: true, nameHint) ?? ""));
        ulong imageLength = ReadImage(fields, ref disk);
        // Without an image that can be read there is nothing else to go by, and a missing one has been reported.
        disk.Bytes = fields.Has("size") || !fields.Has("image")
            ? fields.Bytes("size", Size.MiB, "write a whole number with its unit, such as 64MiB or 1GiB")
            : Math.Max(Alignment.Up(imageLength, BlockStore.SectorBytes), BlockStore.SectorBytes);
        disk.Options = fields.Choice("readOnly", DiskOptions.None, ("true", DiskOptions.ReadOnly), ("false", DiskOptions.None))
            | fields.Choice("volume", DiskOptions.None, ("true", DiskOptions.Volume), ("false", DiskOptions.None));
        if (fields.IsMapping)
            Validate(in disk, fields, imageLength);
        file.Disks.Add(disk);
    }

    private ulong ReadImage(YamlFields fields, ref DiskDefinition disk)
    {
        if (fields.Text("image", required: false, "name the file that the disk holds at first, or leave the key out") is not string image
            || VmFileReader.ReadFile(path, fields, "image", image) is not byte[] content)
        {
            return 0;
        }
        disk.Image = file.AddBlob(Path.GetFileName(image), content, format: null);
        return (ulong)content.Length;
    }

    private void Validate(in DiskDefinition disk, YamlFields fields, ulong imageLength)
    {
        DiskErrors errors = DiskValidator.Validate(in disk, uint.MaxValue, uint.MaxValue, imageLength);
        foreach (DiskDefinition earlier in file.Disks)
        {
            if (earlier.Vm == disk.Vm && earlier.Name.SameAs(in disk.Name))
                errors |= DiskErrors.NameTaken;
        }
        foreach ((DiskErrors error, string key, string hint) in s_places)
        {
            if ((errors & error) != 0)
                fields.Report(key, $"{Encoding.ASCII.GetString(DiskValidator.Describe(error))}; {hint}");
            errors &= ~error;
        }
        if (errors != DiskErrors.None)
            throw new InvalidOperationException($"The schema lets {errors} through, which has no place in the file.");
    }
}
