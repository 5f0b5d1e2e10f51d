namespace HyperOS.Specs.Net;

/// <summary>Files of captured frames: "PCAP Capture File Format" (IETF draft opsawg-pcap). Fields have the byte order of the magic number: here little-endian.</summary>
public static class PcapFile
{
    /// <summary>With times in seconds and nanoseconds.</summary>
    public const uint NanosecondMagic = 0xA1B2_3C4D;

    public const ushort MajorVersion = 2, MinorVersion = 4;

    /// <summary>LINKTYPE_ETHERNET.</summary>
    public const uint LinkTypeEthernet = 1;

    /// <summary>Magic, versions, two reserved words, longest frame, link type.</summary>
    public const int HeaderLength = 24;

    /// <summary>Seconds, nanoseconds, bytes captured, bytes on the link.</summary>
    public const int RecordHeaderLength = 16;

    /// <summary>Bytes captured, in a record's header.</summary>
    public const int RecordCapturedLength = 8;
}
