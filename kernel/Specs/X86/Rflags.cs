using System;

namespace HyperOS.Specs.X86;

/// <summary>Flags register. AMD APM vol. 2, "RFLAGS Register".</summary>
[Flags]
public enum Rflags : ulong
{
    /// <summary>Carry.</summary>
    CF = 1ul << 0,

    /// <summary>Reads as one.</summary>
    AlwaysOne = 1ul << 1,

    /// <summary>Parity.</summary>
    PF = 1ul << 2,

    /// <summary>Auxiliary carry.</summary>
    AF = 1ul << 4,

    /// <summary>Zero.</summary>
    ZF = 1ul << 6,

    /// <summary>Sign.</summary>
    SF = 1ul << 7,

    /// <summary>Trap: single step.</summary>
    TF = 1ul << 8,

    /// <summary>Interrupts enabled.</summary>
    IF = 1ul << 9,

    /// <summary>Direction.</summary>
    DF = 1ul << 10,

    /// <summary>Overflow.</summary>
    OF = 1ul << 11,

    /// <summary>Mask of the I/O privilege level.</summary>
    IOPL = 0x3ul << 12,

    /// <summary>Nested task.</summary>
    NT = 1ul << 14,

    /// <summary>Resume: no instruction breakpoint.</summary>
    RF = 1ul << 16,

    /// <summary>Virtual-8086 mode.</summary>
    VM = 1ul << 17,

    /// <summary>Alignment check, and SMAP override.</summary>
    AC = 1ul << 18,

    /// <summary>Virtual interrupt flag.</summary>
    VIF = 1ul << 19,

    /// <summary>Virtual interrupt pending.</summary>
    VIP = 1ul << 20,

    /// <summary>CPUID is there.</summary>
    ID = 1ul << 21,
}
