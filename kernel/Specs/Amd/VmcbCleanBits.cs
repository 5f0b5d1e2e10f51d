using System;

namespace HyperOS.Specs.Amd;

/// <summary>
/// VMCB clean bits at offset 0C0h: a set bit promises that the group has not changed since the last #VMEXIT. AMD APM vol. 2, "VMCB State Caching".
/// </summary>
[Flags]
public enum VmcbCleanBits : uint
{
    /// <summary>Intercepts, TSC offset, pause filter.</summary>
    I = 1u << 0,

    /// <summary>IOPM_BASE_PA and MSRPM_BASE_PA.</summary>
    IOPM = 1u << 1,

    /// <summary>Guest ASID.</summary>
    ASID = 1u << 2,

    /// <summary>V_TPR, V_IRQ, V_INTR_PRIO, V_IGN_TPR, V_INTR_MASKING, V_INTR_VECTOR.</summary>
    TPR = 1u << 3,

    /// <summary>N_CR3, G_PAT, NP_ENABLE.</summary>
    NP = 1u << 4,

    /// <summary>CR0, CR3, CR4, EFER.</summary>
    CRx = 1u << 5,

    /// <summary>DR6, DR7.</summary>
    DRx = 1u << 6,

    /// <summary>GDTR, IDTR.</summary>
    DT = 1u << 7,

    /// <summary>CS, DS, SS, ES, CPL.</summary>
    SEG = 1u << 8,

    /// <summary>CR2.</summary>
    CR2 = 1u << 9,

    /// <summary>DBGCTL and the last-branch registers.</summary>
    LBR = 1u << 10,

    /// <summary>AVIC_APIC_BAR, the backing page and the table pointers.</summary>
    AVIC = 1u << 11,

    /// <summary>S_CET, SSP, ISST_ADDR.</summary>
    CET = 1u << 12,
}
