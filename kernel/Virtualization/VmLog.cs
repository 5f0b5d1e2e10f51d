using System;
using HyperOS.Diagnostics;
using HyperOS.Platform;

namespace HyperOS.Virtualization;

/// <summary>Log lines of one machine. What a guest can cause again and again is limited to about one line a second; the rest is counted.</summary>
public sealed class VmLog
{
    private const int Burst = 10;
    private const ulong Window = 10_000_000_000;

    private readonly byte[] _room;
    private ulong _windowStart, _suppressed;
    private int _used;

    /// <param name="room">The machine's: "vm NAME".</param>
    public VmLog(ReadOnlySpan<byte> room)
    {
        _room = new byte[room.Length];
        room.CopyTo(_room);
    }

    /// <summary>Who speaks.</summary>
    public ReadOnlySpan<byte> Room => _room;

    /// <summary>A line that the host causes, or one that ends the guest.</summary>
    public void WriteEvent(scoped LogLine text) => Diagnostics.Log.Write(_room, text);

    /// <summary>A line that the guest causes, as often as it likes.</summary>
    public void Write(scoped LogLine text)
    {
        ulong now = Clock.Now;
        if (now - _windowStart > Window)
        {
            if (_suppressed != 0)
                WriteEvent($"{_suppressed} lines more left out");
            _windowStart = now;
            _used = 0;
            _suppressed = 0;
        }
        if (_used++ < Burst)
            WriteEvent(text);
        else
            _suppressed++;
    }

    /// <summary>Names the instruction bytes that a guest ends at.</summary>
    public void WriteBytes(ReadOnlySpan<byte> what, ReadOnlySpan<byte> bytes, ulong rip)
    {
        LogLine line = new(0, 0);
        line.AppendFormatted(what);
        foreach (byte b in bytes)
        {
            line.AppendLiteral(" ");
            line.AppendFormatted((ulong)b, "x2");
        }
        line.AppendLiteral(" at rip 0x");
        line.AppendFormatted(rip, "x");
        WriteEvent(line);
    }
}
