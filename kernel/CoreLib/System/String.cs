using System.Runtime.CompilerServices;
using Internal.Runtime.CompilerHelpers;

namespace System;

/// <summary>A compiler-made UTF-16 literal. The kernel formats UTF-8 into spans; strings are never built at run time.</summary>
public sealed class String
{
    private readonly int _stringLength;
    private char _firstChar;

    private String() { }

    public int Length { [Intrinsic] get => _stringLength; }

    [IndexerName("Chars")]
    public char this[int index]
    {
        [Intrinsic]
        get
        {
            if ((uint)index >= (uint)_stringLength)
                ThrowHelpers.ThrowIndexOutOfRangeException();
            return Unsafe.Add(ref _firstChar, index);
        }
    }

    public ref readonly char GetPinnableReference() => ref _firstChar;

    public static bool Equals(string? left, string? right)
    {
        if ((object?)left == (object?)right)
            return true;
        if (left is null || right is null || left.Length != right.Length)
            return false;
        for (int i = 0; i < left.Length; i++)
        {
            if (left[i] != right[i])
                return false;
        }
        return true;
    }

    public static bool operator ==(string? left, string? right) => Equals(left, right);

    public static bool operator !=(string? left, string? right) => !Equals(left, right);

    public override bool Equals(object? other) => other is string text && Equals(this, text);

    public override int GetHashCode() => _stringLength;

    public static implicit operator ReadOnlySpan<char>(string? value) =>
        value is null ? default : new ReadOnlySpan<char>(ref value._firstChar, value._stringLength);
}
