using System;
using HyperOS.Abi;
using HyperOS.Core;
using HyperOS.Diagnostics;
using HyperOS.Memory;

namespace HyperOS.Virtualization;

/// <summary>
/// What a run cost the host, on the log when it ends: `exits: cpuid 31, port 1024`, `cycles: cpuid 9820, port 371200`, and
/// `memory: 148 KiB beyond 64 MiB of RAM in use`.
/// </summary>
internal static class ExitReport
{
    /// <summary>Whether machines are reported on; the host's option `exits=1`.</summary>
    public static bool IsWanted { get; set; }

    /// <summary>Reports on a machine that has stopped and still holds its frames.</summary>
    public static void Write(VirtualMachineSlot slot, VirtualMachine machine)
    {
        LogLine exits = new(0, 0), cycles = new(0, 0);
        exits.AppendLiteral("exits:");
        cycles.AppendLiteral("cycles:");
        ReadOnlySpan<byte> separator = " "u8;
        for (int kind = 0; kind < ExitCosts.KindCount; kind++)
        {
            ExitCost cost = default;
            foreach (Vcpu vcpu in machine.Vcpus)
            {
                cost.Count += vcpu.Costs[kind].Count;
                cost.Cycles += vcpu.Costs[kind].Cycles;
            }
            if (cost.Count == 0)
                continue;
            Append(ref exits, separator, (VmExitKind)kind, cost.Count);
            Append(ref cycles, separator, (VmExitKind)kind, cost.Cycles);
            separator = ", "u8;
        }
        new VmLogLine(slot).Write(exits);
        new VmLogLine(slot).Write(cycles);
        new VmLogLine(slot).Write($"processor time: {machine.Threads.ProcessorTime / 1000} us");
        ulong used = machine.Memory.BytesInUse;
        ulong beyond = FrameAllocator.FramesOf(slot.Owner) * Size.Page - used;
        new VmLogLine(slot).Write($"memory: {beyond / Size.KiB} KiB beyond {used / Size.MiB} MiB of RAM in use");
    }

    private static void Append(ref LogLine line, ReadOnlySpan<byte> separator, VmExitKind kind, ulong value)
    {
        line.AppendFormatted(separator);
        line.AppendFormatted(Name(kind));
        line.AppendLiteral(" ");
        line.AppendFormatted(value);
    }

    /// <summary>As the log names it.</summary>
    public static ReadOnlySpan<byte> Name(VmExitKind kind) => kind switch
    {
        VmExitKind.HostInterrupt => "host interrupt"u8,
        VmExitKind.InterruptWindow => "interrupt window"u8,
        VmExitKind.NmiWindow => "NMI window"u8,
        VmExitKind.Cpuid => "cpuid"u8,
        VmExitKind.Hlt => "hlt"u8,
        VmExitKind.Port => "port"u8,
        VmExitKind.StringPort => "string port"u8,
        VmExitKind.ReadMsr => "rdmsr"u8,
        VmExitKind.WriteMsr => "wrmsr"u8,
        VmExitKind.Hypercall => "hypercall"u8,
        VmExitKind.NestedFault => "nested fault"u8,
        VmExitKind.ControlRegister => "control register"u8,
        VmExitKind.DebugRegister => "debug register"u8,
        VmExitKind.Xsetbv => "xsetbv"u8,
        VmExitKind.Exception => "exception"u8,
        VmExitKind.NoOperation => "no operation"u8,
        VmExitKind.PauseLoop => "pause loop"u8,
        VmExitKind.Undefined => "undefined"u8,
        VmExitKind.NotPermitted => "not permitted"u8,
        VmExitKind.ApicWrite => "APIC write"u8,
        VmExitKind.EndOfInterrupt => "end of interrupt"u8,
        VmExitKind.TaskSwitch => "task switch"u8,
        VmExitKind.Shutdown => "shutdown"u8,
        VmExitKind.EntryFailure => "entry failure"u8,
        _ => "unknown"u8,
    };
}
