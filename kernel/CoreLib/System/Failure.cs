using System.Runtime;
using System.Runtime.CompilerServices;

namespace System;

/// <summary>Why managed code could not go on. There are no exceptions: each of these ends in the kernel's fault handling.</summary>
public enum FailureKind
{
    IndexOutOfRange = 1,
    ArgumentOutOfRange,
    Overflow,
    DivideByZero,
    NullReference,
    InvalidCast,
    ArrayTypeMismatch,
    OutOfMemory,
    UnhandledThrow,
    UnmatchedSwitch,
    InvalidProgram,
    FailFast,
}

/// <summary>The two things the core library needs of the kernel above it: somewhere to fail to, and memory for objects.</summary>
public static unsafe class Failure
{
    /// <summary>Does not return. Implemented by Diagnostics through the assembly shim, which records the caller's registers.</summary>
    [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "KernelFail")]
    public static extern void Fail(FailureKind kind);

    /// <summary>Zeroed memory from the current arena, 16-byte aligned; fails rather than returning null. Implemented by Memory.</summary>
    [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "KernelAllocate")]
    internal static extern void* Allocate(ulong bytes);
}
