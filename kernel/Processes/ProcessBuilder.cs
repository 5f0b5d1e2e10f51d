using System;
using HyperOS.Core;
using HyperOS.Loaders;
using HyperOS.Memory;
using HyperOS.Platform;
using HyperOS.Scheduling;
using HyperOS.Specs.X86;
using HyperOS.Userworld;

namespace HyperOS.Processes;

/// <summary>
/// Puts a process together in its own arena, inside a fault domain of its own, up to its first thread's registers; and takes processes apart, whole or half
/// made, by what the host recorded of them. On the manager's thread.
/// </summary>
internal sealed class ProcessBuilder : FaultDomain
{
    // The first thread's beginning: arguments, environment and the rest fit.
    private const int InitialStackBytes = 2 * (int)Size.Page;

    private ProcessSlot? _slot;
    private Process? _process;
    private ProcessImageStatus _image;
    private bool _isBuilt;

    public override ReadOnlySpan<byte> Room => _slot!.Room;

    /// <summary>Builds a process and starts its first thread. On failure nothing stays taken.</summary>
    /// <param name="reason">What was missing, or wrong with the file.</param>
    /// <param name="isLasting">Whether it is of no use to try again.</param>
    public bool TryBuild(ProcessSlot slot, out ReadOnlySpan<byte> reason, out bool isLasting)
    {
        _slot = slot;
        _process = null;
        _image = ProcessImageStatus.Ok;
        _isBuilt = false;
        bool ran = false;
        if (Arena.TryOpen(slot.Owner, out slot.ArenaSlot))
        {
            Arena? outer = Arena.Use(Arena.Get(slot.ArenaSlot));
            ran = TryRun();
            Arena.Use(outer);
            if (!_isBuilt)
                TakeApart(slot);
        }
        isLasting = _image != ProcessImageStatus.Ok;
        reason = isLasting ? ProcessImage.Describe(_image) : ran ? "more than there is memory for now"u8 : "not to be started: a fault in the kernel"u8;
        return _isBuilt;
    }

    /// <summary>Gives back all that a process has. Its threads have ended and were reclaimed, or never were.</summary>
    public static void TakeApart(ProcessSlot slot)
    {
        slot.Process = null;
        DeviceFiles.ProcessEnded(slot);
        Quiescence.Wait();
        Arena.Close(slot.ArenaSlot);
        FrameAllocator.FreeAll(slot.Owner);
    }

    protected override void Run()
    {
        ProcessSlot slot = _slot!;
        if (!UserPageTables.TryCreate(slot.Owner, slot.MemoryLimit / Size.Page, out UserPageTables? tables))
            return;
        _process = new Process(slot, tables!);
        _image = ProcessImage.TryOpen(_process.Image, out ProcessImage image);
        if (_image != ProcessImageStatus.Ok || !TryMap(_process, in image) || !_process.TryTakeThread(out UserThread? first) || !first!.TryPrepare())
            return;
        if (!TryBuildStack(_process, in image, out ulong stackPointer) || !TryOpenFiles(_process))
            return;
        first.Frame.Rip = image.Entry;
        first.Frame.Rsp = stackPointer;
        slot.Process = _process;
        _isBuilt = first.TryStart();
    }

    private static bool TryMap(Process process, in ProcessImage image)
    {
        for (int i = 0; i < image.HeaderCount; i++)
        {
            if (!image.TryGetSegment(i, out ProcessSegment segment))
                continue;
            MemoryArea area = new()
            {
                Start = segment.Start,
                End = segment.End,
                FileOffset = segment.FileOffset,
                FileLength = segment.FileLength,
                Protection = (segment.IsReadable ? MemoryProtection.Read : 0) | (segment.IsWritable ? MemoryProtection.Write : 0)
                    | (segment.IsExecutable ? MemoryProtection.Execute : 0),
            };
            if (!process.Map.TryAdd(in area))
                return false;
        }
        MemoryArea stack = new() { Start = Process.StackTop - Process.StackBytes, End = Process.StackTop, Protection = MemoryProtection.Read | MemoryProtection.Write };
        MemoryArea guard = new() { Start = stack.Start - Process.StackGuardBytes, End = stack.Start, Protection = MemoryProtection.None };
        return process.Map.TryAdd(in stack) && process.Map.TryAdd(in guard);
    }

    private static bool TryBuildStack(Process process, in ProcessImage image, out ulong stackPointer)
    {
        byte[] stack = new byte[InitialStackBytes];
        Span<byte> random = stackalloc byte[InitialStack.RandomLength];
        KernelRandom.Fill(random);
        AuxiliaryValues values = new()
        {
            HeadersAddress = image.HeadersAddress,
            HeaderCount = (ulong)image.HeaderCount,
            Entry = image.Entry,
            SignalStackLength = SignalDelivery.FrameLength,
            HardwareCapabilities = Cpu.Identify(CpuidLeaf.Features).Edx,
        };
        return InitialStack.TryBuild(stack, Process.StackTop, process.Slot.Arguments, process.Slot.Environment, random, in values, out stackPointer)
            && UserMemory.TryWrite(process, Process.StackTop - InitialStackBytes, stack);
    }

    // Nothing to read as descriptor 0; the log as 1 and 2.
    private static bool TryOpenFiles(Process process) =>
        TryOpen(process, "/dev/null"u8, canRead: true) && TryOpen(process, "/dev/log"u8, canRead: false) && TryOpen(process, "/dev/log"u8, canRead: false);

    private static bool TryOpen(Process process, ReadOnlySpan<byte> path, bool canRead) =>
        DeviceFiles.TryFind(path, out DeviceFile? device) && SystemCalls.Install(process, device!, canRead, !canRead) >= 0;
}
