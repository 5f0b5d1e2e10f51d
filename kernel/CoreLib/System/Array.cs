using System.Runtime.CompilerServices;

namespace System;

/// <summary>A 32-bit length, 4 bytes of padding, then the elements; ILC reads the length at this very offset.</summary>
public abstract class Array
{
    internal int _length;

    private protected Array() { }

    public int Length { [Intrinsic] get => _length; }
}

internal class Array<T> : Array { }
