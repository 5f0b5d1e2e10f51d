using System;

namespace HyperOS.Specs.Intel;

/// <summary>IA32_VMX_MISC. Intel SDM vol. 3, appendix "Miscellaneous Data".</summary>
[Flags]
public enum VmxMisc : ulong
{
    /// <summary>The preemption timer counts down when this bit of the TSC changes.</summary>
    PreemptionTimerShiftMask = 0x1F,

    /// <summary>Exits store EFER.LMA into the IA-32e mode guest control.</summary>
    StoresLma = 1ul << 5,

    /// <summary>Activity state HLT.</summary>
    ActivityHlt = 1ul << 6,

    /// <summary>Activity state shutdown.</summary>
    ActivityShutdown = 1ul << 7,

    /// <summary>Activity state wait-for-SIPI.</summary>
    ActivityWaitForSipi = 1ul << 8,

    /// <summary>Processor Trace in VMX operation.</summary>
    ProcessorTrace = 1ul << 14,

    /// <summary>IA32_SMBASE can be read in SMM.</summary>
    SmbaseReadableInSmm = 1ul << 15,

    /// <summary>Mask of the number of CR3-target values.</summary>
    Cr3TargetCountMask = 0x1FFul << 16,

    /// <summary>Mask of n: MSR lists have at most 512 x (n + 1) entries.</summary>
    MaxMsrListMask = 0x7ul << 25,

    /// <summary>IA32_SMM_MONITOR_CTL bit 2 may be 1.</summary>
    SmmMonitorControl = 1ul << 28,

    /// <summary>VMWRITE may write exit information.</summary>
    VmwriteReadOnly = 1ul << 29,

    /// <summary>Software events may be injected with instruction length 0.</summary>
    ZeroLengthInjection = 1ul << 30,

    /// <summary>Mask of the MSEG revision identifier.</summary>
    MsegRevisionMask = 0xFFFFFFFFul << 32,
}
