using HyperOS.Specs.X86;

namespace HyperOS.Emulation;

/// <summary>The control registers of a vCPU that decide what it may write to one another.</summary>
public struct ControlRegisters
{
    /// <summary>CR0.</summary>
    public Cr0 CR0;

    /// <summary>CR3: its PCID field is looked at.</summary>
    public ulong CR3;

    /// <summary>CR4.</summary>
    public Cr4 CR4;

    /// <summary>As the guest sees it: without SVME.</summary>
    public Efer EFER;

    /// <summary>XCR0.</summary>
    public Xcr0 XCR0;

    /// <summary>The code segment is 64-bit (CS.L, in long mode).</summary>
    public bool IsCode64Bit;
}
