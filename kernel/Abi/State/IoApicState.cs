using System.Runtime.CompilerServices;

namespace HyperOS.Abi.State;

/// <summary>The redirection table of an I/O APIC: 82093AA data sheet, "I/O Redirection Table Registers".</summary>
[InlineArray(Count)]
public struct RedirectionTable
{
    public const int Count = 24;

    private ulong _first;
}

/// <summary>Saved state of an I/O APIC.</summary>
public struct IoApicState
{
    public const uint CurrentVersion = 1;

    public uint Version;

    /// <summary>IOREGSEL.</summary>
    public byte Select;

    /// <summary>IOAPICID bits 27:24.</summary>
    public byte Id;

    /// <summary>Levels of the pins, one bit each.</summary>
    public uint Inputs;

    /// <summary>The entries as the guest reads them, with their remote IRR.</summary>
    public RedirectionTable Redirections;
}
