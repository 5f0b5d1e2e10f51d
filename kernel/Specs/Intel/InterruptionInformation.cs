namespace HyperOS.Specs.Intel;

/// <summary>
/// Format of VM-entry and VM-exit interruption information and IDT-vectoring information. Intel SDM vol. 3, "VM-Entry Controls for Event
/// Injection".
/// </summary>
public static class InterruptionInformation
{
    /// <summary>The vector.</summary>
    public const uint VectorMask = 0xFF;

    /// <summary>Position of the <see cref="InterruptionType"/>.</summary>
    public const int TypeShift = 8;

    /// <summary>Mask of the <see cref="InterruptionType"/>.</summary>
    public const uint TypeMask = 0x7u << 8;

    /// <summary>The error code is valid (and pushed).</summary>
    public const uint DeliverErrorCode = 1u << 11;

    /// <summary>VM-exit information: NMI unblocking due to IRET.</summary>
    public const uint NmiUnblocking = 1u << 12;

    /// <summary>With FRED.</summary>
    public const uint NestedException = 1u << 13;

    /// <summary>The event is valid.</summary>
    public const uint Valid = 1u << 31;

    /// <summary>Zero in VM-entry information.</summary>
    public const uint ReservedAtEntry = 0x7FFFF000;
}
