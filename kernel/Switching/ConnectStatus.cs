namespace HyperOS.Switching;

/// <summary>What became of connecting a device to a switch.</summary>
public enum ConnectStatus
{
    Connected,

    /// <summary>All ports are in use.</summary>
    NoPort,

    /// <summary>The switch's address table has not as many entries left.</summary>
    NoAddresses,

    /// <summary>A device's address cannot be a group's or zero.</summary>
    BadAddress,
}
