using System.Runtime.InteropServices;

namespace HyperOS.Specs.X86;

/// <summary>TSS or LDT descriptor in long mode, 16 bytes. AMD APM vol. 2, "System Descriptors".</summary>
[StructLayout(LayoutKind.Explicit, Size = 16)]
public struct SystemSegmentDescriptor
{
    /// <summary>As a legacy descriptor; the type is a <see cref="SystemDescriptorType"/>.</summary>
    [FieldOffset(0x0)] public SegmentDescriptor Low;

    /// <summary>Base, bits 63:32.</summary>
    [FieldOffset(0x8)] public uint BaseUpper;

    /// <summary>Zero.</summary>
    [FieldOffset(0xC)] public uint Reserved;
}
