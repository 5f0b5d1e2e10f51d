using System;

namespace HyperOS.Abi.State;

/// <summary>What waits in a local APIC beside the vectors in IRR, and the levels of its pins.</summary>
[Flags]
public enum LocalApicPending : uint
{
    None = 0,
    Init = 0x01,
    StartUp = 0x02,
    Nmi = 0x04,

    /// <summary>An ExtINT message.</summary>
    ExternalInterrupt = 0x08,

    /// <summary>The pin is high.</summary>
    Lint0 = 0x10,

    /// <summary>The pin has risen and the edge has not been looked at.</summary>
    Lint0Edge = 0x20,
    Lint1 = 0x40,
    Lint1Edge = 0x80,
}
