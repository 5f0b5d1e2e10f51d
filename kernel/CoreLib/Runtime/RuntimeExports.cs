using System.Runtime.CompilerServices;
using Internal.Runtime;
using Internal.Runtime.CompilerHelpers;

namespace System.Runtime;

/// <summary>Allocation and transition helpers that compiled code calls by symbol name.</summary>
internal static unsafe class RuntimeExports
{
    [RuntimeExport("RhpNewFast")]
    public static void* NewObject(MethodTable* type)
    {
        MethodTable** instance = (MethodTable**)Failure.Allocate(type->BaseSize);
        *instance = type;
        return instance;
    }

    [RuntimeExport("RhNewArray")]
    public static void* NewArray(MethodTable* type, nint length)
    {
        if ((ulong)length > int.MaxValue)
            ThrowHelpers.ThrowOverflowException();
        MethodTable** instance = (MethodTable**)Failure.Allocate(type->BaseSize + (ulong)type->ComponentSize * (ulong)length);
        *instance = type;
        *(int*)(instance + 1) = (int)length;
        return instance;
    }

    [RuntimeExport("RhpNewArrayFast")]
    public static void* NewArrayFast(MethodTable* type, nint length) => NewArray(type, length);

    [RuntimeExport("RhpNewPtrArrayFast")]
    public static void* NewReferenceArray(MethodTable* type, nint length) => NewArray(type, length);

    [RuntimeExport("RhNewString")]
    public static void* NewString(MethodTable* type, nint length) => NewArray(type, length);

    [RuntimeExport("RhBox")]
    public static object Box(MethodTable* type, ref byte data)
    {
        void* instance = NewObject(type);
        SpanHelpers.Memmove(ref *((byte*)instance + sizeof(nint)), ref data, type->BaseSize - 2 * (uint)sizeof(nint));
        return *(object*)&instance;
    }

    [RuntimeExport("RhUnbox2")]
    public static ref byte Unbox(MethodTable* type, object value)
    {
        if (value._methodTable != type)
            Failure.Fail(FailureKind.InvalidCast);
        return ref value.GetRawData();
    }

    [RuntimeExport("RhpThrowEx")]
    public static void Throw(object exception) => Failure.Fail(FailureKind.UnhandledThrow);

    [RuntimeExport("RhpFallbackFailFast")]
    public static void FailFast() => Failure.Fail(FailureKind.FailFast);

    // There is one world and no collector to tell about the way in and out of it.

    [RuntimeExport("RhpReversePInvoke")]
    public static void EnterManaged(void* frame) { }

    [RuntimeExport("RhpReversePInvokeReturn")]
    public static void LeaveManaged(void* frame) { }

    [RuntimeExport("RhpPInvoke")]
    public static void EnterNative(void* frame) { }

    [RuntimeExport("RhpPInvokeReturn")]
    public static void LeaveNative(void* frame) { }
}

/// <summary>Casts and checked array stores; ILC finds the methods by these names.</summary>
internal static unsafe class TypeCast
{
    [RuntimeExport("RhTypeCast_IsInstanceOfClass")]
    public static object? IsInstanceOfClass(MethodTable* type, object? value)
    {
        if (value is null)
            return null;
        for (MethodTable* t = value._methodTable; t != null; t = t->RelatedType)
        {
            if (t == type)
                return value;
        }
        return null;
    }

    [RuntimeExport("RhTypeCast_IsInstanceOfInterface")]
    public static object? IsInstanceOfInterface(MethodTable* type, object? value)
    {
        if (value is null)
            return null;
        MethodTable* actual = value._methodTable;
        MethodTable** interfaces = MethodTable.Interfaces(actual);
        for (int i = 0; i < actual->NumInterfaces; i++)
        {
            if (interfaces[i] == type)
                return value;
        }
        return null;
    }

    [RuntimeExport("RhTypeCast_IsInstanceOfAny")]
    public static object? IsInstanceOfAny(MethodTable* type, object? value) => IsInstanceOfClass(type, value);

    [RuntimeExport("RhTypeCast_IsInstanceOfException")]
    public static bool IsInstanceOfException(MethodTable* type, object? value) => IsInstanceOfClass(type, value) is not null;

    [RuntimeExport("RhTypeCast_CheckCastClass")]
    public static object? CheckCastClass(MethodTable* type, object? value)
    {
        if (value is not null && IsInstanceOfClass(type, value) is null)
            Failure.Fail(FailureKind.InvalidCast);
        return value;
    }

    [RuntimeExport("RhTypeCast_CheckCastClassSpecial")]
    public static object? CheckCastClassSpecial(MethodTable* type, object? value) => CheckCastClass(type, value);

    [RuntimeExport("RhTypeCast_CheckCastAny")]
    public static object? CheckCastAny(MethodTable* type, object? value) => CheckCastClass(type, value);

    [RuntimeExport("RhTypeCast_CheckCastInterface")]
    public static object? CheckCastInterface(MethodTable* type, object? value)
    {
        if (value is not null && IsInstanceOfInterface(type, value) is null)
            Failure.Fail(FailureKind.InvalidCast);
        return value;
    }

    // An array's element type is its RelatedType; only stores into arrays of exactly or a base of the value's class pass.
    [RuntimeExport("RhpStelemRef")]
    public static void StelemRef(object?[] array, nint index, object? value)
    {
        if ((nuint)index >= (nuint)array.Length)
            ThrowHelpers.ThrowIndexOutOfRangeException();
        MethodTable* element = array._methodTable->RelatedType;
        if (value is not null && IsInstanceOfClass(element, value) is null && IsInstanceOfInterface(element, value) is null)
            Failure.Fail(FailureKind.ArrayTypeMismatch);
        Unsafe.Add(ref InteropServices.MemoryMarshal.GetArrayDataReference(array), (int)index) = value;
    }

    [RuntimeExport("RhpLdelemaRef")]
    public static ref object? LdelemaRef(object?[] array, nint index, MethodTable* element)
    {
        if ((nuint)index >= (nuint)array.Length)
            ThrowHelpers.ThrowIndexOutOfRangeException();
        if (array._methodTable->RelatedType != element)
            Failure.Fail(FailureKind.ArrayTypeMismatch);
        return ref Unsafe.Add(ref InteropServices.MemoryMarshal.GetArrayDataReference(array), (int)index);
    }
}
