using System;
using HyperOS.Abi;
using HyperOS.Core;
using HyperOS.Diagnostics;
using HyperOS.Emulation;
using HyperOS.Interrupts;
using HyperOS.Platform;

namespace HyperOS.Virtualization;

/// <summary>
/// The last exits of each processor's guests, one record each, while it is switched on; off, it costs an exit one test. A ring is written by its
/// own processor's threads alone, and read with the trace switched off. docs/exit-walk.md shows the lines that come out.
/// </summary>
public static class ExitTrace
{
    /// <summary>For <see cref="Begin"/>: the records of all machines.</summary>
    public const int AllMachines = -1;

    // A power of two, so that the position needs no division.
    private const int RingLength = 1024;

    private static ExitTraceRecord[]?[]? s_rings;
    private static ulong[]? s_written;

    // What is being written out: nothing while the processor is past the last.
    private static int s_processor = Processors.Maximum, s_machine;
    private static ulong s_next, s_most;
    private static bool s_resumes;

    /// <summary>Whether exits are recorded. Any thread.</summary>
    public static bool IsOn { get; set; }

    /// <summary>Whether a machine's records are written out when it stops; the host's option `trace=2`.</summary>
    public static bool WritesAtStop { get; set; }

    /// <summary>Makes the rings, during start-up, when all processors are known.</summary>
    public static void Initialize()
    {
        s_rings = new ExitTraceRecord[]?[Processors.Maximum];
        s_written = new ulong[Processors.Maximum];
        for (int i = 0; i < Processors.Count; i++)
            s_rings[i] = new ExitTraceRecord[RingLength];
    }

    /// <summary>Records the exit of a vCPU that this processor ran.</summary>
    internal static void Append(Vcpu vcpu, VmVendor vendor, in RawExit raw, ulong enteredAt, ulong exitedAt)
    {
        int processor = Processor.Current.Index;
        ref ExitTraceRecord record = ref s_rings![processor]![(int)(unchecked(s_written![processor]++) % RingLength)];
        record.ExitedAt = exitedAt;
        record.EnteredAt = enteredAt;
        record.InstructionPointer = raw.InstructionPointer;
        record.Code = raw.Code;
        record.Info1 = raw.Info1;
        record.Info2 = raw.Info2;
        record.Machine = (ushort)vcpu.Machine.Index;
        record.Vcpu = (ushort)vcpu.Index;
        record.Processor = (ushort)processor;
        record.Kind = vcpu.Exit.Kind;
        record.Vendor = vendor;
        record.Eax = unchecked((uint)vcpu[GeneralRegister.RAX]);
        record.Ecx = unchecked((uint)vcpu[GeneralRegister.RCX]);
    }

    /// <summary>Begins to write records out, oldest first. Nothing is recorded until the last one is written.</summary>
    /// <param name="machine">The machine's number, or <see cref="AllMachines"/>.</param>
    /// <param name="most">How many of each processor.</param>
    internal static void Begin(int machine, ulong most = RingLength)
    {
        s_resumes |= IsOn;
        IsOn = false;
        s_machine = machine;
        s_most = most;
        s_processor = 0;
        s_next = First();
    }

    /// <summary>Writes the next record as a line of the log.</summary>
    /// <returns>False when there was none left: the trace goes on as before.</returns>
    internal static bool WriteNext()
    {
        while (s_processor < Processors.Count)
        {
            if (s_next < s_written![s_processor])
            {
                ref readonly ExitTraceRecord record = ref s_rings![s_processor]![(int)(s_next++ % RingLength)];
                if (s_machine != AllMachines && record.Machine != s_machine)
                    continue;
                Diagnostics.Log.WriteRaw(
                    $"trace {VirtualMachines.Name(record.Machine)}: {record.ExitedAt:x16} {record.EnteredAt:x16} {record.InstructionPointer:x16} " +
                    $"{record.Code:x16} {record.Info1:x16} {record.Info2:x16} {record.Place:x16} {record.Operands:x16}");
                return true;
            }
            if (++s_processor < Processors.Count)
                s_next = First();
        }
        s_processor = Processors.Maximum;
        IsOn |= s_resumes;
        s_resumes = false;
        return false;
    }

    /// <summary>For a panic: the last exits of each processor, on the caller's time.</summary>
    public static void WriteLast(ulong most)
    {
        if (!IsOn || s_rings is null)
            return;
        Begin(AllMachines, most);
        while (WriteNext()) { }
    }

    private static ulong First() => s_written![s_processor] - Math.Min(s_written[s_processor], s_most);
}
