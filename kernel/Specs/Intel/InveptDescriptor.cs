using System.Runtime.InteropServices;

namespace HyperOS.Specs.Intel;

/// <summary>Memory operand of INVEPT, 16 bytes. Intel SDM vol. 3, "INVEPT - Invalidate Translations Derived from EPT".</summary>
[StructLayout(LayoutKind.Explicit, Size = 16)]
public struct InveptDescriptor
{
    /// <summary>EPT pointer; single-context only.</summary>
    [FieldOffset(0x0)] public ulong EPTP;

    /// <summary>Zero.</summary>
    [FieldOffset(0x8)] public ulong Reserved;
}
