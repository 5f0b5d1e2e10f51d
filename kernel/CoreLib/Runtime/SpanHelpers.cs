using System.Runtime;
using System.Runtime.CompilerServices;

namespace System;

internal static unsafe class SpanHelpers
{
    [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "memmove")]
    private static extern void* CopyBytes(void* destination, void* source, nuint bytes);

    [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "memset")]
    private static extern void* FillBytes(void* destination, int value, nuint bytes);

    [RuntimeExport("RhSpanHelpers_MemCopy")]
    internal static void Memmove(ref byte destination, ref byte source, nuint bytes) =>
        CopyBytes(Unsafe.AsPointer(ref destination), Unsafe.AsPointer(ref source), bytes);

    [RuntimeExport("RhSpanHelpers_MemSet")]
    internal static void Fill(ref byte destination, byte value, nuint bytes) => FillBytes(Unsafe.AsPointer(ref destination), value, bytes);

    [RuntimeExport("RhSpanHelpers_MemZero")]
    internal static void ClearWithoutReferences(ref byte destination, nuint bytes) => FillBytes(Unsafe.AsPointer(ref destination), 0, bytes);
}
