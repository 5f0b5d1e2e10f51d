using System.Runtime.InteropServices;

namespace HyperOS.Specs.X86;

/// <summary>Code or data segment descriptor, 8 bytes. AMD APM vol. 2, "Legacy Segment Descriptors".</summary>
[StructLayout(LayoutKind.Explicit, Size = 8)]
public struct SegmentDescriptor
{
    /// <summary>Limit, bits 15:0.</summary>
    [FieldOffset(0x0)] public ushort LimitLow;

    /// <summary>Base, bits 15:0.</summary>
    [FieldOffset(0x2)] public ushort BaseLow;

    /// <summary>Base, bits 23:16.</summary>
    [FieldOffset(0x4)] public byte BaseMiddle;

    /// <summary>Type 3:0, S 4, DPL 6:5, P 7.</summary>
    [FieldOffset(0x5)] public byte Access;

    /// <summary>Limit bits 19:16 in 3:0, AVL 4, L 5, D/B 6, G 7.</summary>
    [FieldOffset(0x6)] public byte LimitHighAndFlags;

    /// <summary>Base, bits 31:24.</summary>
    [FieldOffset(0x7)] public byte BaseHigh;
}
