using System;
using System.Runtime;
using System.Runtime.InteropServices;

namespace Internal.Runtime;

/// <summary>Prepares compiled code to run: called once by the boot assembly, after the boot arena exists and before any other C#.</summary>
internal static unsafe class StartupCode
{
    private const int GCStaticRegion = 201;

    [StructLayout(LayoutKind.Sequential)]
    private struct ReadyToRunHeader
    {
        public uint Signature;
        public ushort MajorVersion, MinorVersion;
        public uint Flags;
        public ushort NumberOfSections;
        public byte EntrySize, EntryType;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct ModuleInfoRow
    {
        public int SectionId, Flags;
        public byte* Start;
        public byte* End;
    }

    [UnmanagedCallersOnly(EntryPoint = "CoreLibInitialize")]
    private static void Initialize(byte** modules)
    {
        ReadyToRunHeader* header = (ReadyToRunHeader*)*modules;
        ModuleInfoRow* rows = (ModuleInfoRow*)(header + 1);
        for (int i = 0; i < header->NumberOfSections; i++)
        {
            if (rows[i].SectionId == GCStaticRegion)
                InitializeStatics((int*)rows[i].Start, (int*)rows[i].End);
        }
    }

    // Static fields of reference type live in one heap object per class; until now the image holds a tagged relative MethodTable pointer.
    private static void InitializeStatics(int* entry, int* end)
    {
        for (; entry < end; entry++)
        {
            nint* block = (nint*)((byte*)entry + *entry);
            nint tagged = (nint)block + *(int*)block;
            if ((tagged & 1) == 0)
                continue;
            MethodTable* type = (MethodTable*)(tagged & ~3);
            byte* statics = (byte*)RuntimeExports.NewObject(type);
            if ((tagged & 2) != 0)
                SpanHelpers.Memmove(ref statics[sizeof(nint)], ref *((byte*)block + 4 + ((int*)block)[1]), type->BaseSize - 2 * (uint)sizeof(nint));
            *block = (nint)statics;
        }
    }
}
