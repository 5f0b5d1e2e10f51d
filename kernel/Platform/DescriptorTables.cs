using System.Runtime;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using HyperOS.Specs.X86;

namespace HyperOS.Platform;

/// <summary>
/// GDT, TSS and the three interrupt stacks of one processor; the IDT is the machine's. Intel SDM vol. 3, "Segment Descriptor Tables in
/// IA-32e Mode", "64-Bit Mode IDT", "Task-State Segment in 64-bit Mode".
/// </summary>
internal sealed unsafe class DescriptorTables
{
    private const ushort TaskSelector = 0x18;
    private const int InterruptStackSize = 8192;
    private const int IstNmi = 1, IstDoubleFault = 2, IstMachineCheck = 3;
    private const int VectorNmi = 2, VectorDoubleFault = 8, VectorMachineCheck = 18;
    private const int Vectors = 256;

    [StructLayout(LayoutKind.Sequential, Pack = 1)]
    private struct TablePointer
    {
        public ushort Limit;
        public ulong Base;
    }

    private static ulong[]? s_interruptTable;

    private readonly ulong[] _segments = new ulong[5];
    private readonly byte[] _task = new byte[sizeof(TaskStateSegment64)];
    private readonly byte[] _stacks = new byte[3 * InterruptStackSize + 16];

    [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "DescriptorLoadGdt")]
    private static extern void LoadGdt(TablePointer* pointer);

    [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "DescriptorLoadIdt")]
    private static extern void LoadIdt(TablePointer* pointer);

    [MethodImpl(MethodImplOptions.InternalCall), RuntimeImport("*", "DescriptorLoadTaskRegister")]
    private static extern void LoadTaskRegister(ushort selector);

    // Arrays never move: there is no collector.
    private static ulong AddressOf<T>(T[] array) where T : unmanaged
    {
        fixed (T* first = array)
            return unchecked((ulong)first);
    }

    public void Load()
    {
        ulong stacks = (AddressOf(_stacks) + 15) & ~15ul;
        ulong taskAddress = AddressOf(_task);
        TaskStateSegment64* task = (TaskStateSegment64*)taskAddress;
        task->IST1 = stacks + IstNmi * InterruptStackSize;
        task->IST2 = stacks + IstDoubleFault * InterruptStackSize;
        task->IST3 = stacks + IstMachineCheck * InterruptStackSize;
        task->IoMapBase = (ushort)sizeof(TaskStateSegment64);

        _segments[1] = 0x00AF9B000000FFFF; // 64-bit code
        _segments[2] = 0x00CF93000000FFFF; // data
        _segments[3] = (ulong)(uint)(sizeof(TaskStateSegment64) - 1) | (taskAddress & 0xFFFFFF) << 16 | 0x89ul << 40 | (taskAddress >> 24 & 0xFF) << 56;
        _segments[4] = taskAddress >> 32;
        TablePointer pointer = new() { Limit = (ushort)(_segments.Length * 8 - 1), Base = AddressOf(_segments) };
        LoadGdt(&pointer);
        LoadTaskRegister(TaskSelector);

        s_interruptTable ??= BuildInterruptTable();
        pointer = new TablePointer { Limit = (ushort)(s_interruptTable.Length * 8 - 1), Base = AddressOf(s_interruptTable) };
        LoadIdt(&pointer);
    }

    private static ulong[] BuildInterruptTable()
    {
        ulong* stubs = (ulong*)KernelImage.Linker.InterruptStubs;
        ulong[] table = new ulong[2 * Vectors];
        for (int vector = 0; vector < Vectors; vector++)
        {
            ulong ist = vector switch
            {
                VectorNmi => IstNmi,
                VectorDoubleFault => IstDoubleFault,
                VectorMachineCheck => IstMachineCheck,
                _ => 0,
            };
            ulong stub = stubs[vector];
            table[2 * vector] = (stub & 0xFFFF) | 0x08ul << 16 | ist << 32 | 0x8E00ul << 32 | (stub >> 16 & 0xFFFF) << 48;
            table[2 * vector + 1] = stub >> 32;
        }
        return table;
    }
}
