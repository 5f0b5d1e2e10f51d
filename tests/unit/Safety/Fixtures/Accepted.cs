using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace HyperOS.Tests.Fixtures;

/// <summary>A structure that holds a reference, to be laid over another.</summary>
public struct AcceptedPair
{
    public object First;
}

[StructLayout(LayoutKind.Explicit, Size = 16)]
public struct AcceptedLayout
{
    [FieldOffset(0)] public uint Low;
    [FieldOffset(0)] public ulong Whole;
    [FieldOffset(8)] public AcceptedArray Bytes;
}

[InlineArray(8)]
public struct AcceptedArray
{
    private byte _first;
}

/// <summary>What safe C# compiles to: literals of all sizes, inline arrays, spans, generic structures.</summary>
public static class AcceptedLiterals
{
    private static readonly uint[] s_table = [1, 2, 3, 4, 5, 6, 7, 8];

    public static ReadOnlySpan<byte> Name => "hyperos"u8;

    public static ReadOnlySpan<byte> One => [1];

    public static ReadOnlySpan<byte> Bytes => [1, 2, 3, 4, 5];

    public static ReadOnlySpan<uint> Words => [1, 2, 3, 4];

    public static ReadOnlySpan<byte> Part => "hyperos"u8[2..5];

    public static uint Sum(ReadOnlySpan<byte> bytes)
    {
        AcceptedArray array = default;
        Span<byte> view = array;
        view[3] = bytes[0];
        array[4] = 2;
        ReadOnlySpan<int> numbers = [bytes.Length, 2, 3];
        uint sum = BinaryPrimitives.ReadUInt32LittleEndian(bytes) + s_table[array[4]] + (uint)numbers[1];
        foreach (byte value in view)
            sum += value;
        return bytes.SequenceEqual("abc"u8) ? sum : Volatile.Read(ref sum);
    }

    public static uint Stack(uint value)
    {
        Span<uint> words = stackalloc uint[256];
        Span<byte> bytes = stackalloc byte[36];
        words[3] = value;
        bytes[5] = 1;
        return words[bytes[5]];
    }

    public static int Choose(int value) => value switch { 0 => 4, 1 => 9, 2 => -3, 3 => 41, 4 => 12, 5 => 0x2900_0029, _ => 0 };

    public static bool Same<T>(T left, T right)
        where T : struct, IEquatable<T> => left.Equals(right);
}
