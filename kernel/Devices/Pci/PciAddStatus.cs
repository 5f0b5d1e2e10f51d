namespace HyperOS.Devices;

/// <summary>What became of putting a function on a bus.</summary>
public enum PciAddStatus
{
    Added,

    /// <summary>The device or function number is out of range.</summary>
    BadNumber,

    /// <summary>There is one already.</summary>
    Taken,

    /// <summary>The device has no function 0 yet, without which the others are not seen.</summary>
    NoFirstFunction,

    /// <summary>The windows have no room for its base address registers.</summary>
    NoRoom,
}
