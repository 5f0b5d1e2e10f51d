namespace HyperOS.Emulation;

/// <summary>
/// One decoded instruction that has a memory operand (AMD APM vol. 3, "Instruction Encoding"). All sizes are in bytes. Fields that the
/// <see cref="Form"/> does not name are zero.
/// </summary>
public struct Instruction
{
    /// <summary>Address displacement, sign-extended; the whole offset for MOV moffs. Relative to the next instruction when the base is RIP.</summary>
    public ulong Displacement;

    /// <summary>Immediate, sign-extended to 64 bits.</summary>
    public ulong Immediate;

    public Operation Operation;

    public OperandForm Form;

    /// <summary>1 to 15.</summary>
    public byte Length;

    /// <summary>Size of the operation and of the register operand.</summary>
    public byte OperandSize;

    /// <summary>Size of the memory operand.</summary>
    public byte MemorySize;

    /// <summary>2, 4 or 8.</summary>
    public byte AddressSize;

    /// <summary>The LOCK prefix is present, and allowed.</summary>
    public bool Lock;

    public RepeatPrefix Repeat;

    /// <summary>Of the memory operand (of the source for MOVS, CMPS, LODS and OUTS), override included.</summary>
    public SegmentRegister Segment;

    public GeneralRegister Base;

    public GeneralRegister Index;

    /// <summary>The index is shifted left by this many bits: 0 to 3.</summary>
    public byte Scale;

    /// <summary>Register operand: a general, XMM or (for <see cref="Operation.StoreSegment"/>) segment register's number.</summary>
    public byte Register;

    /// <summary>The register operand is bits 15:8 of <see cref="Register"/>: AH, CH, DH, BH.</summary>
    public bool HighByte;

    /// <summary>Of SETcc and CMOVcc.</summary>
    public Condition Condition;
}
