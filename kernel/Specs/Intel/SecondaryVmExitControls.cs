using System;

namespace HyperOS.Specs.Intel;

/// <summary>Intel SDM vol. 3, "VM-Exit Controls": the secondary ones.</summary>
[Flags]
public enum SecondaryVmExitControls : ulong
{
    /// <summary>FRED state is saved.</summary>
    SaveFredState = 1ul << 0,

    /// <summary>FRED state is loaded.</summary>
    LoadFredState = 1ul << 1,

    /// <summary>Reports an exit that left a shadow stack busy.</summary>
    PrematurelyBusyShadowStack = 1ul << 3,
}
