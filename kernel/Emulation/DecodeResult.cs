namespace HyperOS.Emulation;

/// <summary>What <see cref="InstructionDecoder"/> and <see cref="InterceptedInstructionDecoder"/> made of the bytes.</summary>
public enum DecodeResult : byte
{
    /// <summary>The instruction is described completely.</summary>
    Decoded,

    /// <summary>The bytes end before the instruction does; fewer than 15 were given.</summary>
    NeedMoreBytes,

    /// <summary>Perhaps a valid instruction, but none that this room executes.</summary>
    Unsupported,

    /// <summary>The processor raises #UD: LOCK where it is not allowed or an undefined group member.</summary>
    Invalid,

    /// <summary>The instruction is longer than 15 bytes: the processor raises #GP(0).</summary>
    TooLong,
}
