using System;
using System.Buffers.Binary;
using HyperOS.Core;
using HyperOS.Specs.X86;

namespace HyperOS.Loaders;

/// <summary>
/// How to start a guest image: what to put where in guest memory, and the boot processor's registers. A loader fills it and touches no
/// guest memory; the kernel carries it out. Every range in it lies in the guest's RAM, and none overlaps another.
/// </summary>
/// <remarks>
/// The loader's own structures, the boot data, are one block of guest memory below 640 KiB, laid out alike for all protocols:
/// <code>
/// 0x0000  GDT
/// 0x1000  what the protocol hands to the guest: zero page, start info or multiboot information
/// 0x2000  command line
/// 0x3000  page tables (64-bit entry only): PML4, PDPT, four page directories
/// </code>
/// </remarks>
public sealed class LoadPlan
{
    /// <summary>Most actions.</summary>
    public const int ActionCapacity = 2 * ElfImage.SegmentCapacity + 2;

    /// <summary>Longest command line, in bytes, without the terminating zero.</summary>
    public const int CommandLineCapacity = (int)Size.Page - 1;

    /// <summary>Where the boot data lies in guest memory.</summary>
    public const ulong BootDataAddress = 0x80000;

    internal const ulong ParametersAddress = BootDataAddress + ParametersOffset;
    internal const ulong CommandLineAddressValue = BootDataAddress + CommandLineOffset;

    private const int ParametersOffset = 0x1000;
    private const int CommandLineOffset = 0x2000;
    private const int PageTablesOffset = 0x3000;

    /// <summary>The identity map covers the first 4 GiB.</summary>
    private const int PageDirectories = 4;
    private const int BootDataLength = PageTablesOffset + (2 + PageDirectories) * (int)Size.Page;

    private const int EntriesPerTable = 512;
    private const ulong PageTableFlags = 0b11;        // P, RW
    private const ulong LargePageFlags = 0b1000_0011; // P, RW, PS

    // Selectors as the Linux/x86 boot protocol names them: __BOOT_CS and __BOOT_DS.
    private const ushort CodeSelector = 0x10;
    private const ushort DataSelector = 0x18;
    private const ushort TaskSelector = 0x20;
    private const int GdtLength = TaskSelector + 16;

    private const ulong CodeDescriptor64 = 0x00AF_9B00_0000_FFFF;
    private const ulong CodeDescriptor32 = 0x00CF_9B00_0000_FFFF;
    private const ulong DataDescriptor = 0x00CF_9300_0000_FFFF;
    private const ulong TaskDescriptor = 0x0000_8B00_0000_0067;

    /// <summary>RFLAGS bit 1, always one.</summary>
    private const ulong FixedFlags = 1 << 1;

    private readonly FixedList<LoadAction> _actions = new(ActionCapacity);
    private readonly FixedList<Claim> _claims = new(ElfImage.SegmentCapacity + 2);
    private readonly byte[] _bootData = new byte[BootDataLength];
    private EntryState _entry;

    /// <summary>What to put into guest memory, in any order.</summary>
    public ReadOnlySpan<LoadAction> Actions => _actions.AsSpan();

    /// <summary>What <see cref="LoadActionKind.CopyBootData"/> copies from.</summary>
    public ReadOnlySpan<byte> BootData => _bootData;

    /// <summary>The boot processor's registers.</summary>
    public ref readonly EntryState Entry => ref _entry;

    /// <summary>Where the command line lies in guest memory.</summary>
    public GuestPhysicalAddress CommandLineAddress => new(CommandLineAddressValue);

    /// <summary>Where the initrd lies in guest memory; 0 when there is none.</summary>
    public GuestPhysicalAddress InitrdAddress { get; private set; }

    /// <summary>The page that the protocol hands to the guest.</summary>
    internal Span<byte> Parameters => new(_bootData, ParametersOffset, (int)Size.Page);

    /// <summary>Begins a plan: forgets the old one, takes the boot data's place and the command line.</summary>
    internal LoadStatus Begin(in LoadRequest request, EntryMode mode)
    {
        _actions.Clear();
        _claims.Clear();
        new Span<byte>(_bootData).Clear();
        _entry = default;
        InitrdAddress = default;
        if (request.CommandLine.Length > CommandLineCapacity)
            return LoadStatus.CommandLineTooLong;

        request.CommandLine.CopyTo(new Span<byte>(_bootData, CommandLineOffset, CommandLineCapacity));
        ulong length = mode == EntryMode.Long64 ? (ulong)BootDataLength : PageTablesOffset;
        GuestPhysicalAddress address = new(BootDataAddress);
        LoadStatus status = TryClaim(in request, address, length);
        _actions.TryAdd(new LoadAction(LoadActionKind.CopyBootData, 0, address, length));
        return status;
    }

    /// <summary>Takes a range of guest memory for the image, which must be RAM and free.</summary>
    internal LoadStatus TryClaim(in LoadRequest request, GuestPhysicalAddress start, ulong length)
    {
        if (!request.Memory.IsRam(start, length))
            return LoadStatus.DoesNotFit;
        if (TryFindOverlap(start.Value, length, out _))
            return LoadStatus.Overlap;
        return _claims.TryAdd(new Claim { Start = start.Value, Length = length }) ? LoadStatus.Ok : LoadStatus.BadProgramHeaders;
    }

    /// <summary>Puts a part of the image into memory that has been claimed, and zeros behind it.</summary>
    internal void AddImagePart(ulong offset, GuestPhysicalAddress destination, ulong fileLength, ulong memoryLength)
    {
        if (fileLength != 0)
            _actions.TryAdd(new LoadAction(LoadActionKind.CopyImage, offset, destination, fileLength));
        if (memoryLength > fileLength)
            _actions.TryAdd(new LoadAction(LoadActionKind.Zero, 0, new GuestPhysicalAddress(destination.Value + fileLength), memoryLength - fileLength));
    }

    /// <summary>
    /// Places the initrd as high as it goes in RAM from 1 MiB to below <paramref name="limit"/>, on a page. To be called when the image has its place.
    /// </summary>
    internal LoadStatus PlaceInitrd(in LoadRequest request, ulong limit)
    {
        ulong length = request.InitrdLength;
        if (length == 0)
            return LoadStatus.Ok;
        ulong end = Math.Min(limit, request.Memory.LowRamEnd);
        while (length <= end)
        {
            ulong start = Alignment.Down(end - length, Size.Page);
            if (start < GuestMemoryLayout.ExtendedMemoryStart)
                break;
            if (TryFindOverlap(start, length, out Claim claim))
            {
                end = claim.Start;
                continue;
            }
            InitrdAddress = new GuestPhysicalAddress(start);
            _claims.TryAdd(new Claim { Start = start, Length = length });
            _actions.TryAdd(new LoadAction(LoadActionKind.CopyInitrd, 0, InitrdAddress, length));
            return LoadStatus.Ok;
        }
        return LoadStatus.InitrdDoesNotFit;
    }

    /// <summary>Whether the image's memory, and not the boot data, holds this address.</summary>
    internal bool IsInImage(ulong address)
    {
        for (int i = 1; i < _claims.Count; i++)
        {
            if (address >= _claims[i].Start && address - _claims[i].Start < _claims[i].Length)
                return true;
        }
        return false;
    }

    /// <summary>Flat 32-bit segments, no paging.</summary>
    internal void EnterProtected32(ulong rip, ulong rax, ulong rbx, ulong rsi = 0)
    {
        Enter(EntryMode.Protected32, rip, CodeDescriptor32);
        _entry.Rax = rax;
        _entry.Rbx = rbx;
        _entry.Rsi = rsi;
        _entry.Cr0 = (ulong)(Cr0.PE | Cr0.ET);
    }

    /// <summary>Flat segments and an identity map of the first 4 GiB.</summary>
    internal void EnterLong64(ulong rip, ulong rsi)
    {
        Enter(EntryMode.Long64, rip, CodeDescriptor64);
        _entry.Rsi = rsi;
        _entry.Cr0 = (ulong)(Cr0.PE | Cr0.ET | Cr0.PG);
        _entry.Cr3 = BootDataAddress + PageTablesOffset;
        _entry.Cr4 = (ulong)Cr4.PAE;
        _entry.Efer = (ulong)(Efer.LME | Efer.LMA);
        BuildPageTables();
    }

    private void Enter(EntryMode mode, ulong rip, ulong codeDescriptor)
    {
        _entry.Mode = mode;
        _entry.Rip = rip;
        _entry.Rflags = FixedFlags;
        _entry.GdtBase = new GuestPhysicalAddress(BootDataAddress);
        _entry.GdtLimit = GdtLength - 1;
        _entry.Cs = AddSegment(CodeSelector, codeDescriptor);
        _entry.Data = AddSegment(DataSelector, DataDescriptor);
        _entry.Tr = AddSegment(TaskSelector, TaskDescriptor);
    }

    private EntrySegment AddSegment(ushort selector, ulong descriptor)
    {
        WriteEntry(selector, descriptor);
        return new EntrySegment(selector, descriptor);
    }

    private void BuildPageTables()
    {
        const int Page = (int)Size.Page;
        const int PointerTable = PageTablesOffset + Page;
        const int FirstDirectory = PointerTable + Page;
        WriteEntry(PageTablesOffset, (BootDataAddress + PointerTable) | PageTableFlags);
        for (int directory = 0; directory < PageDirectories; directory++)
            WriteEntry(PointerTable + directory * sizeof(ulong), (BootDataAddress + FirstDirectory + (ulong)(directory * Page)) | PageTableFlags);
        for (int page = 0; page < PageDirectories * EntriesPerTable; page++)
            WriteEntry(FirstDirectory + page * sizeof(ulong), ((ulong)page * Size.LargePage) | LargePageFlags);
    }

    private void WriteEntry(int offset, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(new Span<byte>(_bootData, offset, sizeof(ulong)), value);

    private bool TryFindOverlap(ulong start, ulong length, out Claim overlapping)
    {
        foreach (ref readonly Claim claim in _claims.AsSpan())
        {
            if (start < claim.Start + claim.Length && claim.Start < start + length)
            {
                overlapping = claim;
                return true;
            }
        }
        overlapping = default;
        return false;
    }

    /// <summary>A range of guest RAM that is taken; lying in RAM, its end does not wrap.</summary>
    private struct Claim
    {
        public ulong Start;
        public ulong Length;
    }
}
