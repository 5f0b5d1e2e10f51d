namespace HyperOS.Abi.State;

/// <summary>Saved state of the ACPI fixed hardware; register names as in the ACPI Specification, "ACPI Hardware Specification".</summary>
public struct AcpiPowerManagementState
{
    public const uint CurrentVersion = 1;

    public uint Version;
    public ushort Pm1Status;
    public ushort Pm1Enable;
    public ushort Pm1Control;
    public byte Gpe0Status;
    public byte Gpe0Enable;
    public byte ResetControl;

    /// <summary>Guest time in nanoseconds up to which carries of the timer have been looked at.</summary>
    public ulong CheckedTo;
}
