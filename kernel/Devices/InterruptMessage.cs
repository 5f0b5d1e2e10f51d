namespace HyperOS.Devices;

/// <summary>
/// An interrupt on its way to local APICs: from an I/O APIC pin, a message-signalled interrupt or an ICR.
/// </summary>
public readonly struct InterruptMessage
{
    /// <summary>The destination that reaches every local APIC, in both destination modes. 8-bit senders mean it with FFH.</summary>
    public const uint Broadcast = 0xFFFF_FFFF;

    /// <summary>APIC ID in physical mode, else the logical address; see <see cref="Broadcast"/>.</summary>
    public readonly uint Destination;

    public readonly bool IsLogical;

    public readonly DeliveryMode Mode;

    public readonly byte Vector;

    /// <summary>Level-triggered: its EOI is broadcast. Means something for Fixed and LowestPriority alone.</summary>
    public readonly bool IsLevel;

    public InterruptMessage(uint destination, bool isLogical, DeliveryMode mode, byte vector, bool isLevel)
    {
        Destination = destination;
        IsLogical = isLogical;
        Mode = mode;
        Vector = vector;
        IsLevel = isLevel;
    }

    /// <summary>The 8-bit destination field of an xAPIC ICR, a redirection entry or an MSI, where FFH is the broadcast.</summary>
    public static uint Widen(byte destination) => destination == 0xFF ? Broadcast : destination;
}
