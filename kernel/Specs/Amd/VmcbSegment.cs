using System.Runtime.InteropServices;

namespace HyperOS.Specs.Amd;

/// <summary>A segment register in the VMCB. AMD APM vol. 2, "Segment State in the VMCB".</summary>
[StructLayout(LayoutKind.Explicit, Size = 16)]
public struct VmcbSegment
{
    /// <summary>The visible selector.</summary>
    [FieldOffset(0x0)] public ushort Selector;

    /// <summary>Bits 55:52 and 47:40 of the descriptor, side by side.</summary>
    [FieldOffset(0x2)] public VmcbSegmentAttributes Attributes;

    /// <summary>In bytes, already scaled by G.</summary>
    [FieldOffset(0x4)] public uint Limit;

    /// <summary>64 bits for FS, GS, TR, LDTR, GDTR and IDTR, else 32.</summary>
    [FieldOffset(0x8)] public ulong Base;
}
