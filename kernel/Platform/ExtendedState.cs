using System;
using System.Runtime;
using System.Runtime.CompilerServices;

namespace HyperOS.Platform;

/// <summary>XSAVE and XRSTOR, or FXSAVE and FXRSTOR, of all that XCR0 enables, of areas that are 64-byte aligned; and the one use that the kernel makes of AVX.</summary>
public static unsafe class ExtendedState
{
    // Cleared with interrupts off: some microseconds.
    private const int ClearedAtOnce = 64 * 1024;

    /// <summary>Whether processors have AVX and no AVX-512, the upper half of whose ZMM0 would be lost. Set once, when they are known.</summary>
    public static bool ClearsByAvx { get; set; }

    [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "ExtendedStateClear")]
    private static extern void ClearByAvx(byte* start, nuint bytes);

    [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "ExtendedStateSave")]
    private static extern void SaveExtended(byte* area);

    [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "ExtendedStateRestore")]
    private static extern void RestoreExtended(byte* area);

    [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "FpuStateSave")]
    private static extern void SaveFpu(byte* area);

    [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "FpuStateRestore")]
    private static extern void RestoreFpu(byte* area);

    /// <summary>
    /// Fills whole pages with zeros. Half as many stores as without AVX; the YMM registers and XCR0, which stay a guest's between two exits, are put
    /// back before anything else can run on the processor.
    /// </summary>
    public static void ClearPages(Span<byte> pages)
    {
        if (!ClearsByAvx)
        {
            pages.Clear();
            return;
        }
        while (pages.Length > 0)
        {
            int count = Math.Min(pages.Length, ClearedAtOnce);
            bool interrupts = Cpu.SaveAndDisableInterrupts();
            fixed (byte* start = pages[..count])
                ClearByAvx(start, (nuint)count);
            Cpu.RestoreInterrupts(interrupts);
            pages = pages[count..];
        }
    }

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
