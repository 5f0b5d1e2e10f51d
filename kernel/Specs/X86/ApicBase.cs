using System;

namespace HyperOS.Specs.X86;

/// <summary>IA32_APIC_BASE; the base address is in the bits from 12 up. Intel SDM vol. 3A, "Local APIC Status and Location".</summary>
[Flags]
public enum ApicBase : ulong
{
    /// <summary>The bootstrap processor.</summary>
    BSP = 1ul << 8,

    /// <summary>x2APIC mode.</summary>
    EXTD = 1ul << 10,

    /// <summary>The APIC is on.</summary>
    EN = 1ul << 11,
}
