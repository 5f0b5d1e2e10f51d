using System;
using System.Buffers.Binary;
using System.Threading;
using HyperOS.Core;
using HyperOS.Diagnostics;
using HyperOS.Disks;
using HyperOS.Firmware;
using HyperOS.Memory;
using HyperOS.Pci;
using HyperOS.Platform;
using HyperOS.Scheduling;

namespace HyperOS.Startup;

/// <summary>The test kernel's use of disks, with the option `diskTest=1`, which costs all that is on them.</summary>
internal static partial class Kernel
{
    static partial void TestDisks(HostOptions options, PciScan functions, AcpiTables acpi, ref bool areTaken)
    {
        areTaken = options.TestsDisks;
        if (areTaken)
            DiskTest.Start(functions, acpi);
    }
}

/// <summary>
/// Writes to all disks, for tests, again and again: blocks of every size at every alignment, one after another and many at once, whose content follows
/// from where they lie; reads them back, with what lies around, and says after each round what it has found. A disk that fails is left alone.
/// </summary>
internal sealed class DiskTest : ThreadBody
{
    private const int Requests = 24;
    private const ulong SettleTime = 30_000_000_000, Area = 4 * Size.MiB;

    private readonly TestRequest[] _requests = new TestRequest[Requests];
    private readonly byte[] _expected = new byte[BlockRequest.MaximumPages * DmaMemory.PageBytes];
    private readonly byte[] _found = new byte[BlockRequest.MaximumPages * DmaMemory.PageBytes];
    private readonly bool[] _hasFailed = new bool[DiskList.Maximum];
    private KernelThread? _thread;

    // Of the round.
    private uint _done, _errors, _wrong, _random = 1;

    public static void Start(PciScan functions, AcpiTables acpi)
    {
        DiskTest test = new();
        if (!DmaBuffer.TryAllocate(Requests * BlockRequest.MaximumPages, FrameOwner.Kernel, FrameZone.Any, out DmaBuffer? memory)
            || !Scheduler.TryCreate(test, FrameOwner.Kernel, null, out ThreadHandle handle) || !handle.TryGet(out test._thread))
        {
            Panic.Stop($"too little memory");
        }
        for (int i = 0; i < Requests; i++)
            test._requests[i] = new TestRequest(test, memory!, i * BlockRequest.MaximumPages * DmaMemory.PageBytes);
        DiskList.Start(functions, acpi, new Listener(test));
    }

    public override void Run()
    {
        for (ulong end = Clock.Now + SettleTime; !DiskList.IsSettled && Clock.Now < end;)
            Scheduler.Block(end);
        DiskList.NameNew();
        Log.Write("diskTest"u8, $"{DiskList.Count} disk(s)");
        for (uint round = 1, left = (uint)DiskList.Count; left != 0; round++)
        {
            for (int i = 0; i < DiskList.Count; i++)
            {
                BlockDevice disk = DiskList.Get(i);
                if (_hasFailed[i])
                    continue;
                _done = _errors = _wrong = 0;
                Try(disk, round);
                _hasFailed[i] = disk.HasFailed;
                left -= _hasFailed[i] ? 1u : 0;
                Log.Write("diskTest"u8, $"{disk.Name} round {round}: {_done} requests, {_wrong} wrong, {_errors} errors{(disk.HasFailed ? ", failed"u8 : default)}");
            }
        }
        Log.Write("diskTest"u8, $"no disk is left");
    }

    private void Try(BlockDevice disk, uint seed)
    {
        ulong area = Math.Min(Area, disk.Length / 2);
        if (disk.IsReadOnly)
        {
            Expect(disk, BlockOperation.Write, 0, (ulong)disk.BlockBytes, BlockStatus.Refused);
            return;
        }
        uint block = (uint)disk.BlockBytes;
        // Every size, at the start, within, and at the end.
        for (uint length = block; length <= disk.MaximumBytes && !disk.HasFailed; length += length < 16 * block ? block : 5 * block)
        {
            TryOne(disk, length % area / block * block, length, seed);
            TryOne(disk, disk.Length - length, length, seed + 1);
        }
        TryMany(disk, area, seed);
        if (disk.MaximumZeroes != 0)
            TryZeroes(disk, seed);
        if (disk.MaximumDiscard != 0)
            Expect(disk, BlockOperation.Discard, block, 7 * block, BlockStatus.Done);
        Expect(disk, BlockOperation.Flush, 0, 0, BlockStatus.Done);
        Expect(disk, BlockOperation.Read, disk.Length, block, BlockStatus.Refused);
        Expect(disk, BlockOperation.Write, disk.Length - block, 2 * block, BlockStatus.Refused);
        Expect(disk, BlockOperation.Read, 0, block - 1, BlockStatus.Refused);
    }

    // One write between two blocks that stay as they are, where there is room for them.
    private void TryOne(BlockDevice disk, ulong offset, uint length, uint seed)
    {
        uint block = (uint)disk.BlockBytes;
        bool hasBefore = offset >= block, hasBehind = offset + length + block <= disk.Length;
        if (hasBefore)
            Write(disk, offset - block, block, seed + 2);
        if (hasBehind)
            Write(disk, offset + length, block, seed + 3);
        Write(disk, offset, length, seed);
        Expect(disk, BlockOperation.Flush, 0, 0, BlockStatus.Done);
        if (hasBefore)
            Check(disk, offset - block, block, seed + 2);
        Check(disk, offset, length, seed);
        if (hasBehind)
            Check(disk, offset + length, block, seed + 3);
    }

    // As many as there are requests at once, each in a part of its own, with another length.
    private void TryMany(BlockDevice disk, ulong area, uint seed)
    {
        uint block = (uint)disk.BlockBytes;
        ulong part = area / Requests / block * block;
        for (int pass = 0; pass < 4; pass++)
        {
            for (int i = 0; i < Requests; i++)
            {
                uint length = (1 + Random() % (uint)(Math.Min((ulong)disk.MaximumBytes, part) / block)) * block;
                TestRequest request = _requests[i];
                Fill((ulong)i * part, length, seed);
                request.Put(0, new ReadOnlySpan<byte>(_expected, 0, (int)length));
                Begin(disk, request, BlockOperation.Write, (ulong)i * part, length);
            }
            WaitForAll();
            foreach (TestRequest request in _requests)
                Begin(disk, request, BlockOperation.Read, request.Offset, request.Length);
            WaitForAll();
            foreach (TestRequest request in _requests)
                Compare(request, seed);
        }
    }

    private void TryZeroes(BlockDevice disk, uint seed)
    {
        uint block = (uint)disk.BlockBytes;
        Write(disk, 0, 4 * block, seed);
        Expect(disk, BlockOperation.WriteZeroes, block, 2 * block, BlockStatus.Done);
        Check(disk, 0, block, seed);
        TestRequest request = Do(disk, BlockOperation.Read, block, 2 * block);
        request.Get(0, new Span<byte>(_found, 0, (int)(2 * block)));
        for (int i = 0; i < 2 * block && request.Status == BlockStatus.Done; i++)
            _wrong += _found[i] != 0 ? 1u : 0;
        Check(disk, 3 * block, block, seed);
    }

    private void Write(BlockDevice disk, ulong offset, uint length, uint seed)
    {
        Fill(offset, length, seed);
        _requests[0].Put(0, new ReadOnlySpan<byte>(_expected, 0, (int)length));
        Do(disk, BlockOperation.Write, offset, length);
    }

    private void Check(BlockDevice disk, ulong offset, uint length, uint seed) => Compare(Do(disk, BlockOperation.Read, offset, length), seed);

    private void Expect(BlockDevice disk, BlockOperation operation, ulong offset, ulong length, BlockStatus status)
    {
        uint errors = _errors;
        TestRequest request = Do(disk, operation, offset, length);
        if (status == BlockStatus.Refused)
            _errors = errors;
        if (request.Status != status && request.Status is not (BlockStatus.MediumError or BlockStatus.Failed))
            _wrong++;
    }

    private void Compare(TestRequest request, uint seed)
    {
        if (request.Status != BlockStatus.Done)
            return;
        int length = (int)request.Length;
        Fill(request.Offset, (uint)length, seed);
        request.Get(0, new Span<byte>(_found, 0, length));
        if (!new ReadOnlySpan<byte>(_found, 0, length).SequenceEqual(new ReadOnlySpan<byte>(_expected, 0, length)))
            _wrong++;
    }

    private TestRequest Do(BlockDevice disk, BlockOperation operation, ulong offset, ulong length)
    {
        Begin(disk, _requests[0], operation, offset, length);
        WaitForAll();
        return _requests[0];
    }

    private static void Begin(BlockDevice disk, TestRequest request, BlockOperation operation, ulong offset, ulong length)
    {
        request.Operation = operation;
        request.Offset = offset;
        request.Length = length;
        request.IsOut = true;
        disk.Submit(request);
    }

    private void WaitForAll()
    {
        foreach (TestRequest request in _requests)
        {
            bool wasOut = request.WasBegun;
            while (request.IsOut)
                Scheduler.Block();
            request.WasBegun = false;
            if (!wasOut)
                continue;
            _done++;
            _errors += request.Status != BlockStatus.Done ? 1u : 0;
        }
    }

    // What belongs there: 8 bytes follow from their place.
    private void Fill(ulong offset, uint length, uint seed)
    {
        for (uint at = 0; at < length; at += sizeof(ulong))
        {
            ulong value = unchecked((offset + at + ((ulong)seed << 40)) * 0x9E37_79B9_7F4A_7C15);
            BinaryPrimitives.WriteUInt64LittleEndian(new Span<byte>(_expected, (int)at, sizeof(ulong)), value ^ value >> 29);
        }
    }

    private uint Random()
    {
        _random ^= _random << 13;
        _random ^= _random >> 17;
        _random ^= _random << 5;
        return _random;
    }

    private sealed class TestRequest : BlockRequest
    {
        private readonly DiskTest _test;
        private bool _isOut;

        public TestRequest(DiskTest test, DmaMemory memory, int start)
            : base(memory, start, MaximumPages) => _test = test;

        public bool WasBegun { get; set; }

        public bool IsOut
        {
            get => Volatile.Read(ref _isOut);
            set
            {
                WasBegun |= value;
                Volatile.Write(ref _isOut, value);
            }
        }

        public override void Done()
        {
            Volatile.Write(ref _isOut, false);
            Scheduler.Wake(_test._thread!);
        }
    }

    private sealed class Listener : DiskListener
    {
        private readonly DiskTest _test;

        public Listener(DiskTest test) => _test = test;

        public override void Settled() => Scheduler.Wake(_test._thread!);
    }
}
