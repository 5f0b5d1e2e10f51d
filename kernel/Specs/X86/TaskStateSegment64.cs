using System.Runtime.InteropServices;

namespace HyperOS.Specs.X86;

/// <summary>64-bit task state segment. AMD APM vol. 2, "64-Bit Task State Segment".</summary>
[StructLayout(LayoutKind.Explicit, Size = 0x68, Pack = 1)]
public struct TaskStateSegment64
{
    /// <summary>Stack for CPL 0.</summary>
    [FieldOffset(0x04)] public ulong RSP0;

    /// <summary>Stack for CPL 1.</summary>
    [FieldOffset(0x0C)] public ulong RSP1;

    /// <summary>Stack for CPL 2.</summary>
    [FieldOffset(0x14)] public ulong RSP2;

    /// <summary>Interrupt stack 1.</summary>
    [FieldOffset(0x24)] public ulong IST1;

    /// <summary>Interrupt stack 2.</summary>
    [FieldOffset(0x2C)] public ulong IST2;

    /// <summary>Interrupt stack 3.</summary>
    [FieldOffset(0x34)] public ulong IST3;

    /// <summary>Interrupt stack 4.</summary>
    [FieldOffset(0x3C)] public ulong IST4;

    /// <summary>Interrupt stack 5.</summary>
    [FieldOffset(0x44)] public ulong IST5;

    /// <summary>Interrupt stack 6.</summary>
    [FieldOffset(0x4C)] public ulong IST6;

    /// <summary>Interrupt stack 7.</summary>
    [FieldOffset(0x54)] public ulong IST7;

    /// <summary>Offset of the I/O permission map; at or past the limit: none.</summary>
    [FieldOffset(0x66)] public ushort IoMapBase;
}
