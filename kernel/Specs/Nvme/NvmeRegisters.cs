namespace HyperOS.Specs.Nvme;

/// <summary>Offsets of a controller's registers, in bytes. NVM Express Base Specification 2.0, "Controller Properties".</summary>
public static class NvmeRegisters
{
    /// <summary>Of 8 bytes: CAP, ASQ, ACQ.</summary>
    public const uint CAP = 0x00, VS = 0x08, INTMS = 0x0C, INTMC = 0x10, CC = 0x14, CSTS = 0x1C, AQA = 0x24, ASQ = 0x28, ACQ = 0x30;

    /// <summary>Where doorbells begin: for each queue that of its submissions, then that of its completions, so far apart as CAP.DSTRD says.</summary>
    public const uint Doorbells = 0x1000;

    /// <summary>Bytes with the doorbells of the first two queues, placed as close as can be.</summary>
    public const uint Length = Doorbells + 4 * sizeof(uint);
}

/// <summary>Fields of CAP, in its lower and upper half. NVM Express Base Specification 2.0, "Controller Capabilities".</summary>
public static class NvmeCapabilities
{
    /// <summary>Lower half: entries of a queue less one; time to become ready, in units of 500 ms.</summary>
    public const uint MQES = 0xFFFF;

    public const int TOShift = 24;

    public const ulong TOUnit = 500_000_000;

    /// <summary>Upper half: bytes between doorbells are 4 shifted so far; the NVM command set; the least page size, 4 KiB shifted so far.</summary>
    public const uint DSTRD = 0xF, CSS_NVM = 1 << 5;

    public const int MPSMINShift = 16;

    public const uint MPSMINMask = 0xF;
}

/// <summary>Fields of CC and CSTS. NVM Express Base Specification 2.0, "Controller Configuration", "Controller Status".</summary>
public static class NvmeControl
{
    /// <summary>CC: enabled; entries of submission queues have 64 bytes and of completion queues 16.</summary>
    public const uint EN = 1, IOSQES_64 = 6u << 16, IOCQES_16 = 4u << 20;

    /// <summary>CSTS: ready; a fatal error.</summary>
    public const uint RDY = 1, CFS = 2;

    /// <summary>In AQA: the completion queue's size less one.</summary>
    public const int ACQSShift = 16;
}

/// <summary>Commands for the controller. NVM Express Base Specification 2.0, "Admin Command Set".</summary>
public enum NvmeAdminOpcode : byte
{
    CreateIoSubmissionQueue = 0x01,
    CreateIoCompletionQueue = 0x05,
    Identify = 0x06,
    SetFeatures = 0x09,
}

/// <summary>Commands for a namespace. NVM Express NVM Command Set Specification 1.0, "NVM Command Set Commands".</summary>
public enum NvmeOpcode : byte
{
    Flush = 0x00,
    Write = 0x01,
    Read = 0x02,
    WriteZeroes = 0x08,
    DatasetManagement = 0x09,
}

/// <summary>
/// Entries of queues, offsets in bytes. NVM Express Base Specification 2.0, "Submission Queue Entry", "Common Completion Queue Entry".
/// <code>
///   submission  opcode 0 (1), flags 1 (1), CID 2 (2), NSID 4 (4), MPTR 16 (8), PRP1 24 (8), PRP2 32 (8), CDW10 to CDW15 40 (4 each)
///   completion  DW0 0 (4), SQHD 8 (2), SQID 10 (2), CID 12 (2), phase and status 14 (2)
/// </code>
/// </summary>
public static class NvmeQueueEntry
{
    public const int SubmissionBytes = 64, CompletionBytes = 16;

    public const int PRP1 = 24, PRP2 = 32, CDW10 = 40, CDW12 = 48;

    /// <summary>In the first 8 bytes of a submission.</summary>
    public const int CIDShift = 16, NSIDShift = 32;

    /// <summary>The second 8 bytes of a completion, and what is in them.</summary>
    public const int CompletionSecond = 8, CompletionCIDShift = 32, StatusShift = 49;

    public const ulong Phase = 1ul << 48;

    /// <summary>Status code and its type; 0 is success.</summary>
    public const ulong StatusMask = 0x7FF;
}

/// <summary>Parameters of commands. NVM Express Base Specification 2.0, by the commands' names; NVM Command Set Specification 1.0.</summary>
public static class NvmeCommand
{
    /// <summary>Of Identify: a namespace, the controller, the list of active namespaces.</summary>
    public const uint CNS_Namespace = 0, CNS_Controller = 1, CNS_ActiveNamespaces = 2;

    /// <summary>Of creating queues: physically contiguous; a completion queue that interrupts.</summary>
    public const uint PC = 1, IEN = 2;

    /// <summary>Of Set Features: how many queues, each kind less one.</summary>
    public const uint FID_NumberOfQueues = 7;

    /// <summary>Of Dataset Management: deallocate.</summary>
    public const uint AD = 4;

    /// <summary>A range of Dataset Management: context attributes (4), blocks (4), first block (8).</summary>
    public const int RangeBytes = 16, RangeBlocksShift = 32, RangeFirst = 8;

    /// <summary>Most blocks of a command that counts them in 16 bits.</summary>
    public const ulong MostBlocks = 1 << 16;
}

/// <summary>What Identify tells, offsets in bytes. NVM Express Base Specification 2.0, "Identify Controller Data Structure"; NVM Command Set, "Identify Namespace".</summary>
public static class NvmeIdentify
{
    public const int Bytes = 4096;

    /// <summary>Of the controller: serial number (20), model (40), largest transfer as a power of two of pages (1), namespaces (4), optional commands (2), cache (1).</summary>
    public const int SN = 4, SNBytes = 20, MN = 24, MNBytes = 40, MDTS = 77, NN = 516, ONCS = 520, VWC = 525;

    /// <summary>In ONCS: Dataset Management, Write Zeroes.</summary>
    public const ushort ONCS_DSM = 1 << 2, ONCS_WZ = 1 << 3;

    /// <summary>In VWC: there is a cache.</summary>
    public const byte VWC_Present = 1;

    /// <summary>Of a namespace: blocks (8), the format in use (1), attributes (1), formats (4 each).</summary>
    public const int NSZE = 0, FLBAS = 26, NSATTR = 99, LBAF = 128;

    /// <summary>In FLBAS: the format's number, whose upper bits lie apart.</summary>
    public const int FLBASLow = 0xF, FLBASHigh = 0x60, FLBASHighShift = 1;

    /// <summary>In NSATTR: write protected.</summary>
    public const byte NSATTR_WriteProtected = 1;

    /// <summary>In a format: bytes of metadata, the block's size as a power of two.</summary>
    public const uint LBAF_MS = 0xFFFF;

    public const int LBAF_DSShift = 16;
}
