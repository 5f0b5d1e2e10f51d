namespace HyperOS.Specs.Intel;

/// <summary>
/// Bits 10:8 of interruption information. Intel SDM vol. 3, "VM-Entry Controls for Event Injection" and "Information for VM Exits Due to
/// Vectored Events".
/// </summary>
public enum InterruptionType : uint
{
    /// <summary>External interrupt.</summary>
    ExternalInterrupt = 0,

    /// <summary>NMI; the vector is 2.</summary>
    Nmi = 2,

    /// <summary>Fault or trap.</summary>
    HardwareException = 3,

    /// <summary>INT n.</summary>
    SoftwareInterrupt = 4,

    /// <summary>INT1.</summary>
    PrivilegedSoftwareException = 5,

    /// <summary>INT3 or INTO.</summary>
    SoftwareException = 6,

    /// <summary>Pending MTF exit; SYSCALL and SYSENTER under FRED.</summary>
    OtherEvent = 7,
}
