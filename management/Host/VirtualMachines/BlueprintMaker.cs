using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;
using HyperOS.Abi;
using HyperOS.Abi.Control;
using HyperOS.Core;
using HyperOS.Management.Api;
using HyperOS.Management.KernelClient;

namespace HyperOS.Management.VirtualMachines;

/// <summary>What the kernel has that configurations refer to by name.</summary>
internal sealed record Inventory(
    IReadOnlyDictionary<string, ImageRecord> Images, IReadOnlyDictionary<(string Network, string Group), ulong> PortGroups, IReadOnlySet<ulong> TakenAddresses, bool HasStorage)
{
    public static string NameOf(in ImageName name) => Encoding.ASCII.GetString(name.Bytes);

    public static string NameOf(in DefinitionName name) => Encoding.ASCII.GetString(name.Bytes);
}

/// <summary>A disk that is to be made on the host's disk before its VM.</summary>
/// <param name="Index">Of the disk.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Image">What it holds at first, or 0.</param>
internal readonly record struct VolumeWish(int Index, ulong Bytes, ulong Image);

/// <summary>
/// Makes the kernel's definitions of a configuration and judges them by the validator that the image tool and the kernel use, so that all three refuse the
/// same.
/// </summary>
internal sealed class BlueprintMaker(VmConfig config, Inventory inventory)
{
    private static readonly (VmDefinitionErrors Error, string Field, string Hint)[] s_vmPlaces =
    [
        (VmDefinitionErrors.NameLength, "name", "Choose another."),
        (VmDefinitionErrors.NameCharacter, "name", "Leave them out."),
        (VmDefinitionErrors.NoCpu, "cpu.count", "Write 1."),
        (VmDefinitionErrors.TooManyCpus, "cpu.count", $"A VM has at most {VmLimits.SupportedCpus}."),
        (VmDefinitionErrors.CpuShares, "cpu.shares", "1000 is what a VM has that does not say."),
        (VmDefinitionErrors.CpuLimit, "cpu.limit", "100 is one processor; 0 is no limit."),
        (VmDefinitionErrors.MemoryTooSmall, "memory", "Write more."),
        (VmDefinitionErrors.MemoryNotInPages, "memory", "Write whole KiB that are a multiple of 4."),
        (VmDefinitionErrors.MemoryTooLarge, "memory", "Write less."),
        (VmDefinitionErrors.CommandLineLength, "boot.cmdline", "Shorten it."),
        (VmDefinitionErrors.CommandLineCharacter, "boot.cmdline", "Write it on one line."),
        (VmDefinitionErrors.ShutdownTimeout, "shutdownTimeout", "60 is what a VM has that does not say."),
    ];

    private static readonly (DiskErrors Error, string Field, string Hint)[] s_diskPlaces =
    [
        (DiskErrors.NameLength, "name", "Choose another."),
        (DiskErrors.NameCharacter, "name", "Leave them out."),
        (DiskErrors.NameTaken, "name", "Choose another."),
        (DiskErrors.NoBytes, "size", "Write more."),
        (DiskErrors.BytesNotInSectors, "size", "Write whole KiB."),
        (DiskErrors.TooManyBytes, "size", "Write less."),
        (DiskErrors.SmallerThanImage, "size", "Write more, or leave it out."),
    ];

    private readonly List<FieldProblem> _problems = [];
    private readonly List<ulong> _images = [];
    private readonly List<ulong> _groups = [];

    /// <summary>The disks that need volumes; their places in the blueprint are still 0.</summary>
    public List<VolumeWish> Volumes { get; } = [];

    /// <param name="maxMemoryBytes">Of a VM.</param>
    public Outcome<VmBlueprint> Make(ulong maxMemoryBytes)
    {
        VmDefinition vm = MakeVm();
        CheckVm(in vm, maxMemoryBytes);
        NicDefinition[] nics = [.. config.Nics.Take(NicDefinition.MaxPerVm).Select(MakeNic)];
        if (config.Nics.Count > NicDefinition.MaxPerVm)
            Report("nics", "tooMany", $"A VM has at most {NicDefinition.MaxPerVm} NICs.");
        DiskDefinition[] disks = [.. config.Disks.Take(DiskDefinition.MaxPerVm).Select(MakeDisk)];
        if (config.Disks.Count > DiskDefinition.MaxPerVm)
            Report("disks", "tooMany", $"A VM has at most {DiskDefinition.MaxPerVm} disks.");
        if (_problems.Count > 0)
            return ApiProblem.BadFields(_problems);
        VmBlueprint blueprint = new()
        {
            Vm = vm, Images = [.. _images], PortGroups = [.. _groups], Nics = nics, Disks = disks, Volumes = new ulong[disks.Length],
        };
        // What is left is between definitions; each by itself has been judged.
        ControlStatus status = blueprint.Validate(maxMemoryBytes, out ulong detail);
        return status switch
        {
            ControlStatus.Done => blueprint,
            ControlStatus.BadNetwork => ApiProblem.BadField($"nics[{detail >> 32}]", "invalid", Sentence(NetworkValidator.Describe((NetworkErrors)(uint)detail))),
            ControlStatus.BadDisk => ApiProblem.BadField($"disks[{detail >> 32}]", "invalid", Sentence(DiskValidator.Describe((DiskErrors)(uint)detail))),
            _ => ApiProblem.BadField("", "invalid", Sentence(ControlStatuses.Describe(status))),
        };
    }

    private void Report(string field, string code, string detail, string? hint = null) => _problems.Add(new FieldProblem(field, code, detail, hint));

    private static string Sentence(ReadOnlySpan<byte> text)
    {
        string words = Encoding.ASCII.GetString(text);
        return words.Length == 0 ? words : char.ToUpperInvariant(words[0]) + words[1..] + ".";
    }

    private static string CodeOf<T>(T error)
        where T : struct, Enum
    {
        string name = error.ToString();
        return char.ToLowerInvariant(name[0]) + name[1..];
    }

    private VmDefinition MakeVm()
    {
        VmDefinition vm = VmDefinition.Empty;
        vm.Name.Set(Encoding.UTF8.GetBytes(config.Name));
        vm.Class = VmClass.Microvm;
        vm.CpuCount = config.Cpu.Count;
        vm.CpuShares = config.Cpu.Shares;
        vm.CpuLimit = config.Cpu.Limit;
        foreach (uint processor in config.Cpu.Pin)
        {
            if (processor < 64)
                vm.CpuPins |= 1ul << (int)processor;
            else
                Report("cpu.pin", "outOfRange", "Processors are numbered from 0 to 63.");
        }
        vm.MemoryBytes = config.Memory;
        vm.Kernel = Image("boot.kernel", config.Boot.Kernel, out _);
        vm.Initrd = config.Boot.Initrd is string initrd ? Image("boot.initrd", initrd, out _) : VmDefinition.NoBlob;
        vm.SetCommandLine(Encoding.UTF8.GetBytes(config.Boot.Cmdline));
        vm.Console = config.Console == ConsoleChoice.Host ? VmConsole.Host : VmConsole.None;
        foreach (DeviceChoice device in config.Devices)
            vm.Devices |= device switch { DeviceChoice.TestExit => VmDevices.TestExit, DeviceChoice.Rng => VmDevices.Rng, _ => VmDevices.Console };
        vm.Options = (config.Autostart ? VmOptions.Autostart : VmOptions.None) | (config.Balloon ? VmOptions.Balloon : VmOptions.None);
        vm.Restart = (VmRestart)(byte)config.Restart;
        vm.ShutdownTimeout = config.ShutdownTimeout * 1_000_000_000ul;
        return vm;
    }

    private void CheckVm(in VmDefinition vm, ulong maxMemoryBytes)
    {
        VmDefinitionErrors errors = VmDefinitionValidator.Validate(in vm, new VmLimits(VmLimits.SupportedCpus, maxMemoryBytes, uint.MaxValue));
        foreach ((VmDefinitionErrors error, string field, string hint) in s_vmPlaces)
        {
            if ((errors & error) != 0)
                Report(field, CodeOf(error), Sentence(VmDefinitionValidator.Describe(error)), error == VmDefinitionErrors.MemoryTooLarge ? $"At most {maxMemoryBytes} bytes." : hint);
        }
    }

    // The index of an image in the request's table; 0 where it has been reported.
    private uint Image(string field, string name, out ulong length)
    {
        length = 0;
        if (name.Length == 0)
        {
            Report(field, "missing", $"{field} is missing.", "Name an image.");
            return 0;
        }
        if (!inventory.Images.TryGetValue(name, out ImageRecord image))
        {
            Report(field, "unknownImage", $"There is no image \"{name}\".", "Upload it, or name another.");
            return 0;
        }
        if (!image.IsSealed)
            Report(field, "imageIncomplete", $"The image \"{name}\" is not complete.", "Finish its upload.");
        length = image.Bytes;
        int index = _images.IndexOf(image.Id);
        if (index < 0)
        {
            index = _images.Count;
            _images.Add(image.Id);
        }
        return (uint)index;
    }

    private NicDefinition MakeNic(NicConfig wanted, int index)
    {
        string field = string.Create(CultureInfo.InvariantCulture, $"nics[{index}]");
        NicDefinition nic = NicDefinition.Empty;
        byte[] name = Encoding.UTF8.GetBytes(wanted.Name);
        nic.Name.Set(name);
        if (name.Length is 0 or > DefinitionName.MaxLength || name.Any(character => !DefinitionName.IsAllowed(character)))
            Report($"{field}.name", "nameCharacter", "A NIC's name is 1 to 32 of a-z, 0-9 and -.");
        if (config.Nics.Take(index).Any(other => other.Name == wanted.Name))
            Report($"{field}.name", "nameTaken", "An earlier NIC has the name.", "Choose another.");
        if (!inventory.PortGroups.TryGetValue((wanted.Network, wanted.PortGroup), out ulong group))
        {
            bool hasNetwork = inventory.PortGroups.Keys.Any(key => key.Network == wanted.Network);
            Report(
                hasNetwork ? $"{field}.portGroup" : $"{field}.network", "unknownPortGroup",
                hasNetwork ? $"The network \"{wanted.Network}\" has no port group \"{wanted.PortGroup}\"." : $"There is no network \"{wanted.Network}\" with port groups.");
        }
        int place = _groups.IndexOf(group);
        if (place < 0)
        {
            place = _groups.Count;
            _groups.Add(group);
        }
        nic.PortGroup = (uint)place;
        nic.Address = Address($"{field}.mac", wanted, name);
        return nic;
    }

    private MacAddress Address(string field, NicConfig nic, byte[] name)
    {
        if (nic.Mac == "auto")
            return MacAllocator.Choose(Encoding.UTF8.GetBytes(config.Name), name, [.. inventory.TakenAddresses.Select(taken => new MacAddress(taken))]);
        string[] octets = nic.Mac.Split(':');
        if (octets.Length == MacAddress.Length && octets.All(octet => octet.Length == 2)
            && ulong.TryParse(string.Concat(octets), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong value) && value != 0 && !new MacAddress(value).IsGroup)
        {
            return new MacAddress(value);
        }
        Report(field, "address", $"\"{nic.Mac}\" is no station's address.", "Write auto, or one such as 02:00:00:00:00:01.");
        return new MacAddress(0x0200_0000_0000);
    }

    private DiskDefinition MakeDisk(DiskConfig wanted, int index)
    {
        string field = string.Create(CultureInfo.InvariantCulture, $"disks[{index}]");
        DiskDefinition disk = DiskDefinition.Empty;
        disk.Name.Set(Encoding.UTF8.GetBytes(wanted.Name));
        ulong imageLength = 0;
        uint image = wanted.Image is string name ? Image($"{field}.image", name, out imageLength) : VmDefinition.NoBlob;
        disk.Bytes = wanted.Size ?? Math.Max(Alignment.Up(imageLength, BlockStore.SectorBytes), BlockStore.SectorBytes);
        if (wanted.Size is null && wanted.Image is null)
            Report($"{field}.size", "missing", "A disk without an image needs a size.", "Write it in bytes.");
        disk.Options = wanted.ReadOnly ? DiskOptions.ReadOnly : DiskOptions.None;
        DiskErrors errors = DiskValidator.Validate(in disk, 1, uint.MaxValue, imageLength);
        if (config.Disks.Take(index).Any(other => other.Name == wanted.Name))
            errors |= DiskErrors.NameTaken;
        foreach ((DiskErrors error, string key, string hint) in s_diskPlaces)
        {
            if ((errors & error) != 0)
                Report($"{field}.{key}", CodeOf(error), Sentence(DiskValidator.Describe(error)), hint);
        }
        bool isPersistent = wanted.Persistent ?? inventory.HasStorage;
        if (isPersistent && !inventory.HasStorage)
            Report($"{field}.persistent", "noStorage", "The host has no disk to keep it on.", "Leave it out.");
        // What a volume holds at first it is made with.
        if (isPersistent)
            Volumes.Add(new VolumeWish(index, disk.Bytes, image == VmDefinition.NoBlob || image >= _images.Count ? 0 : _images[(int)image]));
        else
            disk.Image = image;
        return disk;
    }
}
