using System;
using System.Linq;
using System.Security.Cryptography;
using System.Text;
using HyperOS.Abi;
using HyperOS.Core;

namespace HyperOS.ImageTool;

/// <summary>Lays out bundles; the format is <see cref="BundleHeader"/>'s. The same input gives the same bytes.</summary>
internal static class BundleWriter
{
    /// <summary>What all files together may have, in bytes: tables and padding stay below the 2 GiB that a reader's span can cover.</summary>
    public const ulong MaxContentLength = Size.GiB + Size.GiB / 2;

    public static byte[] Write(VmFile file)
    {
        BundleHeader header = new()
        {
            Magic = BundleHeader.ExpectedMagic,
            Version = BundleHeader.CurrentVersion,
            OnAllStopped = file.OnAllStopped,
            DefinitionCount = (uint)file.Definitions.Count,
            BlobCount = (uint)file.Blobs.Count,
            NetworkCount = (uint)file.Networks.Count,
            PortGroupCount = (uint)file.PortGroups.Count,
            NicCount = (uint)file.Nics.Count,
            DiskCount = (uint)file.Disks.Count,
            ProcessCount = (uint)file.Processes.Count,
        };
        int tables = (int)header.TablesLength;
        header.TotalLength = file.Blobs.Aggregate((ulong)tables, (end, blob) => Alignment.Up(end, Size.Page) + (ulong)blob.Content.Length);

        byte[] bundle = new byte[header.TotalLength];
        header.TryWrite(bundle);
        int row = BundleHeader.Size;
        foreach (VmDefinition vm in file.Definitions)
        {
            vm.TryWrite(bundle.AsSpan(row));
            row += VmDefinition.Size;
        }
        foreach (NetworkDefinition network in file.Networks)
        {
            network.TryWrite(bundle.AsSpan(row));
            row += NetworkDefinition.Size;
        }
        foreach (PortGroupDefinition group in file.PortGroups)
        {
            group.TryWrite(bundle.AsSpan(row));
            row += PortGroupDefinition.Size;
        }
        foreach (NicDefinition nic in file.Nics)
        {
            nic.TryWrite(bundle.AsSpan(row));
            row += NicDefinition.Size;
        }
        foreach (DiskDefinition disk in file.Disks)
        {
            disk.TryWrite(bundle.AsSpan(row));
            row += DiskDefinition.Size;
        }
        foreach (ProcessDefinition process in file.Processes)
        {
            process.TryWrite(bundle.AsSpan(row));
            row += ProcessDefinition.Size;
        }
        ulong end = (ulong)tables;
        foreach (BlobFile blob in file.Blobs)
        {
            BundleBlob place = new() { FileOffset = Alignment.Up(end, Size.Page), Length = (ulong)blob.Content.Length };
            place.TryWrite(bundle.AsSpan(row), blob.Sha256, PrintableName(blob.Name));
            blob.Content.CopyTo(bundle.AsSpan((int)place.FileOffset));
            row += BundleBlob.Size;
            end = place.FileOffset + place.Length;
        }
        SHA256.HashData(bundle.AsSpan(BundleHeader.HashedOffset..tables), BundleHeader.Sha256Of(bundle));
        return bundle;
    }

    private static byte[] PrintableName(string name) =>
        [.. Encoding.ASCII.GetBytes(name).Select(character => character is < 0x20 or > 0x7E ? (byte)'?' : character).Take(BundleBlob.MaxNameLength)];
}
