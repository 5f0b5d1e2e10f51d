using System;

namespace HyperOS.Specs.Intel;

/// <summary>IA32_VMX_BASIC. Intel SDM vol. 3, appendix "Basic VMX Information".</summary>
[Flags]
public enum VmxBasic : ulong
{
    /// <summary>Mask of the VMCS revision identifier.</summary>
    RevisionMask = 0x7FFFFFFF,

    /// <summary>Mask of the size of VMXON region and VMCS, in bytes.</summary>
    RegionSizeMask = 0x1FFFul << 32,

    /// <summary>Physical addresses in the VMCS are of 32 bits.</summary>
    Address32Bit = 1ul << 48,

    /// <summary>Dual-monitor treatment of SMM.</summary>
    DualMonitor = 1ul << 49,

    /// <summary>Mask of the <see cref="MemoryType"/> for VMCS accesses.</summary>
    MemoryTypeMask = 0xFul << 50,

    /// <summary>Instruction information of INS and OUTS.</summary>
    InsOutsInformation = 1ul << 54,

    /// <summary>The TRUE capability MSRs are there: default-1 controls may be 0.</summary>
    TrueControls = 1ul << 55,

    /// <summary>Injected hardware exceptions may have or lack an error code freely.</summary>
    AnyErrorCode = 1ul << 56,

    /// <summary>Nested-exception bits.</summary>
    NestedException = 1ul << 58,
}
