namespace System;

// The compiler knows what these do; the core library only has to declare them and their limits.

public struct Void { }

public struct Boolean { private bool _value; }

public struct Char
{
    private char _value;
    public const char MaxValue = '\uFFFF';
}

public struct SByte
{
    private sbyte _value;
    public const sbyte MaxValue = 0x7F;
    public const sbyte MinValue = -0x80;
}

public struct Byte : IEquatable<byte>
{
    private byte _value;
    public const byte MaxValue = 0xFF;
    public const byte MinValue = 0;

    public readonly bool Equals(byte other) => _value == other;
}

public struct Int16
{
    private short _value;
    public const short MaxValue = 0x7FFF;
    public const short MinValue = -0x8000;
}

public struct UInt16
{
    private ushort _value;
    public const ushort MaxValue = 0xFFFF;
    public const ushort MinValue = 0;
}

public struct Int32
{
    private int _value;
    public const int MaxValue = 0x7FFFFFFF;
    public const int MinValue = unchecked((int)0x80000000);
}

public struct UInt32
{
    private uint _value;
    public const uint MaxValue = 0xFFFFFFFF;
    public const uint MinValue = 0;
}

public struct Int64
{
    private long _value;
    public const long MaxValue = 0x7FFFFFFFFFFFFFFF;
    public const long MinValue = unchecked((long)0x8000000000000000);
}

public struct UInt64
{
    private ulong _value;
    public const ulong MaxValue = 0xFFFFFFFFFFFFFFFF;
    public const ulong MinValue = 0;
}

public unsafe struct IntPtr
{
    private void* _value;
    public static int Size => 8;
}

public unsafe struct UIntPtr
{
    private void* _value;
    public static int Size => 8;
}

public struct Single { private float _value; }

public struct Double { private double _value; }

public struct Nullable<T> where T : struct
{
    private readonly bool hasValue;
    internal T value;

    public Nullable(T value)
    {
        hasValue = true;
        this.value = value;
    }

    public readonly bool HasValue => hasValue;

    public readonly T Value
    {
        get
        {
            if (!hasValue)
                Failure.Fail(FailureKind.NullReference);
            return value;
        }
    }

    public readonly T GetValueOrDefault() => value;

    public static implicit operator T?(T value) => new Nullable<T>(value);
}

public struct ValueTuple<T1, T2>
{
    public T1 Item1;
    public T2 Item2;

    public ValueTuple(T1 item1, T2 item2)
    {
        Item1 = item1;
        Item2 = item2;
    }
}

public struct ValueTuple<T1, T2, T3>
{
    public T1 Item1;
    public T2 Item2;
    public T3 Item3;

    public ValueTuple(T1 item1, T2 item2, T3 item3)
    {
        Item1 = item1;
        Item2 = item2;
        Item3 = item3;
    }
}

public readonly struct Index
{
    private readonly int _value;

    public Index(int value, bool fromEnd = false) => _value = fromEnd ? ~value : value;

    public int GetOffset(int length) => _value < 0 ? length + _value + 1 : _value;

    public static implicit operator Index(int value) => new(value);
}

public readonly struct Range
{
    public Range(Index start, Index end)
    {
        Start = start;
        End = end;
    }

    public Index Start { get; }

    public Index End { get; }
}
