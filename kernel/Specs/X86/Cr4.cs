using System;

namespace HyperOS.Specs.X86;

/// <summary>Control register 4. AMD APM vol. 2, "CR4 Register"; Intel SDM vol. 3A, "Control Registers".</summary>
[Flags]
public enum Cr4 : ulong
{
    /// <summary>Virtual-8086 extensions.</summary>
    VME = 1ul << 0,

    /// <summary>Protected-mode virtual interrupts.</summary>
    PVI = 1ul << 1,

    /// <summary>RDTSC is privileged.</summary>
    TSD = 1ul << 2,

    /// <summary>DR4 and DR5 are #UD; I/O breakpoints.</summary>
    DE = 1ul << 3,

    /// <summary>Large pages in 32-bit paging.</summary>
    PSE = 1ul << 4,

    /// <summary>Physical address extension.</summary>
    PAE = 1ul << 5,

    /// <summary>Machine check exceptions.</summary>
    MCE = 1ul << 6,

    /// <summary>Global pages.</summary>
    PGE = 1ul << 7,

    /// <summary>RDPMC at any privilege.</summary>
    PCE = 1ul << 8,

    /// <summary>FXSAVE and SSE.</summary>
    OSFXSR = 1ul << 9,

    /// <summary>SSE errors are #XF.</summary>
    OSXMMEXCPT = 1ul << 10,

    /// <summary>SGDT, SIDT, SLDT, SMSW, STR are privileged.</summary>
    UMIP = 1ul << 11,

    /// <summary>Five-level paging.</summary>
    LA57 = 1ul << 12,

    /// <summary>VMX.</summary>
    VMXE = 1ul << 13,

    /// <summary>SMX.</summary>
    SMXE = 1ul << 14,

    /// <summary>RDFSBASE and its kin.</summary>
    FSGSBASE = 1ul << 16,

    /// <summary>Process context identifiers.</summary>
    PCIDE = 1ul << 17,

    /// <summary>XSAVE and XCR0.</summary>
    OSXSAVE = 1ul << 18,

    /// <summary>Key locker.</summary>
    KL = 1ul << 19,

    /// <summary>No supervisor execution of user pages.</summary>
    SMEP = 1ul << 20,

    /// <summary>No supervisor access to user pages.</summary>
    SMAP = 1ul << 21,

    /// <summary>Protection keys for user pages.</summary>
    PKE = 1ul << 22,

    /// <summary>Control-flow enforcement.</summary>
    CET = 1ul << 23,

    /// <summary>Protection keys for supervisor pages.</summary>
    PKS = 1ul << 24,

    /// <summary>User interrupts.</summary>
    UINTR = 1ul << 25,

    /// <summary>Linear address space separation.</summary>
    LASS = 1ul << 27,

    /// <summary>Supervisor linear address masking.</summary>
    LAM_SUP = 1ul << 28,
}
