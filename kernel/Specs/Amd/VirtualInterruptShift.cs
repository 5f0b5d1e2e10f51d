namespace HyperOS.Specs.Amd;

/// <summary>Positions of the numeric fields of <see cref="VirtualInterruptControl"/>, in bits.</summary>
public static class VirtualInterruptShift
{
    /// <summary>Of V_TPR.</summary>
    public const int V_TPR = 0;

    /// <summary>Of V_INTR_PRIO.</summary>
    public const int V_INTR_PRIO = 16;

    /// <summary>Of V_INTR_VECTOR.</summary>
    public const int V_INTR_VECTOR = 32;
}
