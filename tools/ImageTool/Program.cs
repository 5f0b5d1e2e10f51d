using System;
using System.CommandLine;
using System.Globalization;
using System.IO;
using HyperOS.Abi;
using HyperOS.Core;

namespace HyperOS.ImageTool;

/// <summary>Makes what goes into HyperOS images: the bundle of guests, and the initramfs of the default guest.</summary>
internal static class Program
{
    private const int Failed = 1;

    internal static int Main(string[] arguments)
    {
        RootCommand root = new("Makes what goes into HyperOS images.") { BundleCommand(), InitramfsCommand() };
        return root.Parse(arguments).Invoke();
    }

    private static Command BundleCommand()
    {
        Option<string> vms = new("--vms") { Description = "The VM file (YAML).", Required = true, HelpName = "file" };
        Option<string> output = new("--out") { Description = "The bundle to write.", Required = true, HelpName = "file" };
        Option<string> hostMemory = new("--host-memory")
        {
            Description = "Memory of the machine that will run the guests, as MiB or GiB: they are refused if they do not fit.",
            HelpName = "size",
            DefaultValueFactory = _ => "2GiB",
        };
        Command command = new("bundle", "Compiles a VM file, and the kernels and initrds that it names, into one file.") { vms, output, hostMemory };
        command.SetAction(parsed => Bundle(parsed.GetRequiredValue(vms), parsed.GetRequiredValue(output), parsed.GetRequiredValue(hostMemory)));
        return command;
    }

    private static Command InitramfsCommand()
    {
        Option<string> program = new("--program") { Description = "A statically linked program, which goes to /bin.", Required = true, HelpName = "file" };
        Option<string> init = new("--init") { Description = "The script or program that becomes /init.", Required = true, HelpName = "file" };
        Option<string> output = new("--out") { Description = "The initramfs to write.", Required = true, HelpName = "file" };
        Command command = new("initramfs", "Makes a small guest's initramfs.") { program, init, output };
        command.SetAction(parsed => Guarded(() =>
        {
            string path = parsed.GetRequiredValue(program);
            byte[] image = Initramfs.Build(Path.GetFileName(path), File.ReadAllBytes(path), File.ReadAllBytes(parsed.GetRequiredValue(init)));
            File.WriteAllBytes(parsed.GetRequiredValue(output), image);
            Progress($"{parsed.GetRequiredValue(output)}: {ByteSize.Format((ulong)image.Length)}");
        }));
        return command;
    }

    private static int Bundle(string vms, string output, string hostMemoryText)
    {
        if (!ByteSize.TryParse(hostMemoryText, out ulong hostMemory))
            return Fail($"--host-memory: {hostMemoryText} is no size; write a whole number with its unit, such as 2GiB");
        return Guarded(() =>
        {
            VmFile file = VmFileReader.Read(vms, hostMemory);
            if (file.Errors.Count != 0)
            {
                foreach (SourceError error in file.Errors)
                    Console.Error.WriteLine(error);
                throw new IOException($"{vms}: {Plural(file.Errors.Count, "error")}, nothing was written");
            }
            byte[] bundle = BundleWriter.Write(file);
            WriteIfChanged(output, bundle);
            foreach (VmDefinition vm in file.Definitions)
                Progress(Describe(file, vm));
            Progress($"{output}: {Plural(file.Definitions.Count, "VM")}, {Plural(file.Blobs.Count, "file")}, {ByteSize.Format((ulong)bundle.Length)}");
        });
    }

    private static string Describe(VmFile file, VmDefinition vm)
    {
        string initrd = vm.Initrd == VmDefinition.NoBlob ? "no initrd" : $"initrd {file.Blobs[(int)vm.Initrd].Describe()}";
        return $"vm {VmFile.NameOf(vm)}: {Plural((int)vm.CpuCount, "CPU")}, {ByteSize.Format(vm.MemoryBytes)}, kernel "
            + $"{file.Blobs[(int)vm.Kernel].Describe()}, {initrd}";
    }

    /// <summary>Leaves a file of the same content untouched, so that nothing is rebuilt from it.</summary>
    private static void WriteIfChanged(string path, byte[] content)
    {
        if (!File.Exists(path) || !File.ReadAllBytes(path).AsSpan().SequenceEqual(content))
            File.WriteAllBytes(path, content);
    }

    private static int Guarded(Action action)
    {
        try
        {
            action();
            return 0;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return Fail(exception.Message);
        }
    }

    private static string Plural(int count, string noun) =>
        string.Create(CultureInfo.InvariantCulture, $"{count} {noun}{(count == 1 ? "" : "s")}");

    private static void Progress(string line) => Console.Error.WriteLine($"imagetool: {line}");

    private static int Fail(string line)
    {
        Progress(line);
        return Failed;
    }
}
