using System.Runtime.InteropServices;

namespace HyperOS.Specs.Amd;

/// <summary>Virtual machine control block: one page, aligned to a page. AMD APM vol. 2, "VMRUN Instruction".</summary>
[StructLayout(LayoutKind.Explicit, Size = VmcbGeometry.Size)]
public struct Vmcb
{
    /// <summary>Control area.</summary>
    [FieldOffset(0x000)] public VmcbControlArea Control;

    /// <summary>State save area.</summary>
    [FieldOffset(0x400)] public VmcbStateSaveArea Save;
}
