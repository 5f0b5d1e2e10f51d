namespace HyperOS.Emulation;

/// <summary>Default operand and address size of the code segment: CS.L and CS.D (AMD APM vol. 2, "Code Segment Descriptors").</summary>
public enum CodeSize : byte
{
    /// <summary>Real mode, virtual-8086 mode and 16-bit protected or compatibility mode.</summary>
    Bits16,

    /// <summary>32-bit protected or compatibility mode.</summary>
    Bits32,

    /// <summary>64-bit mode.</summary>
    Bits64,
}
