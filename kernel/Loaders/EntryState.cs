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

    public readonly ushort Selector;

    /// <summary>Type 3:0, S 4, DPL 6:5, P 7.</summary>
    public readonly byte Access;

    /// <summary>AVL 0, L 1, D/B 2, G 3.</summary>
    public readonly byte Flags;

    /// <summary>In bytes, with the granularity applied: the last valid offset.</summary>
    public readonly uint Limit;

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
    public EntryMode Mode;
    public ulong Rip;
    public ulong Rax;
    public ulong Rbx;
    public ulong Rsi;
    public ulong Rflags;
    public ulong Cr0;
    public ulong Cr3;
    public ulong Cr4;
    public ulong Efer;

    /// <summary>The GDT lies in guest memory, where <see cref="Cs"/> and <see cref="Data"/> have their descriptors.</summary>
    public GuestPhysicalAddress GdtBase;

    public ushort GdtLimit;
    public EntrySegment Cs;

    /// <summary>What DS, ES, FS, GS and SS hold.</summary>
    public EntrySegment Data;

    /// <summary>The task register: a busy TSS at address 0.</summary>
    public EntrySegment Tr;
}
