using System;
using HyperOS.Specs.Intel;

namespace HyperOS.Emulation;

/// <summary>Why a VM entry failed: a field of the VMCS that is wrong.</summary>
public readonly ref struct VmxEntryFault
{
    /// <summary>The field.</summary>
    public readonly VmcsField Field;

    /// <summary>What it holds.</summary>
    public readonly ulong Value;

    /// <summary>The rule that it breaks, in UTF-8.</summary>
    public readonly ReadOnlySpan<byte> Rule;

    public VmxEntryFault(VmcsField field, ulong value, ReadOnlySpan<byte> rule)
    {
        Field = field;
        Value = value;
        Rule = rule;
    }
}
