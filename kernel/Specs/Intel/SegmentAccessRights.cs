using System;

namespace HyperOS.Specs.Intel;

/// <summary>Access rights of guest segments; the type is in bits 3:0. Intel SDM vol. 3, "Guest Register State".</summary>
[Flags]
public enum SegmentAccessRights : uint
{
    /// <summary>Of the type: accessed (code, data).</summary>
    Accessed = 0x00001,

    /// <summary>Of the type: readable (code), writable (data).</summary>
    ReadWrite = 0x00002,

    /// <summary>Of the type: conforming (code), expand-down (data).</summary>
    ConformingDown = 0x00004,

    /// <summary>Of the type: executable.</summary>
    Code = 0x00008,

    /// <summary>Mask of the type.</summary>
    Type = 0x0000F,

    /// <summary>A code or data segment, not a system segment.</summary>
    S = 0x00010,

    /// <summary>Mask of the descriptor privilege level.</summary>
    DPL = 0x00060,

    /// <summary>Present.</summary>
    P = 0x00080,

    /// <summary>Free for software.</summary>
    AVL = 0x01000,

    /// <summary>64-bit code.</summary>
    L = 0x02000,

    /// <summary>D of code, B of data: 32-bit default size.</summary>
    DB = 0x04000,

    /// <summary>The limit counts pages.</summary>
    G = 0x08000,

    /// <summary>Loaded with a null selector.</summary>
    Unusable = 0x10000,

    /// <summary>Zero.</summary>
    Reserved = 0xFFFE0F00,
}
