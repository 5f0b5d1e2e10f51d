namespace HyperOS.Specs.Intel;

/// <summary>What a device writes, and where, to raise an interrupt. Intel SDM vol. 3, "Message Signalled Interrupts".</summary>
public static class MessageSignalledInterrupt
{
    /// <summary>Message address: fixed part, and where the destination's APIC identifier stands.</summary>
    public const uint Address = 0xFEE0_0000;

    public const int DestinationShift = 12;

    /// <summary>Highest APIC identifier that fits.</summary>
    public const uint HighestDestination = 0xFF;
}
