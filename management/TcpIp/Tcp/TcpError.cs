namespace HyperOS.Management.TcpIp;

/// <summary>Why a connection ended before its time.</summary>
public enum TcpError
{
    /// <summary>It did not.</summary>
    None,

    /// <summary>The peer does not take connections at that port.</summary>
    Refused,

    /// <summary>The peer has reset it.</summary>
    Reset,

    /// <summary>The peer did not answer for too long.</summary>
    TimedOut,

    /// <summary>This side has given it up, or has lost its address.</summary>
    Aborted,
}
