namespace HyperOS.Devices;

/// <summary>Modes of a local APIC by IA32_APIC_BASE's EN and EXTD. Intel SDM vol. 3A, "x2APIC Mode Configurations".</summary>
public enum ApicMode
{
    Disabled,
    XApic,
    X2Apic,
}
