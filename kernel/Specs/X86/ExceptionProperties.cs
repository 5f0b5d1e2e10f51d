namespace HyperOS.Specs.X86;

/// <summary>What the vectors have in common. AMD APM vol. 2, "Error Codes" and "Interrupt Vectors".</summary>
public static class ExceptionProperties
{
    /// <summary>Bit n is set when vector n pushes an error code (#DF, #TS, #NP, #SS, #GP, #PF, #AC, #CP, #VC, #SX).</summary>
    public const uint PushesErrorCode = 1u << 8 | 1u << 10 | 1u << 11 | 1u << 12 | 1u << 13 | 1u << 14 | 1u << 17 | 1u << 21 | 1u << 29 | 1u << 30;

    /// <summary>Bit n is set when vector n is contributory to a double fault (#DE, #TS, #NP, #SS, #GP).</summary>
    public const uint Contributory = 1u << 0 | 1u << 10 | 1u << 11 | 1u << 12 | 1u << 13;

    /// <summary>The first vector that is not reserved for exceptions.</summary>
    public const int FirstInterrupt = 32;
}
