using System.Runtime.CompilerServices;

namespace HyperOS.Abi.State;

/// <summary>An entry of an MSI-X table. PCI Local Bus Specification 3.0, "MSI-X Table Entries".</summary>
public struct MsixVectorState
{
    public ulong Address;
    public uint Data;

    /// <summary>Vector control.</summary>
    public uint Control;
}

/// <summary>The MSI-X table of a guest's PCI function: as many vectors as one may have.</summary>
[InlineArray(Count)]
public struct MsixVectors
{
    public const int Count = 64;

    private MsixVectorState _first;
}

/// <summary>Saved state of a guest's PCI function: its configuration space as the guest reads it, and its MSI-X table.</summary>
public struct PciFunctionState
{
    public const uint CurrentVersion = 1;

    public uint Version;

    /// <summary>The device wants its INTx pin asserted.</summary>
    public bool Interrupt;

    public Bytes256 Configuration;

    /// <summary>MSI-X pending bits.</summary>
    public ulong Pending;

    public MsixVectors Vectors;
}
