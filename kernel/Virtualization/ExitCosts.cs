using System.Runtime.CompilerServices;
using HyperOS.Abi;

namespace HyperOS.Virtualization;

/// <summary>Exits of one kind.</summary>
public struct ExitCost
{
    public ulong Count;

    /// <summary>Ticks of the time-stamp counter that the host spent: from each exit to the next entry, but for the time in which the thread waited.</summary>
    public ulong Cycles;
}

/// <summary>By <see cref="VmExitKind"/>.</summary>
[InlineArray(KindCount)]
public struct ExitCosts
{
    public const int KindCount = (int)VmExitKind.Unknown + 1;

    private ExitCost _first;
}
