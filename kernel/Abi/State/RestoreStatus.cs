namespace HyperOS.Abi.State;

/// <summary>What became of restoring a device from its saved record. A record that is refused leaves the device as it was.</summary>
public enum RestoreStatus
{
    /// <summary>The device is as it was when it was saved.</summary>
    Restored,

    /// <summary>The record's version is none that this build knows.</summary>
    UnknownVersion,

    /// <summary>A value lies outside what the device can hold.</summary>
    InvalidValue,
}
