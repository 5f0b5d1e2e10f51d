using System;

namespace HyperOS.Specs.Intel;

/// <summary>Intel SDM vol. 3, "Processor-Based VM-Execution Controls".</summary>
[Flags]
public enum PrimaryProcessorBasedControls : uint
{
    /// <summary>Exit when RFLAGS.IF is 1 and nothing blocks interrupts.</summary>
    InterruptWindowExiting = 1u << 2,

    /// <summary>RDTSC, RDTSCP and RDMSR of the TSC add the TSC offset.</summary>
    UseTscOffsetting = 1u << 3,

    /// <summary>HLT exits.</summary>
    HltExiting = 1u << 7,

    /// <summary>INVLPG exits.</summary>
    InvlpgExiting = 1u << 9,

    /// <summary>MWAIT exits.</summary>
    MwaitExiting = 1u << 10,

    /// <summary>RDPMC exits.</summary>
    RdpmcExiting = 1u << 11,

    /// <summary>RDTSC and RDTSCP exit.</summary>
    RdtscExiting = 1u << 12,

    /// <summary>MOV to CR3 exits.</summary>
    Cr3LoadExiting = 1u << 15,

    /// <summary>MOV from CR3 exits.</summary>
    Cr3StoreExiting = 1u << 16,

    /// <summary>The tertiary controls count.</summary>
    ActivateTertiaryControls = 1u << 17,

    /// <summary>MOV to CR8 exits.</summary>
    Cr8LoadExiting = 1u << 19,

    /// <summary>MOV from CR8 exits.</summary>
    Cr8StoreExiting = 1u << 20,

    /// <summary>CR8 is the virtual-APIC page's VTPR.</summary>
    UseTprShadow = 1u << 21,

    /// <summary>Exit when nothing blocks virtual NMIs. Needs virtual NMIs.</summary>
    NmiWindowExiting = 1u << 22,

    /// <summary>MOV DR exits.</summary>
    MovDrExiting = 1u << 23,

    /// <summary>I/O exits, where the bitmaps are not in use.</summary>
    UnconditionalIoExiting = 1u << 24,

    /// <summary>The I/O bitmaps decide.</summary>
    UseIoBitmaps = 1u << 25,

    /// <summary>Exit after one instruction.</summary>
    MonitorTrapFlag = 1u << 27,

    /// <summary>The MSR bitmaps decide; else all RDMSR and WRMSR exit.</summary>
    UseMsrBitmaps = 1u << 28,

    /// <summary>MONITOR exits.</summary>
    MonitorExiting = 1u << 29,

    /// <summary>PAUSE exits.</summary>
    PauseExiting = 1u << 30,

    /// <summary>The secondary controls count.</summary>
    ActivateSecondaryControls = 1u << 31,
}
