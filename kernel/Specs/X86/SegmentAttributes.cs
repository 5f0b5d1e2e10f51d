using System;

namespace HyperOS.Specs.X86;

/// <summary>
/// Descriptor bits 55:52 and 47:40 side by side; the type is in bits 3:0. AMD APM vol. 2, "Segment State in the VMCB"; the VMCS's access rights
/// have the upper four bits four places higher.
/// </summary>
[Flags]
public enum SegmentAttributes : ushort
{
    /// <summary>Of the type: accessed (code, data).</summary>
    Accessed = 0x001,

    /// <summary>Of the type: readable (code), writable (data).</summary>
    ReadWrite = 0x002,

    /// <summary>Of the type: conforming (code), expand-down (data).</summary>
    ConformingDown = 0x004,

    /// <summary>Of the type: executable.</summary>
    Code = 0x008,

    /// <summary>Mask of the type.</summary>
    Type = 0x00F,

    /// <summary>A code or data segment, not a system segment.</summary>
    S = 0x010,

    /// <summary>Mask of the descriptor privilege level.</summary>
    DPL = 0x060,

    /// <summary>Present.</summary>
    P = 0x080,

    /// <summary>Free for software.</summary>
    AVL = 0x100,

    /// <summary>64-bit code.</summary>
    L = 0x200,

    /// <summary>D of code, B of data: 32-bit default size.</summary>
    DB = 0x400,

    /// <summary>The limit counts pages.</summary>
    G = 0x800,
}
