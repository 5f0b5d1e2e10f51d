namespace HyperOS.Devices;

/// <summary>
/// What an interrupt message asks of its target. Intel SDM vol. 3A, "Interrupt Command Register (ICR)" and "Local Vector Table"; 82093AA
/// data sheet, "I/O Redirection Table Registers". Value 3 is reserved.
/// </summary>
public enum DeliveryMode : byte
{
    Fixed = 0,
    LowestPriority = 1,
    SMI = 2,
    NMI = 4,
    INIT = 5,
    StartUp = 6,
    ExtINT = 7,
}
