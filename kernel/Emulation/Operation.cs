namespace HyperOS.Emulation;

/// <summary>
/// What an instruction does, by the manuals' mnemonics (AMD APM vol. 3, "General-Purpose Instruction Reference"). The first groups stand in the
/// order in which opcodes and ModRM.reg number them; <see cref="InstructionDecoder"/> relies on it.
/// </summary>
public enum Operation : byte
{
    /// <summary>Nothing was decoded.</summary>
    None,

    // Opcode bits 5:3, and group 1.
    ADD, OR, ADC, SBB, AND, SUB, XOR, CMP,

    // Group 2.
    ROL, ROR, RCL, RCR, SHL, SHR, SAL, SAR,

    // Group 8, from /4.
    BT, BTS, BTR, BTC,

    // Groups 3 to 5.
    TEST, NOT, NEG, MUL, IMUL, DIV, IDIV, INC, DEC, PUSH, POP,

    MOV, MOVBE, MOVNTI, MOVZX, MOVSX, MOVSXD, XCHG, XADD, CMPXCHG, CMPXCHG8B, CMPXCHG16B, BSF, BSR, SETcc, CMOVcc,

    /// <summary>MOV m16, Sreg.</summary>
    StoreSegment,

    MOVS, CMPS, STOS, LODS, SCAS, INS, OUTS,

    /// <summary>Move of 4, 8 or 16 bytes between memory and the low part of an XMM register; a load clears the rest of it.</summary>
    MoveVector,

    /// <summary>As <see cref="MoveVector"/>, of 16 bytes that must be aligned.</summary>
    MoveVectorAligned,
}

/// <summary>Which operands an instruction has, destination first.</summary>
public enum OperandForm : byte
{
    /// <summary>String instructions: memory through rSI and rDI.</summary>
    Implied,

    /// <summary>One memory operand.</summary>
    Memory,

    /// <summary>Memory and a general register.</summary>
    MemoryRegister,

    /// <summary>A general register and memory.</summary>
    RegisterMemory,

    /// <summary>Memory and an immediate.</summary>
    MemoryImmediate,

    /// <summary>A general register, memory and an immediate.</summary>
    RegisterMemoryImmediate,

    /// <summary>Memory and an XMM register.</summary>
    MemoryVector,

    /// <summary>An XMM register and memory.</summary>
    VectorMemory,
}

/// <summary>The repeat prefix in force.</summary>
public enum RepeatPrefix : byte
{
    None,

    /// <summary>F3h: REP, or REPE before CMPS and SCAS.</summary>
    REP,

    /// <summary>F2h: REPNE before CMPS and SCAS, REP before the other string instructions.</summary>
    REPNE,
}

/// <summary>Segment registers by their hardware numbers.</summary>
public enum SegmentRegister : byte { ES, CS, SS, DS, FS, GS }

/// <summary>General registers by their hardware numbers, and what may stand in their place in an address.</summary>
public enum GeneralRegister : byte
{
    RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15,

    /// <summary>No register takes part.</summary>
    None,

    /// <summary>As a base: the address of the next instruction.</summary>
    RIP,
}

/// <summary>Conditions by their encoding in SETcc and CMOVcc (AMD APM vol. 3, "rFLAGS Condition Codes").</summary>
public enum Condition : byte { O, NO, B, NB, Z, NZ, BE, NBE, S, NS, P, NP, L, NL, LE, NLE }
