using System;
using System.Runtime.InteropServices;

namespace Internal.Runtime;

/// <summary>Slow path of an interface call. Hot paths use sealed classes, virtual calls and static abstract members instead.</summary>
internal static unsafe class InterfaceDispatch
{
    /// <summary>
    /// A cell is { stub, tagged relative interface MethodTable, …, 0, slot }; a dispatch map is { counts[4], entries of (interface index,
    /// interface slot, implementation slot) }, the standard entries first, then default interface methods.
    /// </summary>
    [UnmanagedCallersOnly(EntryPoint = "KernelResolveInterface")]
    private static byte* Resolve(byte** instance, nint* cell)
    {
        nint* end = cell;
        while (end[0] != 0)
            end += 2;
        ushort slot = (ushort)end[1];
        MethodTable* wanted = InterfaceOf(cell);
        MethodTable* self = (MethodTable*)*instance;
        for (int pass = 0; pass < 2; pass++)
        {
            for (MethodTable* type = self; type != null; type = type->RelatedType)
            {
                byte* target = Find(type, self, wanted, slot, pass);
                if (target != null)
                    return target;
            }
        }
        Failure.Fail(FailureKind.InvalidCast);
        return null;
    }

    private static MethodTable* InterfaceOf(nint* cell)
    {
        byte* field = (byte*)&cell[1];
        nint tag = *(nint*)field & 3;
        int offset = *(int*)field & ~3;
        if (tag == 3)
            return (MethodTable*)(field + offset);
        return tag == 2 ? *(MethodTable**)(field + offset) : (MethodTable*)(cell[1] & ~3);
    }

    private static byte* Find(MethodTable* type, MethodTable* self, MethodTable* wanted, ushort slot, int pass)
    {
        if ((type->Flags & MethodTable.HasDispatchMap) == 0)
            return null;
        MethodTable** interfaces = MethodTable.Interfaces(type);
        int* optional = (int*)(interfaces + type->NumInterfaces) + 2; // after the type manager and the writable data
        ushort* map = (ushort*)((byte*)optional + *optional);
        optional++;
        if ((type->Flags & MethodTable.HasFinalizer) != 0)
            optional++;
        ushort* entry = map + 4 + (pass == 0 ? 0 : 3 * map[0]);
        for (int i = 0; i < map[pass]; i++, entry += 3)
        {
            if (entry[1] != slot || interfaces[entry[0]] != wanted)
                continue;
            if (entry[2] < self->NumVtableSlots)
                return ((byte**)(self + 1))[entry[2]];
            int* sealedSlots = (int*)((byte*)optional + *optional) + (entry[2] - type->NumVtableSlots);
            return (byte*)sealedSlots + *sealedSlots;
        }
        return null;
    }
}
