namespace HyperOS.Specs.Intel;

/// <summary>The guest interrupt status. Intel SDM vol. 3, "Guest Non-Register State".</summary>
public static class VmxInterruptStatus
{
    /// <summary>Requesting virtual interrupt: the highest vector that the guest has not taken, or 0.</summary>
    public const ushort RviMask = 0x00FF;

    /// <summary>Position of the servicing virtual interrupt.</summary>
    public const int SviShift = 8;

    /// <summary>Servicing virtual interrupt: the highest vector in service, or 0.</summary>
    public const ushort SviMask = 0xFF00;
}
