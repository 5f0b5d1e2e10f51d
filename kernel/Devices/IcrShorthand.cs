namespace HyperOS.Devices;

/// <summary>Destination shorthands. Intel SDM vol. 3A, "Interrupt Command Register (ICR)".</summary>
public enum IcrShorthand : byte
{
    None = 0,
    Self = 1,
    AllIncludingSelf = 2,
    AllExcludingSelf = 3,
}
