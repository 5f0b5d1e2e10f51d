using System.Runtime.InteropServices;

namespace HyperOS.Specs.Intel;

/// <summary>Entry of the MSR-store and MSR-load areas, 16 bytes. Intel SDM vol. 3, "VM-Exit Controls for MSRs".</summary>
[StructLayout(LayoutKind.Explicit, Size = 16)]
public struct MsrEntry
{
    /// <summary>MSR number.</summary>
    [FieldOffset(0x0)] public uint Index;

    /// <summary>Zero.</summary>
    [FieldOffset(0x4)] public uint Reserved;

    /// <summary>Its value.</summary>
    [FieldOffset(0x8)] public ulong Data;
}
