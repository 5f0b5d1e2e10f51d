using System;

namespace HyperOS.Specs.X86;

/// <summary>Bits of a paging-structure entry. Intel SDM vol. 3, "4-Level Paging and 5-Level Paging"; nested tables use the same (AMD APM vol. 2, "Nested Paging").</summary>
[Flags]
public enum PageTableEntry : ulong
{
    Present = 1 << 0,
    Writable = 1 << 1,
    User = 1 << 2,
    WriteThrough = 1 << 3,
    CacheDisable = 1 << 4,
    Accessed = 1 << 5,
    Dirty = 1 << 6,
    PageSize = 1 << 7,
    Global = 1 << 8,
    NoExecute = 1ul << 63,

    /// <summary>Physical address bits of any entry.</summary>
    AddressMask = 0x000FFFFFFFFFF000,
}
