using System;
using System.Runtime;
using System.Runtime.CompilerServices;

namespace HyperOS.Platform;

/// <summary>XSAVE and XRSTOR, or FXSAVE and FXRSTOR, of all that XCR0 enables. Areas are 64-byte aligned.</summary>
public static unsafe class ExtendedState
{
    [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "ExtendedStateSave")]
    private static extern void SaveExtended(byte* area);

    [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "ExtendedStateRestore")]
    private static extern void RestoreExtended(byte* area);

    [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "FpuStateSave")]
    private static extern void SaveFpu(byte* area);

    [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "FpuStateRestore")]
    private static extern void RestoreFpu(byte* area);

    public static void Save(Span<byte> area, bool extended)
    {
        fixed (byte* start = area)
        {
            if (extended)
                SaveExtended(start);
            else
                SaveFpu(start);
        }
    }

    public static void Restore(Span<byte> area, bool extended)
    {
        fixed (byte* start = area)
        {
            if (extended)
                RestoreExtended(start);
            else
                RestoreFpu(start);
        }
    }
}
