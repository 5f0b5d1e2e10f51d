using System;
using System.Runtime;
using System.Runtime.CompilerServices;

namespace HyperOS.Platform;

/// <summary>XSAVE and XRSTOR, or FXSAVE and FXRSTOR, of all that XCR0 enables, of areas that are 64-byte aligned; and the uses that the kernel makes of AVX.</summary>
public static unsafe class ExtendedState
{
    // Filled with interrupts off: some microseconds.
    private const int FilledAtOnce = 64 * 1024;

    // What is filled by a round of stores.
    private const int Round = 2048;

    /// <summary>Whether processors have AVX and no AVX-512, the upper half of whose ZMM0 would be lost. Set once, when they are known.</summary>
    public static bool FillsByAvx { get; set; }

    [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "ExtendedStateFill")]
    private static extern void FillByAvx(byte* start, nuint bytes, byte* source);

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
        if (!FillsByAvx)
        {
            pages.Clear();
            return;
        }
        while (pages.Length > 0)
        {
            int count = Math.Min(pages.Length, FilledAtOnce);
            bool interrupts = Cpu.SaveAndDisableInterrupts();
            fixed (byte* start = pages[..count])
                FillByAvx(start, (nuint)count, null);
            Cpu.RestoreInterrupts(interrupts);
            pages = pages[count..];
        }
    }

    /// <summary>Copies into as many bytes, which do not overlap the source: by AVX in the same way, where it is worth the while.</summary>
    public static void Copy(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        while (FillsByAvx && source.Length >= Round)
        {
            int count = Math.Min(source.Length, FilledAtOnce) & ~(Round - 1);
            Span<byte> part = destination[..count];
            bool interrupts = Cpu.SaveAndDisableInterrupts();
            fixed (byte* from = source)
            fixed (byte* to = part)
                FillByAvx(to, (nuint)count, from);
            Cpu.RestoreInterrupts(interrupts);
            source = source[count..];
            destination = destination[count..];
        }
        source.CopyTo(destination);
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
