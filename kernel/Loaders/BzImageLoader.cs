using System;
using System.Buffers.Binary;
using System.Numerics;
using HyperOS.Core;
using HyperOS.Specs.Linux;

namespace HyperOS.Loaders;

/// <summary>
/// Loads Linux kernels by their 64-bit entry, and those that have none by their 32-bit one: Linux documentation, "The Linux/x86 Boot Protocol",
/// sections "The Real-Mode Kernel Header", "64-bit Boot Protocol" and "32-bit Boot Protocol".
/// </summary>
public static class BzImageLoader
{
    /// <summary>Version 2.12 brought xloadflags, which tells whether there is a 64-bit entry.</summary>
    private const ushort OldestProtocol = 0x020C;

    private const int SectorSize = 512;
    private const int DefaultSetupSectors = 4;

    /// <summary>The real-mode code has 32 KiB: the first sector and these.</summary>
    private const int MostSetupSectors = 63;

    private const ulong LargestAlignment = 1 * Size.GiB;

    /// <summary>Whether the image has the marks of a Linux kernel.</summary>
    public static bool Recognizes(ReadOnlySpan<byte> image) =>
        image.Length >= BootParams.version + sizeof(ushort)
        && BinaryPrimitives.ReadUInt16LittleEndian(image.Slice(BootParams.boot_flag)) == BootParams.BootFlag
        && BinaryPrimitives.ReadUInt32LittleEndian(image.Slice(BootParams.header)) == BootParams.HeaderMagic;

    /// <summary>Fills <paramref name="plan"/>; what it holds after a refusal must not be used.</summary>
    public static LoadStatus Load(in LoadRequest request, LoadPlan plan)
    {
        EntryMode mode = ModeOf(request.Image);
        LoadStatus status = plan.Begin(in request, mode);
        if (status != LoadStatus.Ok)
            return status;
        status = CopyHeader(request.Image, plan.Parameters);
        if (status != LoadStatus.Ok)
            return status;

        Span<byte> parameters = plan.Parameters;
        if ((uint)request.CommandLine.Length > UInt32(parameters, BootParams.cmdline_size))
            return LoadStatus.CommandLineTooLong;
        status = TryFindCode(request.Image, parameters, out ulong codeOffset, out ulong codeLength);
        if (status != LoadStatus.Ok)
            return status;
        status = TryChooseAddress(parameters, out GuestPhysicalAddress loadAddress);
        if (status != LoadStatus.Ok)
            return status;
        status = plan.TryClaim(in request, loadAddress, Math.Max(UInt32(parameters, BootParams.init_size), codeLength));
        // Entry, parameters and kernel must lie in the identity map.
        if (status == LoadStatus.Ok && loadAddress.Value >= GuestMemoryLayout.HoleEnd)
            status = LoadStatus.DoesNotFit;
        if (status != LoadStatus.Ok)
            return status;
        plan.AddImagePart(codeOffset, loadAddress, codeLength, codeLength);
        status = plan.PlaceInitrd(in request, UInt32(parameters, BootParams.initrd_addr_max) + 1ul);
        if (status != LoadStatus.Ok)
            return status;

        FillParameters(in request, plan, parameters, loadAddress);
        if (mode == EntryMode.Long64)
            plan.EnterLong64(loadAddress.Value + BootParams.Startup64Offset, LoadPlan.ParametersAddress);
        else
            plan.EnterProtected32(loadAddress.Value, 0, 0, LoadPlan.ParametersAddress);
        return LoadStatus.Ok;
    }

    // As the image has it, which may be no bzImage at all.
    private static EntryMode ModeOf(ReadOnlySpan<byte> image) =>
        ByteSpans.TrySlice(image, BootParams.xloadflags, sizeof(ushort), out ReadOnlySpan<byte> flags)
            && ((ExtendedLoadFlags)BinaryPrimitives.ReadUInt16LittleEndian(flags) & ExtendedLoadFlags.XLF_KERNEL_64) != 0
            ? EntryMode.Long64
            : EntryMode.Protected32;

    /// <summary>Copies the setup header to its place in boot_params, where everything else reads it.</summary>
    private static LoadStatus CopyHeader(ReadOnlySpan<byte> image, Span<byte> parameters)
    {
        if (!Recognizes(image))
            return LoadStatus.NotABzImage;
        if (BinaryPrimitives.ReadUInt16LittleEndian(image.Slice(BootParams.version)) < OldestProtocol)
            return LoadStatus.TooOldProtocol;
        int end = BootParams.header + image[BootParams.jump + 1];
        if (end < BootParams.init_size + sizeof(uint) || end > BootParams.SetupHeaderLimit)
            return LoadStatus.BadSetupHeader;
        if (!ByteSpans.TrySlice(image, BootParams.setup_sects, (ulong)(end - BootParams.setup_sects), out ReadOnlySpan<byte> header))
            return LoadStatus.Truncated;
        header.CopyTo(parameters.Slice(BootParams.setup_sects));
        return ((LoadFlags)parameters[BootParams.loadflags] & LoadFlags.LOADED_HIGH) != 0 ? LoadStatus.Ok : LoadStatus.NotABzImage;
    }

    /// <summary>The protected-mode code: what lies behind the setup sectors.</summary>
    private static LoadStatus TryFindCode(ReadOnlySpan<byte> image, ReadOnlySpan<byte> parameters, out ulong offset, out ulong length)
    {
        int sectors = parameters[BootParams.setup_sects];
        if (sectors == 0)
            sectors = DefaultSetupSectors;
        offset = (ulong)(sectors + 1) * SectorSize;
        length = 0;
        if (sectors > MostSetupSectors)
            return LoadStatus.SetupTooLarge;
        if (offset + BootParams.Startup64Offset >= (uint)image.Length)
            return LoadStatus.Truncated;
        length = (uint)image.Length - offset;
        if (UInt32(parameters, BootParams.syssize) * 16ul > Alignment.Up(length, 16))
            return LoadStatus.Truncated;
        ulong payloadOffset = UInt32(parameters, BootParams.payload_offset), payloadLength = UInt32(parameters, BootParams.payload_length);
        return payloadLength != 0 && payloadOffset + payloadLength <= length ? LoadStatus.Ok : LoadStatus.BadPayload;
    }

    /// <summary>The address that the kernel prefers; a relocatable one that prefers an impossible one gets the next possible above.</summary>
    private static LoadStatus TryChooseAddress(ReadOnlySpan<byte> parameters, out GuestPhysicalAddress address)
    {
        ulong preferred = BinaryPrimitives.ReadUInt64LittleEndian(parameters.Slice(BootParams.pref_address));
        ulong alignment = UInt32(parameters, BootParams.kernel_alignment);
        address = new GuestPhysicalAddress(preferred);
        if (!BitOperations.IsPow2(alignment) || alignment < Size.Page || alignment > LargestAlignment)
            return LoadStatus.BadAlignment;
        // Everything above is no RAM anyway, and rounding cannot wrap below.
        if (preferred >= GuestMemoryLayout.HoleEnd)
            return LoadStatus.DoesNotFit;
        if (parameters[BootParams.relocatable_kernel] != 0)
            address = new GuestPhysicalAddress(Alignment.Up(Math.Max(preferred, GuestMemoryLayout.ExtendedMemoryStart), alignment));
        else if (preferred < GuestMemoryLayout.ExtendedMemoryStart || !Alignment.IsAligned(preferred, alignment))
            return LoadStatus.BadLoadAddress;
        return LoadStatus.Ok;
    }

    private static void FillParameters(in LoadRequest request, LoadPlan plan, Span<byte> parameters, GuestPhysicalAddress loadAddress)
    {
        parameters[BootParams.type_of_loader] = BootParams.UndefinedLoader;
        parameters[BootParams.loadflags] = (byte)((LoadFlags)parameters[BootParams.loadflags] & (LoadFlags.LOADED_HIGH | LoadFlags.QUIET_FLAG));
        SetUInt32(parameters, BootParams.code32_start, (uint)loadAddress.Value);
        SetUInt32(parameters, BootParams.cmd_line_ptr, (uint)plan.CommandLineAddress.Value);
        SetUInt32(parameters, BootParams.ramdisk_image, (uint)plan.InitrdAddress.Value);
        SetUInt32(parameters, BootParams.ramdisk_size, (uint)request.InitrdLength);
        SetUInt32(parameters, BootParams.hardware_subarch, 0);
        BinaryPrimitives.WriteUInt64LittleEndian(parameters.Slice(BootParams.setup_data), 0);
        BinaryPrimitives.WriteUInt64LittleEndian(parameters.Slice(BootParams.acpi_rsdp_addr), request.Memory.Rsdp.Value);

        LittleEndianWriter table = new(parameters.Slice(BootParams.e820_table));
        byte regions = 0;
        for (; request.Memory.TryGetRegion(regions, out E820Entry region); regions++)
            region.Write(ref table);
        parameters[BootParams.e820_entries] = regions;
    }

    private static uint UInt32(ReadOnlySpan<byte> parameters, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(parameters.Slice(offset));

    private static void SetUInt32(Span<byte> parameters, int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(parameters.Slice(offset), value);
}
