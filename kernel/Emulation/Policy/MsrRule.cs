namespace HyperOS.Emulation;

/// <summary>Who answers RDMSR and WRMSR.</summary>
public enum MsrHandling : byte
{
    /// <summary>Nobody: #GP.</summary>
    Fault,

    /// <summary>Hardware: the value lives in the VMCB, and the permission map lets the guest through.</summary>
    PassThrough,

    /// <summary>The policy: reads give the rule's value; writes are accepted (when they respect the reserved bits) and have no effect.</summary>
    Constant,

    /// <summary>The policy: reads give the rule's value, writes raise #GP.</summary>
    ReadOnly,

    /// <summary><see cref="GuestMsrs"/>: a stored value without effect.</summary>
    Stored,

    /// <summary>The vCPU's own state in the VMCB or the thread: EFER, PAT, TSC_AUX, SPEC_CTRL, PRED_CMD.</summary>
    VirtualProcessor,

    /// <summary>The local APIC: APIC_BASE, TSC_DEADLINE, the x2APIC range.</summary>
    LocalApic,

    /// <summary>The VM's clock: TSC, TSC_ADJUST.</summary>
    Clock,

    /// <summary>The KVM interface: clock records, steal time, PV EOI.</summary>
    Paravirtual,
}

/// <summary>What a written value is checked for, besides the reserved bits.</summary>
public enum MsrCheck : byte
{
    None,

    /// <summary>Eight memory types of the PAT: UC, WC, WT, WP, WB, UC-.</summary>
    PageAttributes,

    /// <summary>Eight memory types of MTRRs: UC, WC, WT, WP, WB.</summary>
    MemoryTypes,

    /// <summary>One MTRR memory type in bits 7:0.</summary>
    MemoryType,
}

/// <summary>How the guest meets one MSR.</summary>
public readonly struct MsrRule
{
    /// <summary>Who answers.</summary>
    public readonly MsrHandling Handling;

    /// <summary>What written values are checked for.</summary>
    public readonly MsrCheck Check;

    /// <summary>The MSR can be written and not read.</summary>
    public readonly bool WriteOnly;

    /// <summary>The rule holds where all of these do; elsewhere the MSR raises #GP.</summary>
    public readonly ProcessorTraits Needs;

    /// <summary>A write that sets one of them raises #GP.</summary>
    public readonly ulong ReservedBits;

    /// <summary>The constant, or what a stored value starts with.</summary>
    public readonly ulong Value;

    /// <summary>Why.</summary>
    public readonly string Reason;

    public MsrRule(MsrHandling handling, string reason, ulong value = 0, ulong reservedBits = 0, ProcessorTraits needs = default,
        MsrCheck check = MsrCheck.None, bool writeOnly = false)
    {
        Handling = handling;
        Reason = reason;
        Value = value;
        ReservedBits = reservedBits;
        Needs = needs;
        Check = check;
        WriteOnly = writeOnly;
    }
}
