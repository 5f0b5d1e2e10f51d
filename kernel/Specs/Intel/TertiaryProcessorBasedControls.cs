using System;

namespace HyperOS.Specs.Intel;

/// <summary>Intel SDM vol. 3, "Processor-Based VM-Execution Controls".</summary>
[Flags]
public enum TertiaryProcessorBasedControls : ulong
{
    /// <summary>LOADIWKEY exits.</summary>
    LoadiwkeyExiting = 1ul << 0,

    /// <summary>Hypervisor-managed linear-address translation.</summary>
    EnableHlat = 1ul << 1,

    /// <summary>EPT can make a page writable to paging alone.</summary>
    EptPagingWriteControl = 1ul << 2,

    /// <summary>EPT can require that all paging-structure pages are marked.</summary>
    GuestPagingVerification = 1ul << 3,

    /// <summary>IPIs are posted without an exit.</summary>
    IpiVirtualization = 1ul << 4,

    /// <summary>RDMSRLIST and WRMSRLIST do not #UD.</summary>
    EnableMsrListInstructions = 1ul << 6,

    /// <summary>IA32_SPEC_CTRL has mask and shadow.</summary>
    VirtualizeIa32SpecCtrl = 1ul << 7,
}
