using System.Runtime.InteropServices;

namespace HyperOS.Specs.X86;

/// <summary>
/// A segment register with its hidden part, as the processor holds it. The layout is the VMCB's (AMD APM vol. 2, "Segment State in the VMCB");
/// the VMCS has the same in four fields (Intel SDM vol. 3, "Guest Register State"). One that is unusable lacks <see cref="SegmentAttributes.P"/>.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = 16)]
public struct SegmentState
{
    /// <summary>The visible selector.</summary>
    [FieldOffset(0x0)] public ushort Selector;

    /// <summary>Bits 55:52 and 47:40 of the descriptor, side by side.</summary>
    [FieldOffset(0x2)] public SegmentAttributes Attributes;

    /// <summary>In bytes, already scaled by G.</summary>
    [FieldOffset(0x4)] public uint Limit;

    /// <summary>64 bits for FS, GS, TR, LDTR, GDTR and IDTR, else 32.</summary>
    [FieldOffset(0x8)] public ulong Base;
}
