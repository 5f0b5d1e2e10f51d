using HyperOS.Core;

namespace HyperOS.Devices;

/// <summary>
/// The addresses that a guest's PCI bus has: what the ACPI tables tell and where functions are placed at start. All 32-bit ones lie in the
/// hole that RAM leaves between 3 and 4 GiB.
/// </summary>
public static class PciWindows
{
    /// <summary>Memory for base address registers of 32 bits, and for those of 64 while there is room.</summary>
    public const uint MemoryStart = 0xC000_0000;

    /// <summary>Last address of that memory.</summary>
    public const uint MemoryLast = 0xDFFF_FFFF;

    /// <summary>Where configuration space is memory (ECAM). There is bus 0 alone; up to F000_0000h there is room for all 256.</summary>
    public const uint ConfigurationStart = 0xE000_0000;

    /// <summary>Bytes of configuration space: 4 KiB for each function of bus 0.</summary>
    public const uint ConfigurationLength = 0x10_0000;

    /// <summary>I/O ports that functions are placed at; the guest may use all from <see cref="UpperPortsStart"/> on, and those below 0CF8h.</summary>
    public const ushort PortStart = 0xC000;

    /// <summary>I/O ports behind those of configuration mechanism #1.</summary>
    public const ushort UpperPortsStart = 0x0D00;

    /// <summary>Bytes of the memory above RAM, and what its start is a multiple of: with it 31 GiB of RAM fit 36 address bits.</summary>
    public const ulong HighMemoryLength = 32 * Size.GiB;

    /// <summary>Where the memory above RAM begins.</summary>
    /// <param name="highRamBytes">RAM from 4 GiB on, in bytes.</param>
    public static ulong HighMemoryStart(ulong highRamBytes) => Alignment.Up(4 * Size.GiB + highRamBytes, HighMemoryLength);
}
