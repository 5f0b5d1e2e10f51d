using System;

namespace HyperOS.Specs.Intel;

/// <summary>IA32_VMX_EPT_VPID_CAP. Intel SDM vol. 3, appendix "VPID and EPT Capabilities".</summary>
[Flags]
public enum EptVpidCap : ulong
{
    /// <summary>Entries with execute alone.</summary>
    ExecuteOnly = 1ul << 0,

    /// <summary>Page walks of four levels.</summary>
    PageWalkLength4 = 1ul << 6,

    /// <summary>Page walks of five levels.</summary>
    PageWalkLength5 = 1ul << 7,

    /// <summary>EPT structures may be UC.</summary>
    EptpUC = 1ul << 8,

    /// <summary>EPT structures may be WB.</summary>
    EptpWB = 1ul << 14,

    /// <summary>PDEs may map 2 MiB.</summary>
    Page2MiB = 1ul << 16,

    /// <summary>PDPTEs may map 1 GiB.</summary>
    Page1GiB = 1ul << 17,

    /// <summary>INVEPT.</summary>
    Invept = 1ul << 20,

    /// <summary>Accessed and dirty flags.</summary>
    AccessedDirty = 1ul << 21,

    /// <summary>More in the qualification of EPT violations.</summary>
    AdvancedExitInformation = 1ul << 22,

    /// <summary>Supervisor shadow-stack control.</summary>
    SupervisorShadowStack = 1ul << 23,

    /// <summary><see cref="InveptType.SingleContext"/>.</summary>
    InveptSingleContext = 1ul << 25,

    /// <summary><see cref="InveptType.AllContext"/>.</summary>
    InveptAllContext = 1ul << 26,

    /// <summary>INVVPID.</summary>
    Invvpid = 1ul << 32,

    /// <summary><see cref="InvvpidType.IndividualAddress"/>.</summary>
    InvvpidIndividualAddress = 1ul << 40,

    /// <summary><see cref="InvvpidType.SingleContext"/>.</summary>
    InvvpidSingleContext = 1ul << 41,

    /// <summary><see cref="InvvpidType.AllContext"/>.</summary>
    InvvpidAllContext = 1ul << 42,

    /// <summary><see cref="InvvpidType.SingleContextRetainingGlobals"/>.</summary>
    InvvpidSingleContextRetainingGlobals = 1ul << 43,
}
