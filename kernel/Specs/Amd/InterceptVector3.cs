using System;

namespace HyperOS.Specs.Amd;

/// <summary>Instruction and event intercepts at VMCB offset 00Ch. AMD APM vol. 2, appendix "Layout of VMCB".</summary>
[Flags]
public enum InterceptVector3 : uint
{
    /// <summary>Physical maskable interrupts.</summary>
    INTERCEPT_INTR = 1u << 0,

    /// <summary>Physical non-maskable interrupts.</summary>
    INTERCEPT_NMI = 1u << 1,

    /// <summary>System management interrupts.</summary>
    INTERCEPT_SMI = 1u << 2,

    /// <summary>Physical INIT.</summary>
    INTERCEPT_INIT = 1u << 3,

    /// <summary>The virtual interrupt becoming deliverable (interrupt window).</summary>
    INTERCEPT_VINTR = 1u << 4,

    /// <summary>CR0 writes that change bits other than TS and MP.</summary>
    INTERCEPT_CR0_SEL_WRITE = 1u << 5,

    /// <summary>SIDT.</summary>
    INTERCEPT_IDTR_READ = 1u << 6,

    /// <summary>SGDT.</summary>
    INTERCEPT_GDTR_READ = 1u << 7,

    /// <summary>SLDT.</summary>
    INTERCEPT_LDTR_READ = 1u << 8,

    /// <summary>STR.</summary>
    INTERCEPT_TR_READ = 1u << 9,

    /// <summary>LIDT.</summary>
    INTERCEPT_IDTR_WRITE = 1u << 10,

    /// <summary>LGDT.</summary>
    INTERCEPT_GDTR_WRITE = 1u << 11,

    /// <summary>LLDT.</summary>
    INTERCEPT_LDTR_WRITE = 1u << 12,

    /// <summary>LTR.</summary>
    INTERCEPT_TR_WRITE = 1u << 13,

    /// <summary>RDTSC.</summary>
    INTERCEPT_RDTSC = 1u << 14,

    /// <summary>RDPMC.</summary>
    INTERCEPT_RDPMC = 1u << 15,

    /// <summary>PUSHF.</summary>
    INTERCEPT_PUSHF = 1u << 16,

    /// <summary>POPF.</summary>
    INTERCEPT_POPF = 1u << 17,

    /// <summary>CPUID.</summary>
    INTERCEPT_CPUID = 1u << 18,

    /// <summary>RSM.</summary>
    INTERCEPT_RSM = 1u << 19,

    /// <summary>IRET.</summary>
    INTERCEPT_IRET = 1u << 20,

    /// <summary>INT n.</summary>
    INTERCEPT_INTn = 1u << 21,

    /// <summary>INVD.</summary>
    INTERCEPT_INVD = 1u << 22,

    /// <summary>PAUSE, see the pause filter.</summary>
    INTERCEPT_PAUSE = 1u << 23,

    /// <summary>HLT.</summary>
    INTERCEPT_HLT = 1u << 24,

    /// <summary>INVLPG.</summary>
    INTERCEPT_INVLPG = 1u << 25,

    /// <summary>INVLPGA.</summary>
    INTERCEPT_INVLPGA = 1u << 26,

    /// <summary>IN and OUT whose bit is set in the I/O permission map.</summary>
    INTERCEPT_IOIO_PROT = 1u << 27,

    /// <summary>RDMSR and WRMSR whose bit is set in the MSR permission map.</summary>
    INTERCEPT_MSR_PROT = 1u << 28,

    /// <summary>Task switches.</summary>
    INTERCEPT_TASK_SWITCH = 1u << 29,

    /// <summary>Processor freezes on legacy FERR handling.</summary>
    INTERCEPT_FERR_FREEZE = 1u << 30,

    /// <summary>Shutdown events (triple fault).</summary>
    INTERCEPT_SHUTDOWN = 1u << 31,
}
