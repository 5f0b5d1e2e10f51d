namespace System.Runtime.CompilerServices
{
    internal sealed class IntrinsicAttribute : Attribute { }
    public sealed class IndexerNameAttribute : Attribute { public IndexerNameAttribute(string indexerName) { } }
    public sealed class IsReadOnlyAttribute : Attribute { }
    public sealed class IsByRefLikeAttribute : Attribute { }
    public sealed class IsUnmanagedAttribute : Attribute { }
    public sealed class UnsafeValueTypeAttribute : Attribute { }
    public sealed class FixedBufferAttribute : Attribute { public FixedBufferAttribute(Type elementType, int length) { } }
    public sealed class CompilerFeatureRequiredAttribute : Attribute
    {
        public CompilerFeatureRequiredAttribute(string featureName) { }
        public bool IsOptional { get; set; }
    }
    public sealed class CompilerGeneratedAttribute : Attribute { }
    public sealed class CompilationRelaxationsAttribute : Attribute { public CompilationRelaxationsAttribute(int relaxations) { } }
    public sealed class RuntimeCompatibilityAttribute : Attribute { public bool WrapNonExceptionThrows { get; set; } }
    public sealed class ExtensionAttribute : Attribute { }
    public sealed class InlineArrayAttribute : Attribute { public InlineArrayAttribute(int length) { } }
    public sealed class InterpolatedStringHandlerAttribute : Attribute { }
    public sealed class InterpolatedStringHandlerArgumentAttribute : Attribute
    {
        public InterpolatedStringHandlerArgumentAttribute(string argument) { }
        public InterpolatedStringHandlerArgumentAttribute(params string[] arguments) { }
    }
    public sealed class CallerFilePathAttribute : Attribute { }
    public sealed class CallerLineNumberAttribute : Attribute { }
    public sealed class RequiredMemberAttribute : Attribute { }
    public sealed class ScopedRefAttribute : Attribute { }
    public sealed class RefSafetyRulesAttribute : Attribute { public RefSafetyRulesAttribute(int version) { } }
    public sealed class SkipLocalsInitAttribute : Attribute { }
    public static class IsVolatile { }
    public static class IsExternalInit { }
    public sealed class CallConvCdecl { }
    public sealed class CallConvSuppressGCTransition { }

    public enum MethodImplOptions { NoInlining = 8, NoOptimization = 64, AggressiveInlining = 256, InternalCall = 4096 }

    public sealed class MethodImplAttribute : Attribute { public MethodImplAttribute(MethodImplOptions options) { } }

    /// <summary>The C# compiler looks up these names to see which language features this core library carries.</summary>
    public static class RuntimeFeature
    {
        public const string ByRefFields = nameof(ByRefFields);
        public const string ByRefLikeGenerics = nameof(ByRefLikeGenerics);
        public const string CovariantReturnsOfClasses = nameof(CovariantReturnsOfClasses);
        public const string DefaultImplementationsOfInterfaces = nameof(DefaultImplementationsOfInterfaces);
        public const string NumericIntPtr = nameof(NumericIntPtr);
        public const string UnmanagedSignatureCallingConvention = nameof(UnmanagedSignatureCallingConvention);
        public const string VirtualStaticsInInterfaces = nameof(VirtualStaticsInInterfaces);
    }

    public static class RuntimeHelpers
    {
        [Intrinsic] public static void InitializeArray(Array array, RuntimeFieldHandle field) => InitializeArray(array, field);
        [Intrinsic] public static ReadOnlySpan<T> CreateSpan<T>(RuntimeFieldHandle field) => CreateSpan<T>(field);
        [Intrinsic] public static bool IsReferenceOrContainsReferences<T>() => IsReferenceOrContainsReferences<T>();
    }

    /// <summary>For the core library and the rooms that may be unsafe; the IL test refuses it elsewhere. Bodies are ILC's intrinsics.</summary>
    public static unsafe class Unsafe
    {
        [Intrinsic] public static T As<T>(object? value) where T : class? => As<T>(value);
        [Intrinsic] public static ref TTo As<TFrom, TTo>(ref TFrom source) => ref As<TFrom, TTo>(ref source);
        [Intrinsic] public static ref T Add<T>(ref T source, int elements) => ref Add(ref source, elements);
        [Intrinsic] public static ref T AddByteOffset<T>(ref T source, IntPtr bytes) => ref AddByteOffset(ref source, bytes);
        [Intrinsic] public static ref T AsRef<T>(scoped ref readonly T source) => ref AsRef(in source);
        [Intrinsic] public static ref T AsRef<T>(void* source) => ref *(T*)source;
        [Intrinsic] public static void* AsPointer<T>(ref readonly T value) => AsPointer(in value);
        [Intrinsic] public static int SizeOf<T>() => sizeof(T);
        [Intrinsic] public static T ReadUnaligned<T>(ref readonly byte source) => ReadUnaligned<T>(in source);
        [Intrinsic] public static void WriteUnaligned<T>(ref byte destination, T value) => WriteUnaligned(ref destination, value);
        [Intrinsic] public static bool AreSame<T>(ref readonly T left, ref readonly T right) => AreSame(in left, in right);
    }

    /// <summary>An unmatched switch expression over an enum ends here.</summary>
    public sealed class SwitchExpressionException : InvalidOperationException
    {
        public SwitchExpressionException() { }
        public SwitchExpressionException(object? unmatchedValue) { }
    }
}

namespace System.Runtime.InteropServices
{
    public enum LayoutKind { Sequential = 0, Explicit = 2, Auto = 3 }
    public enum CharSet { None = 1, Ansi = 2, Unicode = 3, Auto = 4 }
    public enum UnmanagedType { }
    public sealed class InAttribute : Attribute { }
    public sealed class OutAttribute : Attribute { }
    public sealed class StructLayoutAttribute : Attribute
    {
        public StructLayoutAttribute(LayoutKind layoutKind) { }
        public int Pack;
        public int Size;
        public CharSet CharSet;
    }
    public sealed class FieldOffsetAttribute : Attribute { public FieldOffsetAttribute(int offset) { } }
    public sealed class UnmanagedCallersOnlyAttribute : Attribute
    {
        public string? EntryPoint;
        public Type[]? CallConvs;
    }

    public static class MemoryMarshal
    {
        [CompilerServices.Intrinsic] public static ref T GetArrayDataReference<T>(T[] array) => ref GetArrayDataReference(array);
        public static Span<T> CreateSpan<T>(scoped ref T reference, int length) => new(ref CompilerServices.Unsafe.AsRef(in reference), length);
        public static ReadOnlySpan<T> CreateReadOnlySpan<T>(scoped ref readonly T reference, int length) =>
            new(ref CompilerServices.Unsafe.AsRef(in reference), length);
        public static ref T GetReference<T>(Span<T> span) => ref span._reference;
        public static ref T GetReference<T>(ReadOnlySpan<T> span) => ref span._reference;
    }
}

namespace System.Runtime
{
    public sealed class RuntimeExportAttribute : Attribute { public RuntimeExportAttribute(string entryPoint) { } }
    public sealed class RuntimeImportAttribute : Attribute
    {
        public RuntimeImportAttribute(string entryPoint) { }
        public RuntimeImportAttribute(string library, string entryPoint) { }
    }
}
