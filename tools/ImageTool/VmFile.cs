using System.Collections.Generic;
using System.Security.Cryptography;
using System.Text;
using HyperOS.Abi;

namespace HyperOS.ImageTool;

/// <summary>A VM file as read: definitions whose blob references are indices into <see cref="Blobs"/>. Of use only without errors.</summary>
internal sealed class VmFile
{
    private readonly Dictionary<string, uint> _byHash = [];

    public AllStoppedAction OnAllStopped { get; set; }

    public List<VmDefinition> Definitions { get; } = [];

    public List<NetworkDefinition> Networks { get; } = [];

    public List<PortGroupDefinition> PortGroups { get; } = [];

    public List<NicDefinition> Nics { get; } = [];

    public List<DiskDefinition> Disks { get; } = [];

    public List<ProcessDefinition> Processes { get; } = [];

    public List<BlobFile> Blobs { get; } = [];

    public List<SourceError> Errors { get; } = [];

    public static string NameOf(in VmDefinition vm) => Encoding.ASCII.GetString(vm.Name.Bytes);

    /// <summary>The blob with this content; the second file of the same content is the first one.</summary>
    public uint AddBlob(string name, byte[] content, string? format)
    {
        byte[] hash = SHA256.HashData(content);
        string key = System.Convert.ToHexString(hash);
        if (_byHash.TryGetValue(key, out uint index))
            return index;
        index = (uint)Blobs.Count;
        Blobs.Add(new BlobFile(name, content, hash, format));
        _byHash.Add(key, index);
        return index;
    }
}

/// <summary>A file that goes into the bundle.</summary>
/// <param name="Name">Without its directory.</param>
/// <param name="Content">All of it.</param>
/// <param name="Sha256">Of the content.</param>
/// <param name="Format">Of a kernel, for progress reports.</param>
internal sealed record BlobFile(string Name, byte[] Content, byte[] Sha256, string? Format)
{
    public string Describe()
    {
        string size = ByteSize.Format((ulong)Content.Length);
        return Format is null ? $"{Name} ({size})" : $"{Name} ({Format}, {size})";
    }
}
