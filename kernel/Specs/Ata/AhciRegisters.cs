namespace HyperOS.Specs.Ata;

/// <summary>Offsets of a host bus adapter's registers, in bytes. Serial ATA AHCI 1.3.1, "HBA Memory Registers".</summary>
public static class AhciRegisters
{
    public const uint CAP = 0x00, GHC = 0x04, IS = 0x08, PI = 0x0C, CAP2 = 0x24, BOHC = 0x28;

    /// <summary>Where the ports' registers begin, and how many bytes each has.</summary>
    public const uint Ports = 0x100, PortLength = 0x80;

    public const int MostPorts = 32;
}

/// <summary>Bits of the adapter's registers. Serial ATA AHCI 1.3.1, "Generic Host Control".</summary>
public static class AhciControl
{
    /// <summary>CAP: staggered spin-up, native command queuing; command slots less one.</summary>
    public const uint CAP_SSS = 1u << 27, CAP_SNCQ = 1u << 30, CAP_NCS = 0x1F;

    public const int CAP_NCSShift = 8;

    /// <summary>GHC: AHCI enabled, interrupts enabled.</summary>
    public const uint GHC_AE = 1u << 31, GHC_IE = 1u << 1;

    /// <summary>CAP2: the BIOS hands the adapter over. BOHC: who owns it, and whether the BIOS is busy.</summary>
    public const uint CAP2_BOH = 1, BOHC_BOS = 1, BOHC_OOS = 2, BOHC_BB = 16;
}

/// <summary>Offsets of a port's registers, in bytes. Serial ATA AHCI 1.3.1, "Port Registers".</summary>
public static class AhciPortRegisters
{
    public const uint CLB = 0x00, CLBU = 0x04, FB = 0x08, FBU = 0x0C, IS = 0x10, IE = 0x14, CMD = 0x18, TFD = 0x20, SIG = 0x24, SSTS = 0x28,
        SCTL = 0x2C, SERR = 0x30, SACT = 0x34, CI = 0x38;
}

/// <summary>Bits of a port's registers. Serial ATA AHCI 1.3.1, "Port Registers".</summary>
public static class AhciPortBits
{
    /// <summary>CMD: start, spin up, power on, FIS receive enabled, FIS receive running, command list running, interface active.</summary>
    public const uint CMD_ST = 1, CMD_SUD = 2, CMD_POD = 4, CMD_FRE = 1u << 4, CMD_FR = 1u << 14, CMD_CR = 1u << 15, CMD_ICC_Active = 1u << 28, CMD_ICC = 0xFu << 28;

    /// <summary>IS and IE: of D2H, PIO setup and set device bits FISes; connection changes; errors of the interface, the bus and the task file.</summary>
    public const uint IS_DHRS = 1, IS_PSS = 2, IS_SDBS = 8, IS_PCS = 1u << 6, IS_PRCS = 1u << 22, IS_IFS = 1u << 27, IS_HBDS = 1u << 28, IS_HBFS = 1u << 29, IS_TFES = 1u << 30;

    /// <summary>TFD: error, data request, busy.</summary>
    public const uint TFD_ERR = 1, TFD_DRQ = 8, TFD_BSY = 0x80;

    /// <summary>SSTS: device detection; 3: there, and connected.</summary>
    public const uint SSTS_DET = 0xF, DET_Connected = 3;

    /// <summary>SCTL: initialise the connection; no partial and slumber states.</summary>
    public const uint SCTL_DET_Init = 1, SCTL_IPM_None = 3u << 8;

    /// <summary>SIG: an ATA device; anything else is no disk.</summary>
    public const uint SIG_ATA = 0x0000_0101;
}

/// <summary>
/// What lies in memory for a port, offsets and sizes in bytes. Serial ATA AHCI 1.3.1, "System Memory Structures".
/// <code>
///   header  flags 0 (2), PRDTL 2 (2), PRDBC 4 (4), CTBA 8 (8), reserved 16 (16)
///   table   command FIS 0 (64), ATAPI command 64 (16), reserved 80 (48), PRDT 128 (16 each: address 0 (8), reserved 8 (4), bytes less one 12 (4))
/// </code>
/// </summary>
public static class AhciMemory
{
    public const int HeaderBytes = 32, HeaderTable = 8;

    /// <summary>Of a header's flags: the FIS's length in double words; the device reads.</summary>
    public const uint CFL = 5, Write = 1u << 6;

    public const int PRDTLShift = 16;

    public const int ReceivedFisBytes = 256, Prdt = 128, PrdBytes = 16, PrdCount = 8, PrdCountShift = 32;
}
