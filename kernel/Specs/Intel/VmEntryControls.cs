using System;

namespace HyperOS.Specs.Intel;

/// <summary>Intel SDM vol. 3, "VM-Entry Controls".</summary>
[Flags]
public enum VmEntryControls : uint
{
    /// <summary>DR7 and IA32_DEBUGCTL are loaded.</summary>
    LoadDebugControls = 1u << 2,

    /// <summary>The guest is in IA-32e mode (EFER.LMA).</summary>
    Ia32eModeGuest = 1u << 9,

    /// <summary>The guest is in SMM.</summary>
    EntryToSmm = 1u << 10,

    /// <summary>Back to default treatment of SMM.</summary>
    DeactivateDualMonitorTreatment = 1u << 11,

    /// <summary>IA32_PERF_GLOBAL_CTRL is loaded.</summary>
    LoadIa32PerfGlobalCtrl = 1u << 13,

    /// <summary>IA32_PAT is loaded.</summary>
    LoadIa32Pat = 1u << 14,

    /// <summary>IA32_EFER is loaded.</summary>
    LoadIa32Efer = 1u << 15,

    /// <summary>IA32_BNDCFGS is loaded.</summary>
    LoadIa32Bndcfgs = 1u << 16,

    /// <summary>Processor Trace does not show the entry.</summary>
    ConcealVmxFromPt = 1u << 17,

    /// <summary>IA32_RTIT_CTL is loaded.</summary>
    LoadIa32RtitCtl = 1u << 18,

    /// <summary>UINV is loaded.</summary>
    LoadUinv = 1u << 19,

    /// <summary>CET state is loaded.</summary>
    LoadCetState = 1u << 20,

    /// <summary>IA32_LBR_CTL is loaded.</summary>
    LoadGuestIa32LbrCtl = 1u << 21,

    /// <summary>IA32_PKRS is loaded.</summary>
    LoadPkrs = 1u << 22,

    /// <summary>FRED state is loaded.</summary>
    LoadFredState = 1u << 23,
}
