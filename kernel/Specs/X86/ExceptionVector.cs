namespace HyperOS.Specs.X86;

/// <summary>Exception vectors. AMD APM vol. 2, "Vectors".</summary>
public enum ExceptionVector : byte
{
    /// <summary>Divide error.</summary>
    DE = 0,

    /// <summary>Debug.</summary>
    DB = 1,

    /// <summary>Non-maskable interrupt.</summary>
    NMI = 2,

    /// <summary>Breakpoint.</summary>
    BP = 3,

    /// <summary>Overflow.</summary>
    OF = 4,

    /// <summary>Bound range.</summary>
    BR = 5,

    /// <summary>Invalid opcode.</summary>
    UD = 6,

    /// <summary>Device not available.</summary>
    NM = 7,

    /// <summary>Double fault; error code 0.</summary>
    DF = 8,

    /// <summary>Invalid TSS; error code: selector.</summary>
    TS = 10,

    /// <summary>Segment not present; error code: selector.</summary>
    NP = 11,

    /// <summary>Stack; error code: selector or 0.</summary>
    SS = 12,

    /// <summary>General protection; error code: selector or 0.</summary>
    GP = 13,

    /// <summary>Page fault; error code: <see cref="PageFaultErrorCode"/>, address in CR2.</summary>
    PF = 14,

    /// <summary>x87 error.</summary>
    MF = 16,

    /// <summary>Alignment check; error code 0.</summary>
    AC = 17,

    /// <summary>Machine check.</summary>
    MC = 18,

    /// <summary>SIMD floating point (Intel's #XM).</summary>
    XF = 19,

    /// <summary>Virtualization (Intel).</summary>
    VE = 20,

    /// <summary>Control protection; error code.</summary>
    CP = 21,

    /// <summary>Hypervisor injection.</summary>
    HV = 28,

    /// <summary>VMM communication; error code.</summary>
    VC = 29,

    /// <summary>Security; error code.</summary>
    SX = 30,
}
