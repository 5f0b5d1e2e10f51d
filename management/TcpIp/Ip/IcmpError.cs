namespace HyperOS.Management.TcpIp;

/// <summary>What an ICMP error says of a packet that this host sent.</summary>
internal enum IcmpError
{
    /// <summary>The network, host or protocol cannot be reached now: a hint, not to be obeyed (RFC 1122 section 4.2.3.9).</summary>
    Soft,

    /// <summary>The protocol or port is not served there.</summary>
    Refused,

    /// <summary>Too large for a link on the way, and not to be cut up (RFC 1191 section 4).</summary>
    TooLarge,
}
