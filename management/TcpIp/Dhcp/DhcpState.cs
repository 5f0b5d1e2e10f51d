namespace HyperOS.Management.TcpIp;

/// <summary>Where a client is with its lease (RFC 2131 section 4.4, figure 5).</summary>
public enum DhcpState
{
    /// <summary>Not started, or stopped.</summary>
    Stopped,

    /// <summary>Asks whether there is a server.</summary>
    Selecting,

    /// <summary>Asks one for the address that it offered.</summary>
    Requesting,

    /// <summary>Has the address, and asks whether somebody uses it.</summary>
    Probing,

    /// <summary>Has the address.</summary>
    Bound,

    /// <summary>Has the address, and asks its server for more time.</summary>
    Renewing,

    /// <summary>Has the address, and asks any server for more time.</summary>
    Rebinding,
}
