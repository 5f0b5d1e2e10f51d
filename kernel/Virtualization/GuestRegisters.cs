using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using HyperOS.Emulation;

namespace HyperOS.Virtualization;

/// <summary>The 16 XMM registers, two 64-bit halves each, low half first.</summary>
[InlineArray(32)]
public struct VectorRegisters
{
    private ulong _first;
}

/// <summary>Guest registers that the world switch moves by hand: Svm/Run.asm and Vmx/Run.asm know these offsets.</summary>
[StructLayout(LayoutKind.Explicit, Size = 400)]
public struct GuestRegisters
{
    /// <summary>By hardware number. RSP is the vendor's to keep; RAX is here while the host runs.</summary>
    [FieldOffset(0)] public GeneralRegisters General;
    [FieldOffset(128)] public VectorRegisters Vectors;
    [FieldOffset(384)] public uint MXCSR;
}
