using System;

namespace HyperOS.Specs.Intel;

/// <summary>
/// Bits of EPT paging-structure entries. An entry with neither of read, write, execute is not present. Intel SDM vol. 3, "The Extended Page
/// Table Mechanism (EPT)".
/// </summary>
[Flags]
public enum EptEntry : ulong
{
    /// <summary>Reads are allowed.</summary>
    Read = 1ul << 0,

    /// <summary>Writes are allowed.</summary>
    Write = 1ul << 1,

    /// <summary>Instruction fetches are allowed; with mode-based execute control, of supervisor-mode addresses.</summary>
    Execute = 1ul << 2,

    /// <summary>Mask of the memory type; leaves only.</summary>
    MemoryTypeMask = 0x7ul << 3,

    /// <summary>The guest's PAT does not count; leaves only.</summary>
    IgnorePat = 1ul << 6,

    /// <summary>Maps a page: 1 GiB in a PDPTE, 2 MiB in a PDE; ignored in a PTE.</summary>
    Leaf = 1ul << 7,

    /// <summary>Where EPTP turned the flags on.</summary>
    Accessed = 1ul << 8,

    /// <summary>Where EPTP turned the flags on; leaves only.</summary>
    Dirty = 1ul << 9,

    /// <summary>With mode-based execute control: fetches of user-mode addresses.</summary>
    UserExecute = 1ul << 10,

    /// <summary>With guest-paging verification; leaves only.</summary>
    VerifyGuestPaging = 1ul << 57,

    /// <summary>With EPT paging-write control; leaves only.</summary>
    PagingWrite = 1ul << 58,

    /// <summary>With supervisor shadow-stack control; leaves only.</summary>
    SupervisorShadowStack = 1ul << 60,

    /// <summary>With sub-page write permissions; 4 KiB leaves only.</summary>
    SubPageWrite = 1ul << 61,

    /// <summary>Violations are not #VE.</summary>
    SuppressVe = 1ul << 63,

    /// <summary>Physical address bits of any entry.</summary>
    AddressMask = 0x000FFFFFFFFFF000,
}
