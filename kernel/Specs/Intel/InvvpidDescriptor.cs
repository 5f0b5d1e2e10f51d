using System.Runtime.InteropServices;

namespace HyperOS.Specs.Intel;

/// <summary>Memory operand of INVVPID, 16 bytes. Intel SDM vol. 3, "INVVPID - Invalidate Translations Based on VPID".</summary>
[StructLayout(LayoutKind.Explicit, Size = 16)]
public struct InvvpidDescriptor
{
    /// <summary>Not zero but for all-context.</summary>
    [FieldOffset(0x0)] public ushort VPID;

    /// <summary>Zero.</summary>
    [FieldOffset(0x2)] public ushort Reserved;

    /// <summary>Zero.</summary>
    [FieldOffset(0x4)] public uint Reserved2;

    /// <summary>Canonical; individual-address only.</summary>
    [FieldOffset(0x8)] public ulong LinearAddress;
}
