using System.Runtime;
using System.Runtime.CompilerServices;

namespace System.Threading;

/// <summary>Each is one locked instruction: ILC expands the intrinsics, whose bodies therefore call themselves.</summary>
public static class Interlocked
{
    [Intrinsic] public static int CompareExchange(ref int location, int value, int comparand) => CompareExchange(ref location, value, comparand);
    [Intrinsic] public static long CompareExchange(ref long location, long value, long comparand) => CompareExchange(ref location, value, comparand);
    [Intrinsic] public static int Exchange(ref int location, int value) => Exchange(ref location, value);
    [Intrinsic] public static long Exchange(ref long location, long value) => Exchange(ref location, value);
    [Intrinsic] private static int ExchangeAdd(ref int location, int value) => ExchangeAdd(ref location, value);
    [Intrinsic] private static long ExchangeAdd(ref long location, long value) => ExchangeAdd(ref location, value);
    [Intrinsic] public static void MemoryBarrier() => MemoryBarrier();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint CompareExchange(ref uint location, uint value, uint comparand) =>
        (uint)CompareExchange(ref Unsafe.As<uint, int>(ref location), (int)value, (int)comparand);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong CompareExchange(ref ulong location, ulong value, ulong comparand) =>
        (ulong)CompareExchange(ref Unsafe.As<ulong, long>(ref location), (long)value, (long)comparand);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Exchange(ref uint location, uint value) => (uint)Exchange(ref Unsafe.As<uint, int>(ref location), (int)value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Exchange(ref ulong location, ulong value) => (ulong)Exchange(ref Unsafe.As<ulong, long>(ref location), (long)value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Add(ref int location, int value) => ExchangeAdd(ref location, value) + value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long Add(ref long location, long value) => ExchangeAdd(ref location, value) + value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Add(ref uint location, uint value) => (uint)Add(ref Unsafe.As<uint, int>(ref location), (int)value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Add(ref ulong location, ulong value) => (ulong)Add(ref Unsafe.As<ulong, long>(ref location), (long)value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Increment(ref int location) => ExchangeAdd(ref location, 1) + 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long Increment(ref long location) => ExchangeAdd(ref location, 1) + 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Decrement(ref int location) => ExchangeAdd(ref location, -1) - 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long Decrement(ref long location) => ExchangeAdd(ref location, -1) - 1;

    [Intrinsic]
    public static uint Or(ref uint location, uint value)
    {
        for (uint seen = Volatile.Read(ref location); ;)
        {
            uint before = CompareExchange(ref location, seen | value, seen);
            if (before == seen)
                return before;
            seen = before;
        }
    }

    [Intrinsic]
    public static uint And(ref uint location, uint value)
    {
        for (uint seen = Volatile.Read(ref location); ;)
        {
            uint before = CompareExchange(ref location, seen & value, seen);
            if (before == seen)
                return before;
            seen = before;
        }
    }

    [Intrinsic]
    public static ulong Or(ref ulong location, ulong value)
    {
        for (ulong seen = Volatile.Read(ref location); ;)
        {
            ulong before = CompareExchange(ref location, seen | value, seen);
            if (before == seen)
                return before;
            seen = before;
        }
    }

    [Intrinsic]
    public static ulong And(ref ulong location, ulong value)
    {
        for (ulong seen = Volatile.Read(ref location); ;)
        {
            ulong before = CompareExchange(ref location, seen & value, seen);
            if (before == seen)
                return before;
            seen = before;
        }
    }
}

/// <summary>Acquire reads and release writes; on x86-64 plain moves that the compiler may not reorder or drop.</summary>
public static class Volatile
{
    private struct VolatileByte { public volatile byte Value; }
    private struct VolatileUInt16 { public volatile ushort Value; }
    private struct VolatileInt32 { public volatile int Value; }
    private struct VolatileUInt32 { public volatile uint Value; }
    private struct VolatileIntPtr { public volatile nint Value; }
    private struct VolatileObject { public volatile object? Value; }

    [Intrinsic] public static void ReadBarrier() => ReadBarrier();
    [Intrinsic] public static void WriteBarrier() => WriteBarrier();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Read(ref readonly bool location) => Unsafe.As<bool, VolatileByte>(ref Unsafe.AsRef(in location)).Value != 0;
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte Read(ref readonly byte location) => Unsafe.As<byte, VolatileByte>(ref Unsafe.AsRef(in location)).Value;
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ushort Read(ref readonly ushort location) => Unsafe.As<ushort, VolatileUInt16>(ref Unsafe.AsRef(in location)).Value;
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Read(ref readonly int location) => Unsafe.As<int, VolatileInt32>(ref Unsafe.AsRef(in location)).Value;
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Read(ref readonly uint location) => Unsafe.As<uint, VolatileUInt32>(ref Unsafe.AsRef(in location)).Value;
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long Read(ref readonly long location) => Unsafe.As<long, VolatileIntPtr>(ref Unsafe.AsRef(in location)).Value;
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Read(ref readonly ulong location) => (ulong)Unsafe.As<ulong, VolatileIntPtr>(ref Unsafe.AsRef(in location)).Value;
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Read<T>(ref readonly T location) where T : class? =>
        Unsafe.As<T>(Unsafe.As<T, VolatileObject>(ref Unsafe.AsRef(in location)).Value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(ref bool location, bool value) => Unsafe.As<bool, VolatileByte>(ref location).Value = value ? (byte)1 : (byte)0;
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(ref byte location, byte value) => Unsafe.As<byte, VolatileByte>(ref location).Value = value;
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(ref ushort location, ushort value) => Unsafe.As<ushort, VolatileUInt16>(ref location).Value = value;
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(ref int location, int value) => Unsafe.As<int, VolatileInt32>(ref location).Value = value;
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(ref uint location, uint value) => Unsafe.As<uint, VolatileUInt32>(ref location).Value = value;
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(ref long location, long value) => Unsafe.As<long, VolatileIntPtr>(ref location).Value = (nint)value;
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(ref ulong location, ulong value) => Unsafe.As<ulong, VolatileIntPtr>(ref location).Value = (nint)value;
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write<T>(ref T location, T value) where T : class? => Unsafe.As<T, VolatileObject>(ref location).Value = value;
}

public static class Thread
{
    /// <summary>Tells the processor that this is a spin-wait loop (PAUSE), so many times.</summary>
    public static void SpinWait(int iterations)
    {
        for (int i = 0; i < iterations; i++)
            Pause();
    }

    [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "KernelPause")]
    private static extern void Pause();
}
