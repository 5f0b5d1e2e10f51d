using System.Runtime.InteropServices;

namespace HyperOS.Specs.X86;

/// <summary>Operand of LGDT and LIDT in 64-bit mode. AMD APM vol. 2, "Global Descriptor-Table Register".</summary>
[StructLayout(LayoutKind.Explicit, Size = 10, Pack = 1)]
public struct DescriptorTablePointer
{
    /// <summary>Size of the table less one, in bytes.</summary>
    [FieldOffset(0x0)] public ushort Limit;

    /// <summary>Linear address of the table.</summary>
    [FieldOffset(0x2)] public ulong Base;
}
