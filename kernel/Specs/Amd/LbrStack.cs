using System.Runtime.CompilerServices;

namespace HyperOS.Specs.Amd;

/// <summary>LBR stack at state save area offset 670h: 16 pairs of FROM (even) and TO (odd). AMD APM vol. 2, appendix "Layout of VMCB".</summary>
[InlineArray(Length)]
public struct LbrStack
{
    /// <summary>In quadwords.</summary>
    public const int Length = 32;

    private ulong _first;
}
