namespace HyperOS.Management.TcpIp;

/// <summary>Why a packet that came, or that was to be sent, went no further.</summary>
public enum DropReason
{
    /// <summary>A frame, packet or segment that is shorter than its headers say.</summary>
    Truncated,

    /// <summary>Another station's or host's, or of a protocol that nobody here speaks.</summary>
    NotForUs,

    /// <summary>A header whose fields contradict each other or the standard.</summary>
    BadHeader,

    /// <summary>A checksum does not match.</summary>
    BadChecksum,

    /// <summary>A sender's address that no host can have, or our own.</summary>
    BadSource,

    /// <summary>The sender wants to say by which way it goes on (RFC 7126 section 4.3).</summary>
    SourceRoute,

    /// <summary>A fragment that overlaps another, is misplaced or exceeds a limit.</summary>
    FragmentRefused,

    /// <summary>Fragments whose rest did not come in time.</summary>
    FragmentTimeout,

    /// <summary>Nobody listens at that port.</summary>
    NoListener,

    /// <summary>More in a second than is answered.</summary>
    RateLimited,

    /// <summary>No memory is left within the limits.</summary>
    NoMemory,

    /// <summary>No address is configured, or no way leads to the destination.</summary>
    NoRoute,

    /// <summary>The next hop did not answer ARP, or too many packets wait for it.</summary>
    Unresolved,

    /// <summary>Larger than a packet may be.</summary>
    TooLarge,

    /// <summary>The link had no room.</summary>
    LinkFull,

    /// <summary>A segment or a message that fits no connection, query or state.</summary>
    Unexpected,
}
