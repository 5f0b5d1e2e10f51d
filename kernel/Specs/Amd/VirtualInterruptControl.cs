using System;

namespace HyperOS.Specs.Amd;

/// <summary>
/// The quadword at VMCB offset 060h: V_TPR in bits 7:0, V_INTR_PRIO in bits 19:16, V_INTR_VECTOR in bits 39:32, and flags. AMD APM vol. 2, appendix
/// "Layout of VMCB".
/// </summary>
[Flags]
public enum VirtualInterruptControl : ulong
{
    /// <summary>Mask of the virtual TPR: bits 3:0 are CR8 (the priority class).</summary>
    V_TPR = 0xFFul,

    /// <summary>A virtual interrupt is pending.</summary>
    V_IRQ = 1ul << 8,

    /// <summary>The value of the virtual GIF.</summary>
    VGIF = 1ul << 9,

    /// <summary>A virtual NMI is pending.</summary>
    V_NMI = 1ul << 11,

    /// <summary>Virtual NMIs are masked.</summary>
    V_NMI_MASK = 1ul << 12,

    /// <summary>Mask of the virtual interrupt's priority class.</summary>
    V_INTR_PRIO = 0xFul << 16,

    /// <summary>The virtual interrupt ignores the virtual TPR.</summary>
    V_IGN_TPR = 1ul << 20,

    /// <summary>The guest's RFLAGS.IF and CR8 do not mask physical interrupts.</summary>
    V_INTR_MASKING = 1ul << 24,

    /// <summary>STGI and CLGI act on the virtual GIF.</summary>
    V_GIF_ENABLE = 1ul << 25,

    /// <summary>NMIs are virtualized.</summary>
    V_NMI_ENABLE = 1ul << 26,

    /// <summary>AVIC in x2APIC mode.</summary>
    X2AVIC_ENABLE = 1ul << 30,

    /// <summary>AVIC.</summary>
    AVIC_ENABLE = 1ul << 31,

    /// <summary>Mask of the virtual interrupt's vector.</summary>
    V_INTR_VECTOR = 0xFFul << 32,
}
