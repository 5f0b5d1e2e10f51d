namespace HyperOS.Specs.Amd;

/// <summary>Fields of EVENTINJ and EXITINTINFO; the error code is in bits 63:32. AMD APM vol. 2, "Event Injection".</summary>
public static class EventInjection
{
    /// <summary>The vector.</summary>
    public const ulong VectorMask = 0xFF;

    /// <summary>Mask of the type.</summary>
    public const ulong TypeMask = 0x7ul << 8;

    /// <summary>External or virtual interrupt.</summary>
    public const ulong TypeINTR = 0ul << 8;

    /// <summary>Non-maskable interrupt; the vector is ignored.</summary>
    public const ulong TypeNMI = 2ul << 8;

    /// <summary>Fault or trap.</summary>
    public const ulong TypeException = 3ul << 8;

    /// <summary>INT n.</summary>
    public const ulong TypeSoftwareInterrupt = 4ul << 8;

    /// <summary>The error code is valid (and pushed).</summary>
    public const ulong EV = 1ul << 11;

    /// <summary>The event is valid.</summary>
    public const ulong V = 1ul << 31;

    /// <summary>Position of the error code.</summary>
    public const int ErrorCodeShift = 32;
}
