namespace HyperOS.Emulation;

/// <summary>Instructions that cause an intercept of their own, by the manuals' mnemonics (AMD APM vol. 3; VMX ones: Intel SDM vol. 3C).</summary>
public enum InterceptedOperation : byte
{
    /// <summary>Nothing was decoded.</summary>
    None,
    CPUID, RDTSC, RDTSCP, RDMSR, WRMSR, RDPMC, RDPRU, HLT, PAUSE, INVD, WBINVD, WBNOINVD, MONITOR, MWAIT, MONITORX, MWAITX, XGETBV, XSETBV,
    MovFromCr, MovToCr, MovFromDr, MovToDr, SMSW, LMSW, CLTS, INVLPG, INVLPGA, INVPCID,
    INT, INT3, INTO, ICEBP, IRET, PUSHF, POPF, RSM, CallFar, JmpFar,
    SGDT, SIDT, LGDT, LIDT, SLDT, STR, LLDT, LTR,
    IN, OUT, INS, OUTS,
    VMRUN, VMMCALL, VMLOAD, VMSAVE, STGI, CLGI, SKINIT,
    VMCALL, VMLAUNCH, VMRESUME, VMXOFF,
}

/// <summary>An intercepted instruction: what an exit handler has to know where the processor has neither NRIPS nor DecodeAssists.</summary>
public struct InterceptedInstruction
{
    public InterceptedOperation Operation;

    /// <summary>1 to 15 bytes, prefixes included.</summary>
    public byte Length;

    /// <summary>General register operand of MOV CR, MOV DR, SMSW, LMSW, SLDT, STR, LLDT and LTR, where <see cref="HasMemoryOperand"/> is false.</summary>
    public GeneralRegister Register;

    /// <summary>Number of the control or debug register of MOV CR and MOV DR; CR8 also for its LOCK form.</summary>
    public byte SystemRegister;

    /// <summary>Vector of INT n, port of IN and OUT with an immediate.</summary>
    public byte Immediate;

    /// <summary><see cref="MemoryOperand"/> holds an address.</summary>
    public bool HasMemoryOperand;

    /// <summary>Address fields only, for the memory forms; the size of the operand follows from the operation.</summary>
    public Instruction MemoryOperand;
}
