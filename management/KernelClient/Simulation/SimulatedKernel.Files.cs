using System;
using System.Collections.Generic;
using System.IO;
using System.Threading;
using HyperOS.Abi.Control;
using HyperOS.Core;

namespace HyperOS.Management.KernelClient.Simulation;

public sealed partial class SimulatedKernel
{
    private static readonly TimeSpan s_consoleWait = TimeSpan.FromSeconds(1);

    private static IOException Invalid() => new("Invalid argument.");

    private sealed class ControlFile(SimulatedKernel kernel) : IDeviceFile
    {
        private readonly byte[] _answer = new byte[ControlMessage.MaxLength];
        private int _length;

        public int Read(Span<byte> buffer, ulong offset)
        {
            if (buffer.Length < _length)
                throw Invalid();
            int length = _length;
            _answer.AsSpan(0, length).CopyTo(buffer);
            _length = 0;
            return length;
        }

        public int Write(ReadOnlySpan<byte> bytes, ulong offset)
        {
            if (_length != 0 || bytes.Length > ControlMessage.MaxLength)
                throw Invalid();
            _length = kernel.Serve(bytes, _answer);
            return bytes.Length;
        }

        public void Dispose()
        {
        }
    }

    private sealed class EventsFile : IDeviceFile
    {
        private const int Capacity = 1024;

        private readonly SimulatedKernel _kernel;
        private readonly Queue<EventRecord> _events = new();
        private bool _isClosed;

        public EventsFile(SimulatedKernel kernel)
        {
            _kernel = kernel;
            kernel._listeners.Add(this);
        }

        /// <summary>Under the kernel's lock.</summary>
        public void Add(in EventRecord record)
        {
            if (_events.Count == Capacity)
            {
                _events.Clear();
                _events.Enqueue(new EventRecord { Sequence = record.Sequence, Time = record.Time, Kind = EventKind.Resync });
                return;
            }
            _events.Enqueue(record);
        }

        public int Read(Span<byte> buffer, ulong offset)
        {
            if (buffer.Length < EventRecord.Size)
                throw Invalid();
            lock (_kernel._lock)
            {
                while (_events.Count == 0 && !_isClosed)
                    Monitor.Wait(_kernel._lock);
                LittleEndianWriter writer = new(buffer);
                while (_events.Count > 0 && writer.Position + EventRecord.Size <= buffer.Length)
                    _events.Dequeue().Write(ref writer);
                return writer.Position;
            }
        }

        public int Write(ReadOnlySpan<byte> bytes, ulong offset) => throw Invalid();

        public void Dispose()
        {
            lock (_kernel._lock)
            {
                _isClosed = true;
                _kernel._listeners.Remove(this);
                Monitor.PulseAll(_kernel._lock);
            }
        }
    }

    private sealed class ConsoleFile(SimulatedKernel kernel, SimulatedVm vm) : IDeviceFile
    {
        public int Read(Span<byte> buffer, ulong offset)
        {
            if (buffer.Length <= OutputChunk.Size)
                throw Invalid();
            lock (kernel._lock)
            {
                if (offset >= vm.Console.End && !vm.IsDeleted)
                    Monitor.Wait(kernel._lock, s_consoleWait);
                if (vm.IsDeleted)
                    return 0;
                ulong start = offset;
                int length = vm.Console.Read(ref start, buffer[OutputChunk.Size..]);
                LittleEndianWriter writer = new(buffer);
                new OutputChunk { Start = start, End = vm.Console.End }.Write(ref writer);
                return OutputChunk.Size + length;
            }
        }

        public int Write(ReadOnlySpan<byte> bytes, ulong offset)
        {
            lock (kernel._lock)
            {
                kernel.Type(vm, bytes);
                Monitor.PulseAll(kernel._lock);
            }
            return bytes.Length;
        }

        public void Dispose()
        {
        }
    }
}
