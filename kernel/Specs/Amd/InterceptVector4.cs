using System;

namespace HyperOS.Specs.Amd;

/// <summary>Instruction intercepts at VMCB offset 010h. AMD APM vol. 2, appendix "Layout of VMCB".</summary>
[Flags]
public enum InterceptVector4 : uint
{
    /// <summary>VMRUN; must be set or VMRUN fails.</summary>
    INTERCEPT_VMRUN = 1u << 0,

    /// <summary>VMMCALL.</summary>
    INTERCEPT_VMMCALL = 1u << 1,

    /// <summary>VMLOAD.</summary>
    INTERCEPT_VMLOAD = 1u << 2,

    /// <summary>VMSAVE.</summary>
    INTERCEPT_VMSAVE = 1u << 3,

    /// <summary>STGI.</summary>
    INTERCEPT_STGI = 1u << 4,

    /// <summary>CLGI.</summary>
    INTERCEPT_CLGI = 1u << 5,

    /// <summary>SKINIT.</summary>
    INTERCEPT_SKINIT = 1u << 6,

    /// <summary>RDTSCP.</summary>
    INTERCEPT_RDTSCP = 1u << 7,

    /// <summary>ICEBP (INT1).</summary>
    INTERCEPT_ICEBP = 1u << 8,

    /// <summary>WBINVD and WBNOINVD.</summary>
    INTERCEPT_WBINVD = 1u << 9,

    /// <summary>MONITOR and MONITORX.</summary>
    INTERCEPT_MONITOR = 1u << 10,

    /// <summary>MWAIT and MWAITX, always.</summary>
    INTERCEPT_MWAIT = 1u << 11,

    /// <summary>MWAIT and MWAITX when the monitor hardware is armed.</summary>
    INTERCEPT_MWAIT_ARMED = 1u << 12,

    /// <summary>XSETBV.</summary>
    INTERCEPT_XSETBV = 1u << 13,

    /// <summary>RDPRU.</summary>
    INTERCEPT_RDPRU = 1u << 14,

    /// <summary>EFER writes, after the instruction has finished.</summary>
    INTERCEPT_EFER_WRITE_TRAP = 1u << 15,

    /// <summary>CR0 writes, after the instruction has finished.</summary>
    INTERCEPT_CR0_WRITE_TRAP = 1u << 16,

    /// <summary>CR1 writes, after the instruction has finished.</summary>
    INTERCEPT_CR1_WRITE_TRAP = 1u << 17,

    /// <summary>CR2 writes, after the instruction has finished.</summary>
    INTERCEPT_CR2_WRITE_TRAP = 1u << 18,

    /// <summary>CR3 writes, after the instruction has finished.</summary>
    INTERCEPT_CR3_WRITE_TRAP = 1u << 19,

    /// <summary>CR4 writes, after the instruction has finished.</summary>
    INTERCEPT_CR4_WRITE_TRAP = 1u << 20,

    /// <summary>CR5 writes, after the instruction has finished.</summary>
    INTERCEPT_CR5_WRITE_TRAP = 1u << 21,

    /// <summary>CR6 writes, after the instruction has finished.</summary>
    INTERCEPT_CR6_WRITE_TRAP = 1u << 22,

    /// <summary>CR7 writes, after the instruction has finished.</summary>
    INTERCEPT_CR7_WRITE_TRAP = 1u << 23,

    /// <summary>CR8 writes, after the instruction has finished.</summary>
    INTERCEPT_CR8_WRITE_TRAP = 1u << 24,

    /// <summary>CR9 writes, after the instruction has finished.</summary>
    INTERCEPT_CR9_WRITE_TRAP = 1u << 25,

    /// <summary>CR10 writes, after the instruction has finished.</summary>
    INTERCEPT_CR10_WRITE_TRAP = 1u << 26,

    /// <summary>CR11 writes, after the instruction has finished.</summary>
    INTERCEPT_CR11_WRITE_TRAP = 1u << 27,

    /// <summary>CR12 writes, after the instruction has finished.</summary>
    INTERCEPT_CR12_WRITE_TRAP = 1u << 28,

    /// <summary>CR13 writes, after the instruction has finished.</summary>
    INTERCEPT_CR13_WRITE_TRAP = 1u << 29,

    /// <summary>CR14 writes, after the instruction has finished.</summary>
    INTERCEPT_CR14_WRITE_TRAP = 1u << 30,

    /// <summary>CR15 writes, after the instruction has finished.</summary>
    INTERCEPT_CR15_WRITE_TRAP = 1u << 31,
}
