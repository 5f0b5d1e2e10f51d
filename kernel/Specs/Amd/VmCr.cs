namespace HyperOS.Specs.Amd;

/// <summary>Bits of MSR VM_CR. AMD APM vol. 2, "VM_CR MSR".</summary>
public static class VmCr
{
    /// <summary>Debug port disable.</summary>
    public const ulong DPD = 1ul << 0;

    /// <summary>INIT is redirected to #SX.</summary>
    public const ulong R_INIT = 1ul << 1;

    /// <summary>A20 masking off.</summary>
    public const ulong DIS_A20M = 1ul << 2;

    /// <summary>LOCK and SVMDIS are read-only.</summary>
    public const ulong LOCK = 1ul << 3;

    /// <summary>EFER.SVME must be zero.</summary>
    public const ulong SVMDIS = 1ul << 4;
}
