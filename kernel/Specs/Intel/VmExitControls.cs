using System;

namespace HyperOS.Specs.Intel;

/// <summary>Intel SDM vol. 3, "VM-Exit Controls": the primary ones.</summary>
[Flags]
public enum VmExitControls : uint
{
    /// <summary>DR7 and IA32_DEBUGCTL are saved.</summary>
    SaveDebugControls = 1u << 2,

    /// <summary>The host is in 64-bit mode.</summary>
    HostAddressSpaceSize = 1u << 9,

    /// <summary>IA32_PERF_GLOBAL_CTRL is loaded.</summary>
    LoadIa32PerfGlobalCtrl = 1u << 12,

    /// <summary>An external interrupt that exits is acknowledged; its vector is reported.</summary>
    AcknowledgeInterruptOnExit = 1u << 15,

    /// <summary>IA32_PAT is saved.</summary>
    SaveIa32Pat = 1u << 18,

    /// <summary>IA32_PAT is loaded.</summary>
    LoadIa32Pat = 1u << 19,

    /// <summary>IA32_EFER is saved.</summary>
    SaveIa32Efer = 1u << 20,

    /// <summary>IA32_EFER is loaded.</summary>
    LoadIa32Efer = 1u << 21,

    /// <summary>What is left of the preemption timer is saved.</summary>
    SaveVmxPreemptionTimerValue = 1u << 22,

    /// <summary>IA32_BNDCFGS is cleared.</summary>
    ClearIa32Bndcfgs = 1u << 23,

    /// <summary>Processor Trace does not show the exit.</summary>
    ConcealVmxFromPt = 1u << 24,

    /// <summary>IA32_RTIT_CTL is cleared.</summary>
    ClearIa32RtitCtl = 1u << 25,

    /// <summary>IA32_LBR_CTL is cleared.</summary>
    ClearIa32LbrCtl = 1u << 26,

    /// <summary>UINV is cleared.</summary>
    ClearUinv = 1u << 27,

    /// <summary>CET state is loaded.</summary>
    LoadCetState = 1u << 28,

    /// <summary>IA32_PKRS is loaded.</summary>
    LoadPkrs = 1u << 29,

    /// <summary>IA32_PERF_GLOBAL_CTRL is saved.</summary>
    SaveIa32PerfGlobalCtrl = 1u << 30,

    /// <summary>The secondary VM-exit controls count.</summary>
    ActivateSecondaryControls = 1u << 31,
}
