using System.Runtime.CompilerServices;

namespace HyperOS.Specs.Amd;

/// <summary>Guest instruction bytes at VMCB offset 0D1h. AMD APM vol. 2, "Nested and intercepted #PF".</summary>
[InlineArray(Length)]
public struct GuestInstructionBytes
{
    /// <summary>The longest instruction, in bytes.</summary>
    public const int Length = 15;

    private byte _first;
}
