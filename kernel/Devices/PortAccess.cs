namespace HyperOS.Devices;

/// <summary>Whether a device answered an access by a guest.</summary>
public enum PortAccess
{
    /// <summary>A device answered.</summary>
    Claimed,

    /// <summary>Nobody answers there: reads give all ones, writes are dropped.</summary>
    Unclaimed,
}
