using System.Globalization;
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using HyperOS.Abi;
using HyperOS.Core;
using HyperOS.Loaders;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace HyperOS.ImageTool;

/// <summary>Reads VM files: the schema, in the order of its keys. What the values may be is <see cref="VmDefinitionValidator"/>'s.</summary>
internal sealed class VmFileReader
{
    private const ulong CurrentVersion = 1;
    private const long MaxFileLength = 1L << 30;

    /// <summary>Where each of the validator's errors belongs in the file, and what to do about it.</summary>
    private static readonly (VmDefinitionErrors Error, string Key, string Hint)[] Places =
    [
        (VmDefinitionErrors.NameLength, "name", "choose another"),
        (VmDefinitionErrors.NameCharacter, "name", "leave them out"),
        (VmDefinitionErrors.NameTaken, "name", "choose another"),
        (VmDefinitionErrors.NoCpu, "cpu.count", "write 1"),
        (VmDefinitionErrors.TooManyCpus, "cpu.count", $"this version gives a VM at most {VmLimits.SupportedCpus}"),
        (VmDefinitionErrors.CpuShares, "cpu.shares", "1000 is what a VM has that does not say"),
        (VmDefinitionErrors.CpuLimit, "cpu.limit", "100% is one processor; leave it out for no limit"),
        (VmDefinitionErrors.TscFrequency, "cpu.tscFrequency", "leave it out for the host's"),
        (VmDefinitionErrors.MemoryTooSmall, "memory", "write more"),
        (VmDefinitionErrors.MemoryTooLarge, "memory", "write less, or name the size of the real machine with --host-memory"),
        (VmDefinitionErrors.HugePages, "memoryPages", "write 2MiB"),
        (VmDefinitionErrors.HugePagesWithBalloon, "memoryPages", "write 2MiB, or leave out the balloon"),
        (VmDefinitionErrors.Kernel, "boot.kernel", "name the guest's kernel file"),
        (VmDefinitionErrors.CommandLineLength, "boot.cmdline", "shorten it"),
        (VmDefinitionErrors.ShutdownTimeout, "shutdownTimeout", "60s is what a VM has that does not say"),
        (VmDefinitionErrors.CommandLineCharacter, "boot.cmdline", "write it on one line"),
    ];

    private readonly string _path;
    private readonly ulong _memoryForVms;
    private readonly VmFile _file = new();
    private readonly LoadPlan _plan = new();
    private readonly NetworkReader _networks;
    private readonly DiskReader _disks;

    private VmFileReader(string path, ulong hostMemory, uint uplinks)
    {
        _path = path;
        _networks = new NetworkReader(path, _file, uplinks);
        _disks = new DiskReader(path, _file);
        _memoryForVms = MemoryForVms(hostMemory);
    }

    /// <summary>What a host with this memory can give to VMs: all but the kernel's 16 MiB and 0.1 %. The files of the bundle come off this too.</summary>
    public static ulong MemoryForVms(ulong hostMemory) =>
        Alignment.Down(hostMemory - Math.Min(hostMemory, 16 * Size.MiB + hostMemory / 1000), Size.MiB);

    /// <summary>Reads a VM file and every file that it names.</summary>
    /// <param name="path">The VM file.</param>
    /// <param name="hostMemory">Of the machine that will run the guests, in bytes.</param>
    /// <param name="uplinks">Its network devices: bit n stands for nicn.</param>
    /// <exception cref="IOException">The VM file itself cannot be read.</exception>
    public static VmFile Read(string path, ulong hostMemory, uint uplinks = uint.MaxValue)
    {
        VmFileReader reader = new(path, hostMemory, uplinks);
        using StreamReader text = File.OpenText(path);
        YamlStream yaml = [];
        try
        {
            yaml.Load(text);
        }
        catch (YamlException exception)
        {
            reader.Add(exception.Start, "file", $"not valid YAML: {exception.Message}");
            return reader._file;
        }
        catch (Exception exception) when (exception is InvalidOperationException or ArgumentException)
        {
            // The parser's own checks fail on some texts, such as lines cut off within a flow collection, or tags that are no URIs; it knows no
            // place then.
            reader.Add(new Mark(0, 1, 1), "file", "not valid YAML");
            return reader._file;
        }
        if (yaml.Documents.Count == 1)
            reader.ReadDocument(yaml.Documents[0].RootNode);
        else
            reader.Add(new Mark(0, 1, 1), "file", $"{yaml.Documents.Count} YAML documents; write exactly one");
        return reader._file;
    }

    private void ReadDocument(YamlNode root)
    {
        YamlFields fields = new(_path, "", root, _file.Errors, "version", "onAllStopped", "networks", "vms", "processes");
        string versionHint = $"write {CurrentVersion}";
        if (fields.Number("version", required: true, CurrentVersion, versionHint) != CurrentVersion)
            fields.Report("version", $"this version is unknown; {versionHint}");
        _file.OnAllStopped = fields.Choice(
            "onAllStopped", AllStoppedAction.Stay, ("stay", AllStoppedAction.Stay), ("poweroff", AllStoppedAction.PowerOff), ("reboot", AllStoppedAction.Reboot));
        _networks.ReadNetworks(fields);
        YamlNode[] vms = [.. fields.Sequence("vms", required: true, "list the VMs below it, each after a dash")];
        for (int i = 0; i < vms.Length; i++)
            _file.Definitions.Add(ReadVm($"vms[{i}]", vms[i], (uint)i));
        _networks.ChooseAddresses();
        new ProcessReader(_path, _file, _memoryForVms).ReadProcesses(fields);
        if (vms.Length > BundleReader.MaxDefinitions)
            fields.Report("vms", $"{vms.Length} VMs; write at most {BundleReader.MaxDefinitions}");
        CheckThatAllFit(fields);
    }

    private VmDefinition ReadVm(string path, YamlNode node, uint index)
    {
        YamlFields fields = new(
            _path, path, node, _file.Errors, "name", "class", "cpu", "memory", "memoryPages", "boot", "console", "nics", "disks", "devices",
            "balloon", "autostart", "restart", "shutdownTimeout");
        VmDefinition vm = VmDefinition.Empty;
        vm.Kernel = VmDefinition.NoBlob;
        vm.Name.Set(Encoding.UTF8.GetBytes(fields.Text("name", required: true, "name the VM with a-z, 0-9 and -, at most 32 characters") ?? ""));
        vm.Class = fields.Choice("class", VmClass.Microvm, ("microvm", VmClass.Microvm));
        YamlFields? cpu = fields.Mapping("cpu", required: false, "count", "shares", "limit", "pin", "tscFrequency");
        vm.CpuCount = 1;
        if (cpu is not null)
            ReadCpu(cpu, ref vm);
        vm.MemoryBytes = fields.Bytes("memory", VmLimits.MinMemoryBytes, "write a whole number with its unit, such as 256MiB or 1GiB");
        YamlFields? boot = fields.Mapping("boot", required: true, "kernel", "initrd", "cmdline");
        if (boot is not null)
            ReadBoot(boot, ref vm);
        vm.Console = fields.Choice("console", VmConsole.None, ("none", VmConsole.None), ("host", VmConsole.Host));
        _networks.ReadNics(fields, path, index);
        _disks.ReadDisks(fields, path, index);
        vm.Devices = ReadDevices(fields);
        vm.Options = fields.Choice("autostart", VmOptions.Autostart, ("true", VmOptions.Autostart), ("false", VmOptions.None))
            | fields.Choice("balloon", VmOptions.None, ("true", VmOptions.Balloon), ("false", VmOptions.None))
            | fields.Choice("memoryPages", VmOptions.None, ("2MiB", VmOptions.None), ("1GiB", VmOptions.HugePages));
        vm.Restart = fields.Choice(
            "restart", VmRestart.Never, ("never", VmRestart.Never), ("onFailure", VmRestart.OnFailure), ("always", VmRestart.Always));
        vm.ShutdownTimeout = ReadShutdownTimeout(fields);
        if (fields.IsMapping)
            Validate(in vm, fields, cpu, boot);
        if (boot is not null && vm.Kernel != VmDefinition.NoBlob)
            CheckThatItStarts(in vm, fields, boot);
        return vm;
    }

    private static void ReadCpu(YamlFields cpu, ref VmDefinition vm)
    {
        vm.CpuCount = (uint)Math.Min(cpu.Number("count", required: true, 1, "write a number such as 1"), uint.MaxValue);
        vm.CpuShares = (uint)Math.Min(
            cpu.Number("shares", required: false, VmDefinition.DefaultCpuShares, "write a number such as 1000"), uint.MaxValue);
        const string LimitHint = "write per cent of one processor, such as 150%";
        if (cpu.Text("limit", required: false, LimitHint) is string limit)
        {
            if (limit.EndsWith('%') && uint.TryParse(limit[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out uint percent) && percent != 0)
                vm.CpuLimit = percent;
            else
                cpu.Report("limit", $"\"{limit}\" is no limit; {LimitHint}");
        }
        const string FrequencyHint = "write a whole number with its unit, such as 2400MHz";
        if (cpu.Text("tscFrequency", required: false, FrequencyHint) is string frequency && !Frequency.TryParse(frequency, out vm.TscKHz))
            cpu.Report("tscFrequency", $"\"{frequency}\" is no frequency; {FrequencyHint}");
        const string PinHint = "list the numbers of the host's processors, from 0 on, as in [ 1 ]";
        foreach (YamlNode node in cpu.Sequence("pin", required: false, PinHint))
        {
            if (node is YamlScalarNode { Value: string text } && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int processor) && processor < 64)
                vm.CpuPins |= 1ul << processor;
            else
                cpu.Report("pin", $"\"{node}\" is no processor; {PinHint}");
        }
    }

    private static ulong ReadShutdownTimeout(YamlFields fields)
    {
        const string Hint = "write whole seconds, such as 60s";
        if (fields.Text("shutdownTimeout", required: false, Hint) is not string text)
            return VmDefinition.DefaultShutdownTimeout;
        if (text.EndsWith('s') && uint.TryParse(text[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out uint seconds))
            return seconds * 1_000_000_000ul;
        fields.Report("shutdownTimeout", $"\"{text}\" is no time; {Hint}");
        return VmDefinition.DefaultShutdownTimeout;
    }

    private void ReadBoot(YamlFields boot, ref VmDefinition vm)
    {
        if (boot.Text("kernel", required: true, "name the guest's kernel file") is string kernel && ReadFile(_path, boot, "kernel", kernel) is byte[] image)
        {
            string format = GuestImage.Detect(image) switch
            {
                GuestImageFormat.BzImage => "bzImage",
                GuestImageFormat.Pvh => "PVH ELF",
                GuestImageFormat.Multiboot1 => "multiboot1 ELF",
                _ => "unknown format",
            };
            vm.Kernel = _file.AddBlob(Path.GetFileName(kernel), image, format);
        }
        if (boot.Text("initrd", required: false, "name the guest's initrd file, or leave the key out") is string initrd
            && ReadFile(_path, boot, "initrd", initrd) is byte[] content)
        {
            vm.Initrd = _file.AddBlob(Path.GetFileName(initrd), content, format: null);
        }
        vm.SetCommandLine(Encoding.UTF8.GetBytes(boot.Text("cmdline", required: false, "write the kernel's command line, or leave the key out") ?? ""));
    }

    private static VmDevices ReadDevices(YamlFields fields)
    {
        const string Hint = "list any of testExit, rng, console, as in [ testExit ]";
        VmDevices devices = VmDevices.None;
        foreach (YamlNode node in fields.Sequence("devices", required: false, Hint))
        {
            if (node is YamlScalarNode { Value: "testExit" })
                devices |= VmDevices.TestExit;
            else if (node is YamlScalarNode { Value: "rng" })
                devices |= VmDevices.Rng;
            else if (node is YamlScalarNode { Value: "console" })
                devices |= VmDevices.Console;
            else
                fields.Report("devices", $"\"{node}\" is unknown; {Hint}");
        }
        return devices;
    }

    /// <returns>All of a file that a VM file names, or null, which has been reported.</returns>
    internal static byte[]? ReadFile(string vmFile, YamlFields fields, string key, string name)
    {
        string path = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(vmFile))!, name);
        try
        {
            FileInfo file = new(path);
            if (Directory.Exists(path))
                fields.Report(key, $"{path} is a directory; name the file in it");
            else if (!file.Exists)
                fields.Report(key, $"{path} does not exist; paths are relative to the VM file");
            else if (file.Length is 0 or > MaxFileLength)
                fields.Report(key, $"{path} is {ByteSize.Format((ulong)file.Length)} long; give a file of 1 byte to {ByteSize.Format((ulong)MaxFileLength)}");
            else
                return File.ReadAllBytes(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            fields.Report(key, $"{path} cannot be read: {exception.Message}");
        }
        return null;
    }

    private void Validate(in VmDefinition vm, YamlFields fields, YamlFields? cpu, YamlFields? boot)
    {
        // A file that cannot be read has been reported, and its key is not reported again.
        VmDefinitionErrors errors = VmDefinitionValidator.Validate(in vm, new VmLimits(VmLimits.SupportedCpus, _memoryForVms, blobCount: uint.MaxValue));
        foreach (VmDefinition earlier in _file.Definitions)
        {
            if (earlier.Name.SameAs(in vm.Name))
                errors |= VmDefinitionErrors.NameTaken;
        }
        foreach ((VmDefinitionErrors error, string key, string hint) in Places)
        {
            if ((errors & error) == 0)
                continue;
            errors &= ~error;
            string message = $"{Encoding.ASCII.GetString(VmDefinitionValidator.Describe(error))}; {hint}";
            string[] keys = key.Split('.');
            (keys[0] switch { "cpu" => cpu, "boot" => boot, _ => fields })?.Report(keys[^1], message);
        }
        if (errors != VmDefinitionErrors.None)
            throw new InvalidOperationException($"The schema lets {errors} through, which has no place in the file.");
    }

    /// <summary>Makes the plan by which the host will start the VM, and forgets it: what the loader refuses is known now.</summary>
    private void CheckThatItStarts(in VmDefinition vm, YamlFields fields, YamlFields boot)
    {
        if (!GuestMemoryLayout.TryCreate(vm.MemoryBytes, default, 0, default, out GuestMemoryLayout memory))
            return;
        BlobFile kernel = _file.Blobs[(int)vm.Kernel];
        LoadRequest request = new()
        {
            Image = kernel.Content,
            CommandLine = vm.CommandLine,
            InitrdLength = vm.Initrd == VmDefinition.NoBlob ? 0 : (ulong)_file.Blobs[(int)vm.Initrd].Content.Length,
            Memory = memory,
        };
        LoadStatus status = GuestImage.Load(in request, _plan);
        if (status == LoadStatus.Ok)
            return;
        (YamlFields where, string key, string hint) = status switch
        {
            LoadStatus.DoesNotFit or LoadStatus.InitrdDoesNotFit => (fields, "memory", "write more"),
            LoadStatus.CommandLineTooLong => (boot, "cmdline", "shorten it"),
            _ => (boot, "kernel", "give a whole bzImage, PVH ELF or multiboot1 ELF"),
        };
        where.Report(key, $"{kernel.Name} cannot be started, {Encoding.ASCII.GetString(GuestImage.Describe(status))}; {hint}");
    }

    private void CheckThatAllFit(YamlFields fields)
    {
        ulong files = (ulong)_file.Blobs.Sum(blob => (long)blob.Content.Length);
        UInt128 vms = 0;
        foreach (VmDefinition vm in _file.Definitions.Where(vm => (vm.Options & VmOptions.Autostart) != 0))
            vms += vm.MemoryBytes;
        foreach (ProcessDefinition process in _file.Processes)
            vms += process.MemoryBytes;
        if (files > BundleWriter.MaxContentLength)
            fields.Report("vms", $"their files are {ByteSize.Format(files)} long together; an image holds {ByteSize.Format(BundleWriter.MaxContentLength)}");
        else if (vms + files > _memoryForVms && _file.Errors.Count == 0)
        {
            fields.Report(
                "vms",
                $"the VMs that start by themselves and the processes take {ByteSize.Format((ulong)vms)} and their files {ByteSize.Format(files)}, but the host has "
                + $"{ByteSize.Format(_memoryForVms)} for them; write less memory, or name the size of the real machine with --host-memory");
        }
    }

    private void Add(Mark mark, string key, string message) => _file.Errors.Add(new SourceError(_path, mark.Line, mark.Column, key, message));
}
