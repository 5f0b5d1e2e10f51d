using System.Runtime.InteropServices;

namespace HyperOS.Specs.X86;

/// <summary>Interrupt or trap gate in long mode, 16 bytes. AMD APM vol. 2, "Gate Descriptors".</summary>
[StructLayout(LayoutKind.Explicit, Size = 16)]
public struct GateDescriptor
{
    /// <summary>Offset, bits 15:0.</summary>
    [FieldOffset(0x0)] public ushort OffsetLow;

    /// <summary>Target code segment.</summary>
    [FieldOffset(0x2)] public ushort Selector;

    /// <summary>Interrupt stack table index in bits 2:0; 0: none.</summary>
    [FieldOffset(0x4)] public byte Ist;

    /// <summary>Type 3:0 (<see cref="SystemDescriptorType"/>), DPL 6:5, P 7.</summary>
    [FieldOffset(0x5)] public byte Access;

    /// <summary>Offset, bits 31:16.</summary>
    [FieldOffset(0x6)] public ushort OffsetMiddle;

    /// <summary>Offset, bits 63:32.</summary>
    [FieldOffset(0x8)] public uint OffsetHigh;

    /// <summary>Zero.</summary>
    [FieldOffset(0xC)] public uint Reserved;
}
