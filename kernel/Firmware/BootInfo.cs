using System;
using HyperOS.Core;

namespace HyperOS.Firmware;

/// <summary>A file that the boot loader put into memory.</summary>
public readonly struct BootModule
{
    /// <summary>The first byte.</summary>
    public readonly HostPhysicalAddress Address;

    /// <summary>In bytes.</summary>
    public readonly ulong Length;

    /// <summary>A module as the loader described it.</summary>
    public BootModule(HostPhysicalAddress address, ulong length)
    {
        Address = address;
        Length = length;
    }
}

/// <summary>Memory that the kernel before this one, in a live update, left for this one: not to be given out and not to be cleared.</summary>
public readonly struct PreservedMemory
{
    /// <summary>The first byte.</summary>
    public readonly HostPhysicalAddress Address;

    /// <summary>In bytes.</summary>
    public readonly ulong Length;

    /// <summary>A range of <paramref name="length"/> bytes.</summary>
    public PreservedMemory(HostPhysicalAddress address, ulong length)
    {
        Address = address;
        Length = length;
    }
}

/// <summary>Kinds of framebuffer; the numbers are those of multiboot2's framebuffer_type.</summary>
public enum FramebufferType : byte
{
    /// <summary>Pixels are indices into a palette.</summary>
    IndexedColor = 0,

    /// <summary>Pixels hold red, green and blue.</summary>
    DirectColor = 1,

    /// <summary>Characters with attributes, two bytes each.</summary>
    EgaText = 2,

    /// <summary>There is no framebuffer.</summary>
    None = 0xFF,
}

/// <summary>The framebuffer that the boot loader set up.</summary>
public struct Framebuffer
{
    /// <summary>What the memory holds.</summary>
    public FramebufferType Type;

    /// <summary>The first byte of the first line.</summary>
    public HostPhysicalAddress Address;

    /// <summary>Bytes from one line to the next.</summary>
    public uint Pitch;

    /// <summary>In pixels, in text mode in characters.</summary>
    public uint Width;

    /// <summary>In pixels, in text mode in characters.</summary>
    public uint Height;

    /// <summary>Bits of a pixel.</summary>
    public byte BitsPerPixel;

    /// <summary>Direct colour: the lowest bit of each component in a pixel, and its width in bits.</summary>
    public byte RedPosition, RedSize, GreenPosition, GreenSize, BluePosition, BlueSize;
}

/// <summary>
/// What the boot loader told, in one form for every boot protocol. Everything is copied: nothing here refers to the loader's memory but
/// the modules' contents. Filled once by <see cref="Multiboot2Parser"/> or <see cref="PvhParser"/>.
/// </summary>
public sealed class BootInfo
{
    /// <summary>Longest command line, in bytes.</summary>
    public const int CommandLineCapacity = 1024;

    /// <summary>Most modules.</summary>
    public const int ModuleCapacity = 16;

    /// <summary>Longest module name, in bytes.</summary>
    public const int ModuleNameCapacity = 128;

    /// <summary>Longest boot loader name, in bytes.</summary>
    public const int LoaderNameCapacity = 64;

    /// <summary>Longest RSDP, in bytes: that of ACPI 2.0 and later.</summary>
    public const int RsdpCapacity = Specs.Acpi.RSDP.SizeInBytes;

    /// <summary>Most ranges of preserved memory.</summary>
    public const int PreservedMemoryCapacity = 16;

    private readonly byte[] _commandLine = new byte[CommandLineCapacity];
    private readonly byte[] _loaderName = new byte[LoaderNameCapacity];
    private readonly byte[] _rsdp = new byte[RsdpCapacity];
    private readonly byte[] _moduleNames = new byte[ModuleCapacity * ModuleNameCapacity];
    private readonly int[] _moduleNameLengths = new int[ModuleCapacity];
    private readonly FixedList<BootModule> _modules = new(ModuleCapacity);
    private readonly FixedList<PreservedMemory> _preservedMemory = new(PreservedMemoryCapacity);
    private int _commandLineLength;
    private int _loaderNameLength;
    private int _rsdpLength;
    private Framebuffer _framebuffer;

    /// <summary>Holds nothing until a parser fills it.</summary>
    public BootInfo() => Clear();

    /// <summary>Physical memory, normalized.</summary>
    public MemoryMap MemoryMap { get; } = new();

    /// <summary>Without the terminating zero.</summary>
    public ReadOnlySpan<byte> CommandLine => new(_commandLine, 0, _commandLineLength);

    /// <summary>Empty when the loader did not say.</summary>
    public ReadOnlySpan<byte> LoaderName => new(_loaderName, 0, _loaderNameLength);

    /// <summary>The files that the loader put into memory, in its order.</summary>
    public ReadOnlySpan<BootModule> Modules => _modules.AsSpan();

    /// <summary>Memory to be left alone; empty on a cold start.</summary>
    public ReadOnlySpan<PreservedMemory> PreservedMemory => _preservedMemory.AsSpan();

    /// <summary>Where the RSDP is; null when the loader did not say, or handed over a copy in <see cref="Rsdp"/>.</summary>
    public HostPhysicalAddress RsdpAddress { get; internal set; }

    /// <summary>The loader's copy of the RSDP, 20 or 36 bytes, not yet checked; empty when it gave none.</summary>
    public ReadOnlySpan<byte> Rsdp => new(_rsdp, 0, _rsdpLength);

    /// <summary>Of type <see cref="FramebufferType.None"/> when there is none.</summary>
    public ref readonly Framebuffer Framebuffer => ref _framebuffer;

    /// <summary>The name, or command line, of one of <see cref="Modules"/>.</summary>
    public ReadOnlySpan<byte> ModuleName(int module) => new(_moduleNames, module * ModuleNameCapacity, _moduleNameLengths[module]);

    internal void Clear()
    {
        MemoryMap.Clear();
        _modules.Clear();
        _preservedMemory.Clear();
        _commandLineLength = 0;
        _loaderNameLength = 0;
        _rsdpLength = 0;
        RsdpAddress = default;
        _framebuffer = new Framebuffer { Type = FramebufferType.None };
    }

    internal bool TrySetCommandLine(ReadOnlySpan<byte> text) => TryCopy(text, _commandLine, out _commandLineLength);

    internal bool TrySetLoaderName(ReadOnlySpan<byte> text) => TryCopy(text, _loaderName, out _loaderNameLength);

    /// <summary>A later, longer copy replaces the one of ACPI 1.0.</summary>
    internal void SetRsdp(ReadOnlySpan<byte> structure)
    {
        if (structure.Length > _rsdpLength)
            TryCopy(structure, _rsdp, out _rsdpLength);
    }

    internal void SetFramebuffer(in Framebuffer framebuffer) => _framebuffer = framebuffer;

    internal BootInfoStatus AddModule(HostPhysicalAddress address, ulong length, ReadOnlySpan<byte> name)
    {
        if (!_modules.TryAdd(new BootModule(address, length)))
            return BootInfoStatus.TooManyModules;
        int module = _modules.Count - 1;
        Span<byte> room = new(_moduleNames, module * ModuleNameCapacity, ModuleNameCapacity);
        return TryCopy(name, room, out _moduleNameLengths[module]) ? BootInfoStatus.Ok : BootInfoStatus.ModuleNameTooLong;
    }

    /// <summary>Copies what fits; false when that is not all.</summary>
    private static bool TryCopy(ReadOnlySpan<byte> source, Span<byte> destination, out int length)
    {
        length = Math.Min(source.Length, destination.Length);
        source.Slice(0, length).CopyTo(destination);
        return length == source.Length;
    }
}
