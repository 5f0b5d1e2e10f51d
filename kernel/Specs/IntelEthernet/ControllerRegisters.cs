namespace HyperOS.Specs.IntelEthernet;

/// <summary>
/// Registers of the 8254x, the 82574 and, by its alias addresses, the 82576: offsets in bytes. PCI/PCI-X Family of Gigabit Ethernet Controllers
/// Software Developer's Manual, "Register Descriptions"; 82574 and 82576 data sheets, "Programming Interface".
/// </summary>
public static class ControllerRegisters
{
    public const uint CTRL = 0x0000, STATUS = 0x0008, EERD = 0x0014, MDIC = 0x0020, ICR = 0x00C0, IMS = 0x00D0, IMC = 0x00D8, RCTL = 0x0100, TCTL = 0x0400, TIPG = 0x0410,
        RDBAL = 0x2800, RDBAH = 0x2804, RDLEN = 0x2808, SRRCTL = 0x280C, RDH = 0x2810, RDT = 0x2818, RXDCTL = 0x2828, TDBAL = 0x3800, TDBAH = 0x3804,
        TDLEN = 0x3808, TDH = 0x3810, TDT = 0x3818, TXDCTL = 0x3828, MTA = 0x5200, RAL0 = 0x5400, RAH0 = 0x5404;

    /// <summary>Double words of MTA.</summary>
    public const int MulticastWords = 128;

    /// <summary>The least window that holds all of them, in bytes.</summary>
    public const uint Length = 0x6000;
}

/// <summary>Bits of CTRL.</summary>
public static class DeviceControl
{
    public const uint LRST = 1 << 3, ASDE = 1 << 5, SLU = 1 << 6, ILOS = 1 << 7, RST = 1 << 26, VME = 1 << 30, PHY_RST = 1u << 31;
}

/// <summary>Bits of STATUS.</summary>
public static class DeviceStatus
{
    /// <summary>The link is up.</summary>
    public const uint LU = 1 << 1;
}

/// <summary>Bits of ICR, IMS and IMC.</summary>
public static class InterruptCause
{
    public const uint LSC = 1 << 2, RXDMT0 = 1 << 4, RXO = 1 << 6, RXT0 = 1 << 7;
}

/// <summary>Bits of RCTL. BSIZE 0 stands for buffers of 2,048 bytes.</summary>
public static class ReceiveControl
{
    public const uint EN = 1 << 1, UPE = 1 << 3, MPE = 1 << 4, BAM = 1 << 15, SECRC = 1 << 26;
}

/// <summary>Bits and fields of TCTL.</summary>
public static class TransmitControl
{
    public const uint EN = 1 << 1, PSP = 1 << 3, CT_802_3 = 0x0F << 4, COLD_FullDuplex = 0x40 << 12;
}

/// <summary>Bits of RXDCTL and TXDCTL, fields of SRRCTL and TIPG, and of the first receive address.</summary>
public static class QueueControl
{
    /// <summary>The 82576's queues are off until this is set.</summary>
    public const uint ENABLE = 1 << 25;

    /// <summary>In the 82574's TXDCTL: thresholds count descriptors.</summary>
    public const uint GRAN = 1 << 24;

    /// <summary>SRRCTL: buffers of 2 KiB, advanced descriptors with one buffer.</summary>
    public const uint BSIZEPACKET_2K = 2, DESCTYPE_Advanced = 1 << 25;

    /// <summary>TIPG: what the manuals recommend for copper.</summary>
    public const uint TIPG_Copper = 10 | 8 << 10 | 6 << 20;

    /// <summary>RAH0: the address is valid.</summary>
    public const uint AV = 1u << 31;
}

/// <summary>Fields of EERD, which the 82574 has laid out anew.</summary>
public static class EepromRead
{
    public const uint START = 1 << 0;
    public const uint DONE_8254x = 1 << 4, DONE_82574 = 1 << 1;
    public const int ADDR_8254x = 8, ADDR_82574 = 2, DATA = 16;
}

/// <summary>Fields of MDIC, by which the PHY's registers are reached; and of the PHY's control register: IEEE 802.3, "Management functions".</summary>
public static class ManagementInterface
{
    public const int REGADD = 16, PHYADD = 21;
    public const uint OP_Write = 1 << 26, R = 1 << 28;

    /// <summary>The one that is built in.</summary>
    public const uint InternalPhy = 1;

    public const uint ControlRegister = 0, RestartAutoNegotiation = 1 << 9, AutoNegotiationEnable = 1 << 12;
}
