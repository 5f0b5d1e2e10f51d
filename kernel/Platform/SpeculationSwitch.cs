using System.Runtime;
using System.Runtime.CompilerServices;

namespace HyperOS.Platform;

/// <summary>What the world switches do against leaks by speculation: the macros of Speculation.inc look here.</summary>
public static class SpeculationSwitch
{
    [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "SpeculationChoose")]
    private static extern void ChooseHooks(uint hooks, ulong hostSpecCtrl);

    /// <summary>Chooses them for all processors, before the first world switch.</summary>
    /// <param name="hooks">Bits of HyperOS.Emulation.SpeculationHooks.</param>
    /// <param name="hostSpecCtrl">IA32_SPEC_CTRL while the host runs.</param>
    public static void Choose(uint hooks, ulong hostSpecCtrl) => ChooseHooks(hooks, hostSpecCtrl);
}
