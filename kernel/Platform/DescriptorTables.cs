using System.Runtime;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using HyperOS.Core;
using HyperOS.Specs.X86;

namespace HyperOS.Platform;

/// <summary>
/// What a processor switches to when it is interrupted, by the number in the gate: the stack that it was on may be full. Nothing nests on one
/// of them but what ends in a panic. Intel SDM vol. 3, "Interrupt Stack Table".
/// </summary>
public enum InterruptStack
{
    NonMaskable = 1,
    DoubleFault,
    MachineCheck,

    /// <summary>All other exceptions, and failed checks.</summary>
    Fault,

    /// <summary>Devices, timers, other processors.</summary>
    Interrupt,

    /// <summary>In no gate: changes places with <see cref="Fault"/> while a fault is reported, so that one in the report leaves the first's frames alone.</summary>
    NestedFault,
}

/// <summary>
/// GDT and TSS of one processor; the IDT is the machine's. Intel SDM vol. 3, "Segment Descriptor Tables in IA-32e Mode", "64-Bit Mode IDT",
/// "Task-State Segment in 64-bit Mode".
/// </summary>
internal sealed unsafe class DescriptorTables
{
    private const ushort TaskSelector = 0x18;
    private const int VectorNmi = 2, VectorDoubleFault = 8, VectorMachineCheck = 18;
    private const int Exceptions = 32, Vectors = 256;
    private const int EarlyStackBytes = (int)Size.Page;

    [StructLayout(LayoutKind.Sequential, Pack = 1)]
    private struct TablePointer
    {
        public ushort Limit;
        public ulong Base;
    }

    private static ulong[]? s_interruptTable;

    private readonly ulong[] _segments = new ulong[7];
    private readonly byte[] _task = new byte[sizeof(TaskStateSegment64)];

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

    /// <summary>Where a stack begins, one past its highest byte. Any time: the processor looks when it is interrupted.</summary>
    public void SetStack(InterruptStack stack, HostVirtualAddress top) => Top(stack) = top.Value;

    /// <summary>The stacks for faults change places.</summary>
    public void SwapFaultStacks() =>
        (Top(InterruptStack.Fault), Top(InterruptStack.NestedFault)) = (Top(InterruptStack.NestedFault), Top(InterruptStack.Fault));

    private ref ulong Top(InterruptStack stack) => ref (&((TaskStateSegment64*)AddressOf(_task))->IST1)[(int)stack - (int)InterruptStack.NonMaskable];

    /// <summary>Small stacks without guards, for the time before there is memory for better ones.</summary>
    public void UseEarlyStacks()
    {
        for (InterruptStack stack = InterruptStack.NonMaskable; stack <= InterruptStack.NestedFault; stack++)
            SetStack(stack, new HostVirtualAddress(Alignment.Down(AddressOf(new byte[EarlyStackBytes]) + EarlyStackBytes, 16)));
    }

    public void Load()
    {
        ulong taskAddress = AddressOf(_task);
        ((TaskStateSegment64*)taskAddress)->IoMapBase = (ushort)sizeof(TaskStateSegment64);

        _segments[1] = 0x00AF9B000000FFFF; // 64-bit code
        _segments[2] = 0x00CF93000000FFFF; // data
        _segments[3] = (ulong)(uint)(sizeof(TaskStateSegment64) - 1) | (taskAddress & 0xFFFFFF) << 16 | 0x89ul << 40 | (taskAddress >> 24 & 0xFF) << 56;
        _segments[4] = taskAddress >> 32;
        _segments[5] = 0x00CFF3000000FFFF; // ring 3's data, UserMode.DataSelector
        _segments[6] = 0x00AFFB000000FFFF; // ring 3's 64-bit code, UserMode.CodeSelector
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
            InterruptStack stack = vector switch
            {
                VectorNmi => InterruptStack.NonMaskable,
                VectorDoubleFault => InterruptStack.DoubleFault,
                VectorMachineCheck => InterruptStack.MachineCheck,
                < Exceptions or InterruptDispatcher.FailedCheckVector => InterruptStack.Fault,
                _ => InterruptStack.Interrupt,
            };
            ulong stub = stubs[vector];
            table[2 * vector] = (stub & 0xFFFF) | 0x08ul << 16 | (ulong)stack << 32 | 0x8E00ul << 32 | (stub >> 16 & 0xFFFF) << 48;
            table[2 * vector + 1] = stub >> 32;
        }
        return table;
    }
}
