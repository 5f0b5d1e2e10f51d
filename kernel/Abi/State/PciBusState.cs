namespace HyperOS.Abi.State;

/// <summary>Saved state of a guest's PCI bus; its functions have records of their own.</summary>
public struct PciBusState
{
    public const uint CurrentVersion = 1;

    public uint Version;

    /// <summary>CONFIG_ADDRESS.</summary>
    public uint ConfigurationAddress;
}
