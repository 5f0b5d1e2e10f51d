using System;

namespace HyperOS.Specs.Virtio;

/// <summary>How far driver and device have come with each other. Virtio 1.2, section "Device Status Field".</summary>
[Flags]
public enum VirtioStatus : byte
{
    /// <summary>Writing this resets the device.</summary>
    None = 0,

    /// <summary>The guest has seen the device.</summary>
    ACKNOWLEDGE = 1,

    /// <summary>It has a driver for it.</summary>
    DRIVER = 2,

    /// <summary>The driver is ready.</summary>
    DRIVER_OK = 4,

    /// <summary>The driver has accepted features; stays clear where the device does not agree.</summary>
    FEATURES_OK = 8,

    /// <summary>The device met what it cannot go on from.</summary>
    DEVICE_NEEDS_RESET = 64,

    /// <summary>The guest has given up on the device.</summary>
    FAILED = 128,
}
