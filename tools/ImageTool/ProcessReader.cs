using System.IO;
using System.Linq;
using System.Text;
using HyperOS.Abi;
using HyperOS.Core;
using HyperOS.Loaders;
using YamlDotNet.RepresentationModel;

namespace HyperOS.ImageTool;

/// <summary>Reads the processes of a VM file: programs that the kernel itself runs, in ring 3.</summary>
internal sealed class ProcessReader
{
    private readonly string _path;
    private readonly VmFile _file;
    private readonly ulong _memory;

    /// <param name="path">Of the VM file.</param>
    /// <param name="file">Receives the definitions.</param>
    /// <param name="memory">Most that a process can have, in bytes.</param>
    public ProcessReader(string path, VmFile file, ulong memory)
    {
        _path = path;
        _file = file;
        _memory = memory;
    }

    public void ReadProcesses(YamlFields root)
    {
        YamlNode[] nodes = [.. root.Sequence("processes", required: false, "list the processes below it, each after a dash")];
        for (int i = 0; i < nodes.Length; i++)
            Read($"processes[{i}]", nodes[i]);
        if (nodes.Length > BundleReader.MaxProcesses)
            root.Report("processes", $"{nodes.Length} processes; write at most {BundleReader.MaxProcesses}");
    }

    private void Read(string path, YamlNode node)
    {
        YamlFields fields = new(_path, path, node, _file.Errors, "name", "image", "memory", "arguments", "environment");
        ProcessDefinition process = new() { Image = VmDefinition.NoBlob };
        string name = fields.Text("name", required: true, "name the process with a-z, 0-9 and -, at most 32 characters") ?? "";
        process.Name.Set(Encoding.UTF8.GetBytes(name));
        process.MemoryBytes = fields.Bytes("memory", ProcessDefinition.MinMemoryBytes, "write a whole number with its unit, such as 64MiB");
        const string ImageHint = "name a static executable for Linux on x86-64";
        if (fields.Text("image", required: true, ImageHint) is string image && VmFileReader.ReadFile(_path, fields, "image", image) is byte[] content)
        {
            ProcessImageStatus status = ProcessImage.TryOpen(content, out _);
            if (status != ProcessImageStatus.Ok)
                fields.Report("image", $"{image} is {Encoding.ASCII.GetString(ProcessImage.Describe(status))}; {ImageHint}");
            process.Image = _file.AddBlob(Path.GetFileName(image), content, format: null);
        }
        byte[] arguments = Texts(fields, "arguments"), environment = Texts(fields, "environment");
        if (!process.TrySetTexts([.. Encoding.UTF8.GetBytes(name), 0, .. arguments], environment))
            fields.Report("environment", $"with the arguments it is longer than {ProcessDefinition.MaxTextBytes} bytes; shorten it");
        bool hasImage = process.Image != VmDefinition.NoBlob;
        ProcessErrors error = process.Check(_memory, hasImage ? (uint)_file.Blobs.Count : uint.MaxValue);
        if (error is ProcessErrors.Name or ProcessErrors.Memory && fields.IsMapping)
            fields.Report(error == ProcessErrors.Name ? "name" : "memory", $"{Encoding.ASCII.GetString(ProcessDefinition.Describe(error))}; choose another");
        if (_file.Processes.Any(earlier => earlier.Name.SameAs(in process.Name)))
            fields.Report("name", "another process has this name; choose another");
        _file.Processes.Add(process);
    }

    private static byte[] Texts(YamlFields fields, string key)
    {
        const string Hint = "list texts, as in [ a, b ]";
        StringBuilder texts = new();
        foreach (YamlNode node in fields.Sequence(key, required: false, Hint))
        {
            if (node is YamlScalarNode { Value: string text } && !text.Contains('\0', System.StringComparison.Ordinal))
                texts.Append(text).Append('\0');
            else
                fields.Report(key, $"\"{node}\" is no text; {Hint}");
        }
        return Encoding.UTF8.GetBytes(texts.ToString());
    }
}
