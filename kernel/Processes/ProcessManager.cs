using System;
using System.Diagnostics.CodeAnalysis;
using HyperOS.Abi;
using HyperOS.Core;
using HyperOS.Diagnostics;
using HyperOS.Memory;
using HyperOS.Platform;
using HyperOS.Scheduling;

namespace HyperOS.Processes;

/// <summary>
/// The host's processes, and the one thread that starts them, takes them apart and starts them again: at once after one that ran for a while, later and later
/// after those that end soon. Machines neither wait for it nor notice.
/// </summary>
public sealed class ProcessManager : ThreadBody
{
    /// <summary>Who runs for so long did not end soon, in nanoseconds.</summary>
    private const ulong Settled = 5_000_000_000;

    /// <summary>Before the next start, in nanoseconds: the least, and doubled each time up to the most.</summary>
    private const ulong FirstPause = 10_000_000, LongestPause = 10_000_000_000;

    private const ulong Poll = 1_000_000;

    private static readonly ProcessSlot?[] s_slots = new ProcessSlot?[FrameOwner.Processes];
    private static int s_count;
    private static KernelThread? s_manager;

    private readonly ProcessBuilder _builder = new();
    private readonly Sha256 _sha256 = new();

    private ProcessManager() { }

    public static int Count => s_count;

    /// <summary>A process by its number; for a list of them, from any thread.</summary>
    public static ProcessSlot Slot(int index) => s_slots[index]!;

    /// <summary>Registers the kernel's own device files and reads the bundle's processes; then a thread starts them. During start-up, after all other device files.</summary>
    /// <param name="bundle">The boot module; length 0 when there is none. Whoever starts the machines says what is wrong with it.</param>
    public static void Start(HostPhysicalAddress bundle, ulong length)
    {
        ProcessManager manager = new();
        if (!KernelRandom.Initialize())
            Log.Write("processes"u8, $"this processor has no RDRAND: random numbers come from its time alone");
        DeviceFiles.Add(new NullDevice());
        DeviceFiles.Add(new RandomDevice());
        DeviceFiles.Add(new LogDevice());
        manager.ReadBundle(bundle, PhysicalMemory.Bytes(bundle, (int)Math.Min(length, int.MaxValue)));
        if (s_count != 0 && (!Scheduler.TryCreate(manager, FrameOwner.Kernel, null, out ThreadHandle handle) || !handle.TryGet(out s_manager)))
            Panic.Stop($"too little memory");
    }

    /// <summary>Ends a process at once; it is started again.</summary>
    /// <returns>False if there is none of that name.</returns>
    public static bool TryKill(ReadOnlySpan<byte> name)
    {
        if (!TryFind(name, out ProcessSlot? slot))
            return false;
        slot.WantKill();
        WakeManager();
        return true;
    }

    internal static void WakeManager() => Scheduler.Wake(s_manager!);

    public override void Run()
    {
        for (int i = 0; i < s_count; i++)
            Verify(s_slots[i]!);
        while (true)
        {
            ulong next = ulong.MaxValue;
            for (int i = 0; i < s_count; i++)
            {
                ProcessSlot slot = s_slots[i]!;
                if (slot.State == ProcessState.Waiting && slot.NextStart <= Clock.Now)
                    Start(slot);
                if (slot.TakeKill())
                    slot.Process?.End(ProcessEnd.Killed, 0);
                if (slot.State == ProcessState.Running)
                    Reclaim(slot, ref next);
                if (slot.State == ProcessState.Waiting)
                    next = Math.Min(next, slot.NextStart);
            }
            Scheduler.Block(next);
        }
    }

    private static bool TryFind(ReadOnlySpan<byte> name, [NotNullWhen(true)] out ProcessSlot? found)
    {
        found = null;
        for (int i = 0; i < s_count; i++)
        {
            if (s_slots[i]!.Name.SequenceEqual(name))
                found = s_slots[i];
        }
        return found is not null;
    }

    private void ReadBundle(HostPhysicalAddress address, ReadOnlySpan<byte> bundle)
    {
        if (BundleReader.TryOpen(bundle, out BundleReader reader) != BundleStatus.Valid || !HasHash(reader.HashedTables, reader.TablesSha256))
            return;
        for (int i = 0; i < reader.ProcessCount && i < s_slots.Length; i++)
        {
            ProcessErrors error = reader.ReadProcess(i, FrameAllocator.TotalBytes, out ProcessDefinition definition);
            if (error == ProcessErrors.None && TryFind(definition.Name.Bytes, out _))
                error = ProcessErrors.Name;
            if (error != ProcessErrors.None || !reader.TryGetBlob(definition.Image, out Blob image))
            {
                Log.Write("processes"u8, $"{definition.Name.Bytes}: refused: {ProcessDefinition.Describe(error)}");
                continue;
            }
            s_slots[s_count] = new ProcessSlot(
                s_count, definition.Name.Bytes, definition.MemoryBytes, new HostPhysicalAddress(address.Value + image.FileOffset), image.Content.Length,
                Copy(image.Sha256), Copy(definition.Arguments), Copy(definition.Environment));
            s_count++;
        }
    }

    private static byte[] Copy(ReadOnlySpan<byte> bytes)
    {
        byte[] copy = new byte[bytes.Length];
        bytes.CopyTo(copy);
        return copy;
    }

    private void Verify(ProcessSlot slot)
    {
        if (!HasHash(PhysicalMemory.Bytes(slot.Image, slot.ImageLength), slot.Sha256))
            Refuse(slot, "tampered with (SHA-256 differs)"u8);
    }

    private static void Refuse(ProcessSlot slot, ReadOnlySpan<byte> reason)
    {
        slot.State = ProcessState.Refused;
        Log.Write(slot.Room, $"refused: its file is {reason}");
    }

    private void Start(ProcessSlot slot)
    {
        slot.StartedAt = Clock.Now;
        if (_builder.TryBuild(slot, out ReadOnlySpan<byte> reason, out bool isLasting))
        {
            slot.Starts++;
            slot.State = ProcessState.Running;
            Log.Write(slot.Room, $"started");
        }
        else if (isLasting)
        {
            Refuse(slot, reason);
        }
        else
        {
            Log.Write(slot.Room, $"its file is {reason}");
            Schedule(slot, wasKilled: false);
        }
    }

    // Takes back threads that have ended; the process, once all have.
    private static void Reclaim(ProcessSlot slot, ref ulong next)
    {
        Process process = slot.Process!;
        bool hasEnded = true;
        foreach (UserThread thread in process.AllThreads)
            hasEnded &= thread.TryReclaim();
        if (!process.IsEnding)
            return;
        if (!hasEnded)
        {
            next = Math.Min(next, Clock.Now + Poll); // a thread wakes this one just before its end
            return;
        }
        ProcessEnd reason = process.EndReason;
        int code = process.EndCode;
        slot.State = ProcessState.Ended;
        ulong time = process.Threads.ProcessorTime;
        ProcessBuilder.TakeApart(slot);
        LogLine how = reason switch
        {
            ProcessEnd.Exit => $"exit code {code}",
            ProcessEnd.Signal => $"signal {code}",
            ProcessEnd.Killed => $"killed",
            _ => $"a fault in the kernel",
        };
        Log.Write(slot.Room, $"ended: {how}, {time / 1_000_000} ms of processor time");
        ulong leaked = FrameAllocator.FramesOf(slot.Owner);
        if (leaked != 0)
            Log.Write("memory"u8, $"{leaked} frames of an ended process were not given back");
        Log.Write("memory"u8, $"{FrameAllocator.UnreservedBlocks * 2} MiB free, the kernel holds {FrameAllocator.FramesOf(FrameOwner.Kernel) * 4} KiB");
        Schedule(slot, reason == ProcessEnd.Killed);
        next = Math.Min(next, slot.NextStart);
    }

    private static void Schedule(ProcessSlot slot, bool wasKilled)
    {
        ulong now = Clock.Now;
        bool wasQuick = !wasKilled && now - slot.StartedAt < Settled;
        slot.QuickEnds = wasQuick ? Math.Min(slot.QuickEnds + 1, 16) : 0;
        slot.NextStart = now + Math.Min(FirstPause << slot.QuickEnds, LongestPause);
        slot.State = ProcessState.Waiting;
    }

    private bool HasHash(ReadOnlySpan<byte> content, ReadOnlySpan<byte> expected)
    {
        const int Chunk = 1024 * 1024;
        Span<byte> actual = stackalloc byte[Sha256.HashLength];
        _sha256.Reset();
        while (!content.IsEmpty)
        {
            int length = Math.Min(content.Length, Chunk);
            _sha256.Update(content.Slice(0, length));
            content = content.Slice(length);
            if (s_manager is not null && Scheduler.NeedsReschedule)
                Scheduler.Yield();
        }
        _sha256.Finish(actual);
        return MemoryExtensions.SequenceEqual<byte>(actual, expected);
    }
}
