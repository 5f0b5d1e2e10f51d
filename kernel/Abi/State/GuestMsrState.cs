using System.Runtime.CompilerServices;

namespace HyperOS.Abi.State;

/// <summary>Saved values of a vCPU's MSRs that are stored without effect: MTRRs, machine check registers, HWCR.</summary>
public struct GuestMsrState
{
    /// <summary>The version that this build writes.</summary>
    public const uint CurrentVersion = 1;

    /// <summary>Values in a record.</summary>
    public const int ValueCount = 31;

    /// <summary>Of the record's layout.</summary>
    public uint Version;

    /// <summary>
    /// Variable MTRRs (base and mask by turns, 16), fixed MTRRs in order of address (11), MTRR default type, MCG_STATUS, MC0_CTL, HWCR.
    /// </summary>
    public ValueArray Values;

    /// <summary>The values of a record.</summary>
    [InlineArray(ValueCount)]
    public struct ValueArray
    {
        private ulong _first;
    }
}
