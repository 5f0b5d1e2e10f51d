namespace HyperOS.Emulation;

/// <summary>Whether processors with VT-x that can serve guests' local APICs do so.</summary>
public enum ApicVirtualization : byte
{
    /// <summary>Where it works.</summary>
    Auto,

    On,
    Off,
}
