namespace HyperOS.Specs.Intel;

/// <summary>Intel SDM vol. 3, "INVVPID - Invalidate Translations Based on VPID".</summary>
public enum InvvpidType : ulong
{
    /// <summary>Of the descriptor's VPID and linear address.</summary>
    IndividualAddress = 0,

    /// <summary>Of the descriptor's VPID.</summary>
    SingleContext = 1,

    /// <summary>Of all VPIDs but 0000h.</summary>
    AllContext = 2,

    /// <summary>Of the descriptor's VPID, but for global ones.</summary>
    SingleContextRetainingGlobals = 3,
}
