using System.Runtime.CompilerServices;
using HyperOS.Specs.X86;

namespace HyperOS.Emulation;

/// <summary>DR0 to DR3.</summary>
[InlineArray(DebugBreakpoints.Count)]
public struct DebugAddresses
{
    private ulong _first;
}

/// <summary>
/// A vCPU's breakpoints, as accesses see them that the processor does not make itself. AMD APM vol. 2, "Breakpoints"; Intel SDM vol. 3B, "Debug Registers".
/// </summary>
public struct DebugBreakpoints
{
    internal const int Count = 4;

    // R/W fields of DR7.
    private const ulong OnExecution = 0, OnWrite = 1, OnPort = 2;

    private Dr7 _control;

    /// <summary>Where they are.</summary>
    public DebugAddresses Addresses;

    /// <summary>Whether any that is enabled is on data or ports: only then there is something to match.</summary>
    public bool Watches { get; private set; }

    /// <summary>DR7, of which the processor has one as well.</summary>
    public Dr7 Control
    {
        readonly get => _control;
        set
        {
            _control = value;
            Watches = false;
            for (int i = 0; i < Count; i++)
                Watches |= IsEnabled(i) && Kind(i) != OnExecution;
        }
    }

    /// <summary>Those that an access to data meets.</summary>
    /// <param name="linear">Its first byte.</param>
    /// <param name="size">In bytes.</param>
    /// <param name="write">It writes, and perhaps reads as well.</param>
    public readonly Dr6 MatchData(ulong linear, int size, bool write)
    {
        Dr6 met = 0;
        for (int i = 0; i < Count; i++)
        {
            if (IsEnabled(i) && Kind(i) is not (OnExecution or OnPort) && (write || Kind(i) != OnWrite) && Overlaps(i, linear, size))
                met |= (Dr6)((ulong)Dr6.B0 << i);
        }
        return met;
    }

    /// <summary>Those that an access to ports meets, where CR4.DE says that there are such.</summary>
    public readonly Dr6 MatchPort(ushort port, int size, Cr4 cr4)
    {
        Dr6 met = 0;
        for (int i = 0; i < Count && (cr4 & Cr4.DE) != 0; i++)
        {
            if (IsEnabled(i) && Kind(i) == OnPort && Overlaps(i, port, size))
                met |= (Dr6)((ulong)Dr6.B0 << i);
        }
        return met;
    }

    private readonly bool IsEnabled(int number) => ((ulong)_control >> 2 * number & 3) != 0;

    private readonly ulong Kind(int number) => (ulong)_control >> 16 + 4 * number & 3;

    // The processor leaves out as many low bits of the address as the length covers.
    private readonly bool Overlaps(int number, ulong first, int size)
    {
        ulong length = ((ulong)_control >> 18 + 4 * number & 3) switch { 0 => 1, 1 => 2, 2 => 8, _ => 4 };
        ulong start = Addresses[number] & ~(length - 1);
        return unchecked(first - start) < length || unchecked(start - first) < (ulong)size;
    }
}
