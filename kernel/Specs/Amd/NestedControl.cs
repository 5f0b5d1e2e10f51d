using System;

namespace HyperOS.Specs.Amd;

/// <summary>The quadword at VMCB offset 090h. AMD APM vol. 2, appendix "Layout of VMCB".</summary>
[Flags]
public enum NestedControl : ulong
{
    /// <summary>Nested paging.</summary>
    NP_ENABLE = 1ul << 0,

    /// <summary>Secure encrypted virtualization.</summary>
    SEV_ENABLE = 1ul << 1,

    /// <summary>Encrypted state.</summary>
    SEV_ES_ENABLE = 1ul << 2,

    /// <summary>Guest mode execute trap.</summary>
    GMET_ENABLE = 1ul << 3,

    /// <summary>Supervisor shadow stack check.</summary>
    SSS_CHECK_ENABLE = 1ul << 4,

    /// <summary>Virtual transparent encryption.</summary>
    VTE_ENABLE = 1ul << 5,

    /// <summary>Read-only guest page tables.</summary>
    ROGPT_ENABLE = 1ul << 6,

    /// <summary>INVLPGB and TLBSYNC in the guest.</summary>
    INVLPGB_TLBSYNC_ENABLE = 1ul << 7,
}
