using System;
using System.CommandLine;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text;
using HyperOS.Abi;
using HyperOS.Core;

namespace HyperOS.ImageTool;

/// <summary>Makes what goes into HyperOS images: the bundle of guests, and the initramfs of the default guest.</summary>
internal static class Program
{
    private const int Failed = 1;

    /// <summary>As many as <see cref="NetworkDefinition.Uplinks"/> can name.</summary>
    private const int MaxNics = 32;

    internal static int Main(string[] arguments)
    {
        RootCommand root = new("Makes what goes into HyperOS images.") { BundleCommand(), InitramfsCommand(), ModulesCommand() };
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
        Option<int> hostNics = new("--host-nics")
        {
            Description = "Network devices of that machine, nic0 and so on, 0 to 32: uplinks that are not among them are refused.",
            HelpName = "count",
            DefaultValueFactory = _ => MaxNics,
        };
        Command command = new("bundle", "Compiles a VM file, and the kernels and initrds that it names, into one file.") { vms, output, hostMemory, hostNics };
        command.SetAction(parsed => Bundle(
            parsed.GetRequiredValue(vms), parsed.GetRequiredValue(output), parsed.GetRequiredValue(hostMemory), parsed.GetRequiredValue(hostNics)));
        return command;
    }

    private static Command InitramfsCommand()
    {
        Option<string[]> programs = new("--program")
        {
            Description = "A statically linked program or a script, which goes to /bin; more than once for several.", Required = true, HelpName = "file",
        };
        Option<string> init = new("--init") { Description = "The script or program that becomes /init.", Required = true, HelpName = "file" };
        Option<string> output = new("--out") { Description = "The initramfs to write.", Required = true, HelpName = "file" };
        Command command = new("initramfs", "Makes a small guest's initramfs.") { programs, init, output };
        command.SetAction(parsed => Guarded(() =>
        {
            byte[] image = Initramfs.Build(
                [.. parsed.GetRequiredValue(programs).Select(path => (Path.GetFileName(path), File.ReadAllBytes(path)))],
                File.ReadAllBytes(parsed.GetRequiredValue(init)));
            File.WriteAllBytes(parsed.GetRequiredValue(output), image);
            Progress($"{parsed.GetRequiredValue(output)}: {ByteSize.Format((ulong)image.Length)}");
        }));
        return command;
    }

    private static Command ModulesCommand()
    {
        Option<string> directory = new("--directory") { Description = "Kernel modules.", Required = true, HelpName = "directory" };
        Option<string> output = new("--out") { Description = "The archive to write.", Required = true, HelpName = "file" };
        Command command = new("modules", "Makes an archive of kernel modules, to append to an initramfs.") { directory, output };
        command.SetAction(parsed => Guarded(() => File.WriteAllBytes(parsed.GetRequiredValue(output), Initramfs.Modules(parsed.GetRequiredValue(directory)))));
        return command;
    }

    private static int Bundle(string vms, string output, string hostMemoryText, int hostNics)
    {
        if (!ByteSize.TryParse(hostMemoryText, out ulong hostMemory))
            return Fail($"--host-memory: {hostMemoryText} is no size; write a whole number with its unit, such as 2GiB");
        if (hostNics is < 0 or > MaxNics)
            return Fail($"--host-nics: {hostNics} is not 0 to {MaxNics}");
        return Guarded(() =>
        {
            VmFile file = VmFileReader.Read(vms, hostMemory, (uint)((1ul << hostNics) - 1));
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
            foreach (NicDefinition nic in file.Nics)
                Progress(Describe(file, in nic));
            foreach (DiskDefinition disk in file.Disks)
                Progress(Describe(file, in disk));
            foreach (ProcessDefinition process in file.Processes)
                Progress(Describe(file, in process));
            Progress($"{output}: {Plural(file.Definitions.Count, "VM")}, {Plural(file.Blobs.Count, "file")}, {ByteSize.Format((ulong)bundle.Length)}");
        });
    }

    private static string Describe(VmFile file, VmDefinition vm)
    {
        string initrd = vm.Initrd == VmDefinition.NoBlob ? "no initrd" : $"initrd {file.Blobs[(int)vm.Initrd].Describe()}";
        return $"vm {VmFile.NameOf(vm)}: {Plural((int)vm.CpuCount, "CPU")}, {ByteSize.Format(vm.MemoryBytes)}, kernel "
            + $"{file.Blobs[(int)vm.Kernel].Describe()}, {initrd}";
    }

    private static string Describe(VmFile file, in NicDefinition nic)
    {
        PortGroupDefinition group = file.PortGroups[(int)nic.PortGroup];
        string network = Encoding.ASCII.GetString(file.Networks[(int)group.Network].Name.Bytes);
        byte[] address = new byte[MacAddress.Length];
        nic.Address.TryWrite(address);
        return $"vm {VmFile.NameOf(file.Definitions[(int)nic.Vm])}: {Encoding.ASCII.GetString(nic.Name.Bytes)} on {network}, "
            + $"{Encoding.ASCII.GetString(group.Name.Bytes)}, {string.Join(':', address.Select(octet => octet.ToString("x2", CultureInfo.InvariantCulture)))}";
    }

    private static string Describe(VmFile file, in DiskDefinition disk)
    {
        string image = disk.Image == VmDefinition.NoBlob ? "empty" : file.Blobs[(int)disk.Image].Describe();
        return $"vm {VmFile.NameOf(file.Definitions[(int)disk.Vm])}: disk {Encoding.ASCII.GetString(disk.Name.Bytes)}, {ByteSize.Format(disk.Bytes)}, {image}"
            + ((disk.Options & DiskOptions.ReadOnly) != 0 ? ", read-only" : "");
    }

    private static string Describe(VmFile file, in ProcessDefinition process) =>
        $"process {Encoding.ASCII.GetString(process.Name.Bytes)}: {ByteSize.Format(process.MemoryBytes)}, {file.Blobs[(int)process.Image].Describe()}";

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
