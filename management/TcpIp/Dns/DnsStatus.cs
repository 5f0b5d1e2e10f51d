namespace HyperOS.Management.TcpIp;

/// <summary>What came of a question for a name.</summary>
public enum DnsStatus
{
    /// <summary>The addresses are there.</summary>
    Found,

    /// <summary>There is no such name, or it has no IPv4 address.</summary>
    NotFound,

    /// <summary>It is no host's name: letters, digits, hyphens and points, at most 253.</summary>
    BadName,

    /// <summary>No name server is known, or none of them has answered usefully.</summary>
    NoAnswer,
}
