using System;

namespace HyperOS.Specs.Amd;

/// <summary>The quadword at VMCB offset 0B8h. AMD APM vol. 2, appendix "Layout of VMCB".</summary>
[Flags]
public enum VirtualizationControl : ulong
{
    /// <summary>VMRUN and #VMEXIT swap the last-branch registers and DEBUGCTL.</summary>
    LBR_VIRTUALIZATION_ENABLE = 1ul << 0,

    /// <summary>VMSAVE and VMLOAD run in the guest without an exit.</summary>
    VIRTUALIZED_VMSAVE_VMLOAD = 1ul << 1,

    /// <summary>IBS virtualization.</summary>
    IBS_VIRTUALIZATION_ENABLE = 1ul << 2,

    /// <summary>Performance counter virtualization.</summary>
    PMC_VIRTUALIZATION_ENABLE = 1ul << 3,
}
