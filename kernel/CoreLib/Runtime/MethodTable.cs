using System.Runtime.InteropServices;

namespace Internal.Runtime;

/// <summary>
/// Head of the type descriptor that ILC emits for every type. After it stand the vtable slots, then the interfaces, then a relative
/// pointer block (type manager, writable data, dispatch map, finalizer, sealed slots: each present as Flags say).
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct MethodTable
{
    public const ushort HasDispatchMap = 0x0004;
    public const ushort HasFinalizer = 0x0010;

    public ushort ComponentSize;
    public ushort Flags;
    public uint BaseSize;
    public MethodTable* RelatedType;
    public ushort NumVtableSlots;
    public ushort NumInterfaces;
    public uint HashCode;

    /// <summary>The interfaces this type implements, inherited ones included.</summary>
    public static MethodTable** Interfaces(MethodTable* type) => (MethodTable**)((byte*)(type + 1) + type->NumVtableSlots * sizeof(nint));
}
