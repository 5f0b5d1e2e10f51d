using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Internal.Runtime;

namespace System;

/// <summary>Root of all reference types. The one field is the MethodTable pointer that compiled code expects first.</summary>
public unsafe class Object
{
    internal MethodTable* _methodTable;

    public Object() { }

    ~Object() { }

    public virtual bool Equals(object? other) => (object)this == other;

    public virtual int GetHashCode() => 0;

    public virtual string? ToString() => null;

    [StructLayout(LayoutKind.Sequential)]
    private sealed class RawData { public byte Data; }

    internal ref byte GetRawData() => ref Unsafe.As<RawData>(this).Data;
}

public abstract class ValueType { }

public abstract class Enum : ValueType { }

public abstract class Type
{
    /// <summary>Demanded by the compiler for attributes that name a type; there is no reflection.</summary>
    public static Type? GetTypeFromHandle(RuntimeTypeHandle handle) => null;
}

internal sealed class RuntimeType : Type { }

public struct RuntimeTypeHandle { private IntPtr _value; }

public struct RuntimeMethodHandle { private IntPtr _value; }

public struct RuntimeFieldHandle { private IntPtr _value; }

public ref struct TypedReference
{
    private ref byte _value;
    private RuntimeTypeHandle _type;
}

public interface IDisposable { void Dispose(); }

public interface IEquatable<T> { bool Equals(T? other); }
