using System;

namespace HyperOS.Specs.Amd;

/// <summary>The quadword at VMCB offset 068h. AMD APM vol. 2, appendix "Layout of VMCB".</summary>
[Flags]
public enum InterruptShadow : ulong
{
    /// <summary>The guest is in the shadow of STI, MOV SS or POP SS.</summary>
    INTERRUPT_SHADOW = 1ul << 0,

    /// <summary>RFLAGS.IF of an SEV-ES guest, whose RFLAGS cannot be seen.</summary>
    GUEST_INTERRUPT_MASK = 1ul << 1,
}
