using System;

namespace HyperOS.Specs.Intel;

/// <summary>IA32_FEATURE_CONTROL. Intel SDM vol. 3, "Enabling and Entering VMX Operation"; vol. 4.</summary>
[Flags]
public enum FeatureControl : ulong
{
    /// <summary>Writes are #GP until reset; VMXON needs it set.</summary>
    Lock = 1ul << 0,

    /// <summary>VMXON in SMX operation.</summary>
    VmxInsideSmx = 1ul << 1,

    /// <summary>VMXON outside SMX operation.</summary>
    VmxOutsideSmx = 1ul << 2,

    /// <summary>SGX launch control.</summary>
    SgxLaunchControl = 1ul << 17,

    /// <summary>SGX.</summary>
    SgxGlobal = 1ul << 18,

    /// <summary>Local machine checks.</summary>
    Lmce = 1ul << 20,
}
