using System;

namespace HyperOS.Emulation;

/// <summary>The registers that a row of the CPUID table speaks of.</summary>
[Flags]
public enum CpuidRegister : byte
{
    Eax = 1,
    Ebx = 2,
    Ecx = 4,
    Edx = 8,
    All = Eax | Ebx | Ecx | Edx,
}

/// <summary>What a row of the CPUID table does with its bits.</summary>
public enum CpuidAction : byte
{
    /// <summary>The guest sees the host's bits.</summary>
    Pass,

    /// <summary>The guest sees ones, whatever the host has: the feature is emulated.</summary>
    Force,

    /// <summary>The guest sees zeros, as it does for bits that no row names: the row gives the reason.</summary>
    Hide,

    /// <summary>A field that <see cref="CpuidPolicy"/> works out from the VM's configuration.</summary>
    Compute,

    /// <summary>As <see cref="Compute"/>, but from the vCPU's state at each answer.</summary>
    Dynamic,
}

/// <summary>A row of the CPUID table: bits of a leaf, what the guest sees there, and why.</summary>
public readonly struct CpuidRow
{
    /// <summary>EAX of the question.</summary>
    public readonly uint Leaf;

    /// <summary>ECX of the question.</summary>
    public readonly uint Subleaf;

    /// <summary>Registers of the answer that the row speaks of.</summary>
    public readonly CpuidRegister Registers;

    /// <summary>What becomes of the bits.</summary>
    public readonly CpuidAction Action;

    /// <summary>The bits, in each of the registers.</summary>
    public readonly uint Bits;

    /// <summary>The row applies where all of these hold; elsewhere its bits are zero.</summary>
    public readonly ProcessorTraits Needs;

    /// <summary>Why.</summary>
    public readonly string Reason;

    public CpuidRow(uint leaf, uint subleaf, CpuidRegister registers, CpuidAction action, uint bits, ProcessorTraits needs, string reason)
    {
        Leaf = leaf;
        Subleaf = subleaf;
        Registers = registers;
        Action = action;
        Bits = bits;
        Needs = needs;
        Reason = reason;
    }
}
