using System;
using System.Buffers.Binary;
using HyperOS.Core;

namespace HyperOS.Abi.Control;

/// <summary>
/// The body of a request that makes a VM: the definitions of a bundle, which refer to each other by index, with tables that lead from these indices to
/// what the kernel has.
/// <code>
///   u32 images, u32 portGroups, u32 nics, u32 disks
///   VmDefinition                its Kernel and Initrd are indices into the table of images
///   u64 × images                images' identities
///   u64 × portGroups            port groups' identities
///   NicDefinition × nics        Vm is 0, PortGroup an index into the table of port groups
///   DiskDefinition × disks      Vm is 0, Image an index into the table of images
///   u64 × disks                 the volume that each disk is; 0: in the host's memory, and gone with the VM
/// </code>
/// </summary>
public readonly ref struct VmCreateRequest
{
    /// <summary>Kernel, initrd, and one for each disk.</summary>
    public const uint MaxImages = 2 + DiskDefinition.MaxPerVm;

    private const int Counts = 4 * sizeof(uint);

    private readonly ReadOnlySpan<byte> _body;
    private readonly int _images;
    private readonly int _portGroups;

    private VmCreateRequest(ReadOnlySpan<byte> body, uint images, uint portGroups, uint nics, uint disks)
    {
        _body = body;
        _images = (int)images;
        _portGroups = (int)portGroups;
        NicCount = (int)nics;
        DiskCount = (int)disks;
    }

    public int ImageCount => _images;

    public int PortGroupCount => _portGroups;

    public int NicCount { get; }

    public int DiskCount { get; }

    private int ImagesOffset => Counts + VmDefinition.Size;

    private int PortGroupsOffset => ImagesOffset + _images * sizeof(ulong);

    private int NicsOffset => PortGroupsOffset + _portGroups * sizeof(ulong);

    private int DisksOffset => NicsOffset + NicCount * NicDefinition.Size;

    private int VolumesOffset => DisksOffset + DiskCount * DiskDefinition.Size;

    /// <summary>The length of a body with so many of each.</summary>
    public static int LengthFor(int images, int portGroups, int nics, int disks) =>
        Counts + VmDefinition.Size + (images + portGroups) * sizeof(ulong) + nics * NicDefinition.Size + disks * (DiskDefinition.Size + sizeof(ulong));

    /// <summary>Checks the counts and the length; nothing in the definitions.</summary>
    public static bool TryOpen(ReadOnlySpan<byte> body, out VmCreateRequest request)
    {
        request = default;
        LittleEndianReader reader = new(body);
        uint images = reader.ReadUInt32(), portGroups = reader.ReadUInt32(), nics = reader.ReadUInt32(), disks = reader.ReadUInt32();
        if (reader.Overrun || images > MaxImages || portGroups > NicDefinition.MaxPerVm || nics > NicDefinition.MaxPerVm || disks > DiskDefinition.MaxPerVm
            || body.Length != LengthFor((int)images, (int)portGroups, (int)nics, (int)disks))
        {
            return false;
        }
        request = new VmCreateRequest(body, images, portGroups, nics, disks);
        return true;
    }

    public VmDefinition ReadVm()
    {
        VmDefinition.TryRead(_body.Slice(Counts), out VmDefinition definition);
        return definition;
    }

    /// <param name="index">Below <see cref="ImageCount"/>.</param>
    public ulong ImageAt(int index) => Identity(ImagesOffset, index);

    /// <param name="index">Below <see cref="PortGroupCount"/>.</param>
    public ulong PortGroupAt(int index) => Identity(PortGroupsOffset, index);

    /// <param name="index">Below <see cref="NicCount"/>.</param>
    public NicDefinition ReadNic(int index)
    {
        NicDefinition.TryRead(_body.Slice(NicsOffset + index * NicDefinition.Size, NicDefinition.Size), out NicDefinition definition);
        return definition;
    }

    /// <param name="index">Below <see cref="DiskCount"/>.</param>
    public DiskDefinition ReadDisk(int index)
    {
        DiskDefinition.TryRead(_body.Slice(DisksOffset + index * DiskDefinition.Size, DiskDefinition.Size), out DiskDefinition definition);
        return definition;
    }

    /// <param name="index">Below <see cref="DiskCount"/>.</param>
    /// <returns>0 for a disk in the host's memory.</returns>
    public ulong VolumeAt(int index) => Identity(VolumesOffset, index);

    /// <summary>Checks all that the definitions say by themselves and beside each other; that the identities lead anywhere is the kernel's to check.</summary>
    /// <param name="maxMemoryBytes">Bytes of memory that a VM can have.</param>
    /// <param name="detail">As the status says.</param>
    public ControlStatus Validate(ulong maxMemoryBytes, out ulong detail)
    {
        VmDefinition vm = ReadVm();
        VmDefinitionErrors vmErrors = VmDefinitionValidator.Validate(in vm, new VmLimits(VmLimits.SupportedCpus, maxMemoryBytes, (uint)_images));
        detail = (ulong)vmErrors;
        if (vmErrors != VmDefinitionErrors.None)
            return ControlStatus.BadVm;
        for (int i = 0; i < NicCount; i++)
        {
            NetworkErrors errors = CheckNic(i);
            detail = (uint)errors | (ulong)i << 32;
            if (errors != NetworkErrors.None)
                return ControlStatus.BadNetwork;
        }
        for (int i = 0; i < DiskCount; i++)
        {
            DiskErrors errors = CheckDisk(i);
            detail = (uint)errors | (ulong)i << 32;
            if (errors != DiskErrors.None)
                return ControlStatus.BadDisk;
        }
        detail = 0;
        return ControlStatus.Done;
    }

    private NetworkErrors CheckNic(int index)
    {
        NicDefinition nic = ReadNic(index);
        NetworkErrors errors = NetworkValidator.Validate(in nic, vms: 1, (uint)_portGroups);
        for (int i = 0; i < index; i++)
        {
            NicDefinition earlier = ReadNic(i);
            if (earlier.Name.SameAs(in nic.Name))
                errors |= NetworkErrors.NameTaken;
            if (earlier.Address.Value == nic.Address.Value)
                errors |= NetworkErrors.AddressTaken;
        }
        return errors;
    }

    // How long its image is, the kernel knows.
    private DiskErrors CheckDisk(int index)
    {
        DiskDefinition disk = ReadDisk(index);
        DiskErrors errors = DiskValidator.Validate(in disk, vms: 1, (uint)_images, imageLength: 0);
        for (int i = 0; i < index; i++)
        {
            DiskDefinition earlier = ReadDisk(i);
            if (earlier.Name.SameAs(in disk.Name))
                errors |= DiskErrors.NameTaken;
        }
        return errors;
    }

    private ulong Identity(int offset, int index) => BinaryPrimitives.ReadUInt64LittleEndian(_body.Slice(offset + index * sizeof(ulong), sizeof(ulong)));

    /// <summary>Writes a whole body.</summary>
    /// <returns>False if it does not fit, or the tables have lengths that cannot be.</returns>
    public static bool TryWrite(
        ref LittleEndianWriter writer,
        in VmDefinition vm,
        scoped ReadOnlySpan<ulong> images,
        scoped ReadOnlySpan<ulong> portGroups,
        scoped ReadOnlySpan<NicDefinition> nics,
        scoped ReadOnlySpan<DiskDefinition> disks,
        scoped ReadOnlySpan<ulong> volumes)
    {
        if (volumes.Length != disks.Length)
            return false;
        writer.WriteUInt32((uint)images.Length);
        writer.WriteUInt32((uint)portGroups.Length);
        writer.WriteUInt32((uint)nics.Length);
        writer.WriteUInt32((uint)disks.Length);
        if (writer.TryReserve(VmDefinition.Size, out Span<byte> bytes))
            vm.TryWrite(bytes);
        for (int i = 0; i < images.Length; i++)
            writer.WriteUInt64(images[i]);
        for (int i = 0; i < portGroups.Length; i++)
            writer.WriteUInt64(portGroups[i]);
        for (int i = 0; i < nics.Length; i++)
        {
            if (writer.TryReserve(NicDefinition.Size, out bytes))
                nics[i].TryWrite(bytes);
        }
        for (int i = 0; i < disks.Length; i++)
        {
            if (writer.TryReserve(DiskDefinition.Size, out bytes))
                disks[i].TryWrite(bytes);
        }
        for (int i = 0; i < volumes.Length; i++)
            writer.WriteUInt64(volumes[i]);
        return !writer.Overrun;
    }
}
