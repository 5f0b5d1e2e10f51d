namespace HyperOS.Specs.IntelEthernet;

/// <summary>
/// Descriptors of 16 bytes: the buffer's address in the first 8, the rest in the second word, whose bits these are. 8254x Software Developer's Manual,
/// "Receive Descriptor Format", "Transmit Descriptor Format, Legacy".
/// </summary>
public static class LegacyDescriptor
{
    public const int Bytes = 16, SecondWord = 8;

    /// <summary>Received: bytes, then status DD and EOP, then errors that make a frame worthless: CE, SE, SEQ, CXE, RXE.</summary>
    public const int LengthShift = 0, ErrorsShift = 40;

    public const ulong ReceiveDone = 1ul << 32, ReceiveEndOfPacket = 1ul << 33, ReceiveErrors = 0x97ul << ErrorsShift;

    /// <summary>To transmit: command EOP, IFCS and RS; the device answers with DD.</summary>
    public const ulong TransmitCommand = (1ul << 0 | 1ul << 1 | 1ul << 3) << 24, TransmitDone = 1ul << 32;
}

/// <summary>The same for the 82576's descriptors. 82576 data sheet, "Advanced Receive Descriptor Format", "Advanced Transmit Data Descriptor".</summary>
public static class AdvancedDescriptor
{
    /// <summary>Received: status DD and EOP, error RXE, then bytes.</summary>
    public const int LengthShift = 32;

    public const ulong ReceiveDone = 1ul << 0, ReceiveEndOfPacket = 1ul << 1, ReceiveErrors = 1ul << 31;

    /// <summary>To transmit: DTALEN, DTYP data, DCMD EOP, IFCS, RS and DEXT, PAYLEN; the device answers with DD.</summary>
    public const ulong TransmitCommand = 3ul << 20 | 1ul << 24 | 1ul << 25 | 1ul << 27 | 1ul << 29, TransmitDone = 1ul << 32;

    public const int PayloadLengthShift = 46;
}
