using HyperOS.Core;

namespace HyperOS.Loaders;

/// <summary>The processor mode in which a guest's boot processor starts.</summary>
public enum EntryMode : byte
{
    /// <summary>Protected mode without paging, 32-bit segments.</summary>
    Protected32,

    /// <summary>64-bit mode with paging.</summary>
    Long64,
}

/// <summary>A segment register with its hidden part, as a descriptor gives it: AMD APM vol. 2, "Legacy Segment Descriptors".</summary>
public readonly struct EntrySegment
{
    private const ulong Granularity = 1ul << 55;

    /// <summary>Offset of the descriptor in the GDT.</summary>
    public readonly ushort Selector;

    /// <summary>Type 3:0, S 4, DPL 6:5, P 7.</summary>
    public readonly byte Access;

    /// <summary>AVL 0, L 1, D/B 2, G 3.</summary>
    public readonly byte Flags;

    /// <summary>In bytes, with the granularity applied: the last valid offset.</summary>
    public readonly uint Limit;

    /// <summary>The segment's first address.</summary>
    public readonly ulong Base;

    internal EntrySegment(ushort selector, ulong descriptor)
    {
        Selector = selector;
        Access = (byte)(descriptor >> 40 & 0xFF);
        Flags = (byte)(descriptor >> 52 & 0xF);
        uint limit = (uint)(descriptor & 0xFFFF | descriptor >> 32 & 0xF0000);
        Limit = (descriptor & Granularity) != 0 ? limit << 12 | 0xFFF : limit;
        Base = descriptor >> 16 & 0xFFFFFF | descriptor >> 32 & 0xFF000000;
    }
}

/// <summary>
/// The registers of the boot processor at a guest's entry. What is not listed is as after a reset; interrupts are off, the IDT is empty.
/// </summary>
public struct EntryState
{
    /// <summary>The mode; the control registers agree with it.</summary>
    public EntryMode Mode;

    /// <summary>Where to start.</summary>
    public ulong Rip;

    /// <summary>As the boot protocol demands, else 0.</summary>
    public ulong Rax;

    /// <summary>As the boot protocol demands, else 0.</summary>
    public ulong Rbx;

    /// <summary>As the boot protocol demands, else 0.</summary>
    public ulong Rsi;

    /// <summary>Interrupts off.</summary>
    public ulong Rflags;

    /// <summary>Protection, and paging in 64-bit mode.</summary>
    public ulong Cr0;

    /// <summary>The top page table; 0 without paging.</summary>
    public ulong Cr3;

    /// <summary>Physical address extension in 64-bit mode, else 0.</summary>
    public ulong Cr4;

    /// <summary>Long mode enabled and active, or 0.</summary>
    public ulong Efer;

    /// <summary>The GDT lies in guest memory, where <see cref="Cs"/> and <see cref="Data"/> have their descriptors.</summary>
    public GuestPhysicalAddress GdtBase;

    /// <summary>The last valid offset in the GDT.</summary>
    public ushort GdtLimit;

    /// <summary>What CS holds.</summary>
    public EntrySegment Cs;

    /// <summary>What DS, ES, FS, GS and SS hold.</summary>
    public EntrySegment Data;

    /// <summary>The task register: a busy TSS at address 0.</summary>
    public EntrySegment Tr;
}
