using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace HyperOS.Tests.Fixtures;

public static class UnsafeAs
{
    public static string Break(object value) => Unsafe.As<string>(value);
}

public static class UnsafeAdd
{
    public static ref int Break(ref int value) => ref Unsafe.Add(ref value, 1);
}

public static class Marshals
{
    public static ref byte Break(Span<byte> span) => ref MemoryMarshal.GetReference(span);
}

public static class Casts
{
    public static Span<int> Break(Span<byte> span) => MemoryMarshal.Cast<byte, int>(span);
}

public static class Collections
{
    public static Span<int> Break(List<int> list) => CollectionsMarshal.AsSpan(list);
}

public static class Vectors
{
    public static Vector128<byte> Break(ref byte value) => Vector128.LoadUnsafe(ref value);
}

public static class Uninitialised
{
    public static object Break(Type type) => RuntimeHelpers.GetUninitializedObject(type);
}

public static class PlatformCall
{
    [DllImport("libc")]
    public static extern int getpid();
}

public static class Accessor
{
    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_stringLength")]
    public static extern ref int Field(string value);
}

public unsafe struct PointerField
{
    public int* Break;
}

public unsafe struct FunctionPointerField
{
    public delegate*<int, int> Break;
}

public static unsafe class PointerParameter
{
    public static byte Break(byte* value) => 0;
}

public static unsafe class PointerReturn
{
    public static byte* Break() => null;
}

public static unsafe class PointerLocal
{
    public static int Break(int value)
    {
        int* pointer = &value;
        for (int i = 0; i < value; i++)
            pointer++;
        return *pointer + *pointer;
    }
}

public static unsafe class Pinned
{
    public static int Break(byte[] bytes)
    {
        fixed (byte* pointer = &bytes[0])
            return *pointer;
    }
}

public static unsafe class StackMemory
{
    public static int Break()
    {
        int* memory = stackalloc int[4];
        return memory[2];
    }
}

public static class StackSpan
{
    public static int Break(int length)
    {
        Span<byte> memory = stackalloc byte[length];
        return memory.Length;
    }
}

public static class StackSpanTooLarge
{
    public static int Break()
    {
        Span<uint> memory = stackalloc uint[257];
        return memory.Length;
    }
}

public static unsafe class StackSpanTooLong
{
    public static uint Break()
    {
        byte* bytes = stackalloc byte[8];
        Span<uint> memory = new(bytes, 4);
        return memory[3];
    }
}

public static unsafe class IndirectCall
{
    public static int Break() => ((delegate*<int, int>)&Next)(1);

    private static int Next(int value) => value + 1;
}

public static unsafe class SpanOfPointer
{
    public static ReadOnlySpan<byte> Break(nint address) => new((void*)address, 4);
}

public static class Catches
{
    public static int Break(int value)
    {
        try
        {
            return 1 / value;
        }
        catch (DivideByZeroException)
        {
            return 0;
        }
    }
}

public static class Filters
{
    public static int Break(int value)
    {
        try
        {
            return 1 / value;
        }
        catch (DivideByZeroException) when (value == 0)
        {
            return 0;
        }
    }
}

public static class Finally
{
    public static int Break(int[] values)
    {
        try
        {
            return values[1];
        }
        finally
        {
            values[0] = 0;
        }
    }
}

public static class Uses
{
    public static long Break()
    {
        using MemoryStream stream = new();
        return stream.Length;
    }
}

public static class Boxes
{
    public static object Break(int value) => value;
}

public static class BoxesGeneric
{
    public static string? Break<T>(T value) => value is null ? null : "";
}

[StructLayout(LayoutKind.Explicit)]
public struct Overlay
{
    [FieldOffset(0)] public string First;
    [FieldOffset(0)] public int[] Second;
}

[StructLayout(LayoutKind.Explicit)]
public struct OverlayOfStructures
{
    [FieldOffset(0)] public string First;
    [FieldOffset(0)] public AcceptedPair Second;
}
