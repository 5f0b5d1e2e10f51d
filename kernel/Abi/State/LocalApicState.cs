using System.Runtime.CompilerServices;

namespace HyperOS.Abi.State;

/// <summary>The 64 registers of a local APIC's page, one for every 16 bytes: Intel SDM vol. 3A, "Local APIC Register Address Map".</summary>
[InlineArray(Count)]
public struct LocalApicRegisters
{
    public const int Count = 64;

    private uint _first;
}

/// <summary>Saved state of a local APIC.</summary>
public struct LocalApicState
{
    public const uint CurrentVersion = 1;

    public uint Version;

    /// <summary>What waits beside the vectors in IRR.</summary>
    public LocalApicPending Pending;

    /// <summary>Vector of a start-up IPI, where <see cref="LocalApicPending.StartUp"/> is set.</summary>
    public byte StartUpVector;

    /// <summary>Errors seen since ESR was last written.</summary>
    public uint Errors;

    /// <summary>IA32_APIC_BASE.</summary>
    public ulong ApicBase;

    /// <summary>
    /// When the timer expires: guest nanoseconds, or guest TSC ticks in TSC-deadline mode (then IA32_TSC_DEADLINE). 0: it is not armed.
    /// </summary>
    public ulong TimerDeadline;

    public LocalApicRegisters Registers;
}
