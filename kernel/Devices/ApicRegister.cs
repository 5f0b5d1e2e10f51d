namespace HyperOS.Devices;

/// <summary>
/// Registers of the local APIC, numbered as in x2APIC mode: MSR 800H plus the number, or offset 10H times the number in the xAPIC page.
/// Intel SDM vol. 3A, "Local APIC Register Address Map" and "x2APIC Register Address Space".
/// </summary>
public enum ApicRegister
{
    ID = 0x02,
    Version = 0x03,

    /// <summary>Task priority.</summary>
    TPR = 0x08,

    /// <summary>Arbitration priority: xAPIC only, and not kept since the Pentium 4; reads as zero.</summary>
    APR = 0x09,

    /// <summary>Processor priority.</summary>
    PPR = 0x0A,
    EOI = 0x0B,

    /// <summary>Remote read: xAPIC only, and not kept since the Pentium 4; reads as zero.</summary>
    RRD = 0x0C,

    /// <summary>Logical destination.</summary>
    LDR = 0x0D,

    /// <summary>Destination format: xAPIC only.</summary>
    DFR = 0x0E,

    /// <summary>Spurious interrupt vector.</summary>
    SVR = 0x0F,

    /// <summary>In-service, eight registers of 32 vectors each.</summary>
    ISR = 0x10,

    /// <summary>Trigger mode, eight registers.</summary>
    TMR = 0x18,

    /// <summary>Interrupt request, eight registers.</summary>
    IRR = 0x20,

    /// <summary>Error status.</summary>
    ESR = 0x28,

    /// <summary>Interrupt command; in x2APIC mode all 64 bits of it.</summary>
    ICR = 0x30,

    /// <summary>Interrupt command, bits 63:32: xAPIC only.</summary>
    ICRHigh = 0x31,
    LVTTimer = 0x32,
    LVTThermal = 0x33,
    LVTPerformance = 0x34,
    LVTLint0 = 0x35,
    LVTLint1 = 0x36,
    LVTError = 0x37,
    InitialCount = 0x38,
    CurrentCount = 0x39,
    DivideConfiguration = 0x3E,

    /// <summary>x2APIC only.</summary>
    SelfIPI = 0x3F,
}
