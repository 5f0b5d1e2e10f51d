using HyperOS.Abi.State;

namespace HyperOS.Devices;

/// <summary>
/// One counter of an 8254: Intel 8254 data sheet, "Mode Definitions" and "Read Operations". Nothing runs: every value is derived from
/// the tick at which counting began. Times are ticks of the counter's clock since power-on.
/// </summary>
internal struct Pit8254Channel
{
    private const byte LatchAccess = 0, LowAccess = 1, HighAccess = 2;
    private const uint BinaryRange = 0x10000, BcdRange = 10_000;

    private byte _mode;
    private byte _accessMode;
    private bool _bcd;
    private bool _gate;
    private bool _hasCount;
    private bool _hasPendingCount;
    private bool _counting;
    private bool _writesHighByte;
    private bool _readsHighByte;
    private bool _statusLatched;
    private byte _lowByteWritten;
    private byte _latchedStatus;
    private byte _latchedBytes;
    private ushort _latchedCount;
    private uint _count;
    private uint _pendingCount;
    private ulong _start;
    private ulong _held;

    /// <summary>As after power-on, which the data sheet leaves undefined: no count, hence no output edges.</summary>
    public void Reset(bool gate)
    {
        this = default;
        _accessMode = LowAccess | HighAccess;
        _gate = gate;
    }

    /// <summary>Takes a control word that selects this counter, the counter latch command included.</summary>
    public void WriteControl(byte control, ulong tick)
    {
        byte access = (byte)(control >> 4 & 3);
        if (access == LatchAccess)
        {
            LatchCount(tick);
            return;
        }
        bool gate = _gate;
        this = default;
        _gate = gate;
        _accessMode = access;
        _bcd = (control & 1) != 0;
        int mode = control >> 1 & 7;
        _mode = (byte)(mode > 5 ? mode - 4 : mode);
    }

    /// <summary>Takes a byte of a new count.</summary>
    public void WriteCount(byte value, ulong tick)
    {
        switch (_accessMode)
        {
            case LowAccess:
                Load(value, tick);
                break;
            case HighAccess:
                Load((uint)value << 8, tick);
                break;
            default:
                if (_writesHighByte)
                {
                    _writesHighByte = false;
                    Load((uint)value << 8 | _lowByteWritten, tick);
                    break;
                }
                _lowByteWritten = value;
                _writesHighByte = true;
                // In mode 0 the first byte already stops the count and drives the output low.
                if (_mode == 0)
                {
                    _hasCount = false;
                    _counting = false;
                }
                break;
        }
    }

    /// <summary>Reads a byte: of the latched status, else of the latched count, else of the count as it is.</summary>
    public byte Read(ulong tick)
    {
        if (_statusLatched)
        {
            _statusLatched = false;
            return _latchedStatus;
        }
        ushort count = _latchedBytes != 0 ? _latchedCount : DisplayedCount(tick);
        if (_latchedBytes != 0)
            _latchedBytes--;
        bool high = _accessMode == HighAccess;
        if (_accessMode == (LowAccess | HighAccess))
        {
            high = _readsHighByte;
            _readsHighByte = !_readsHighByte;
        }
        return high ? (byte)(count >> 8) : (byte)(count & 0xFF);
    }

    /// <summary>Freezes the count for reading; a count already frozen stays.</summary>
    public void LatchCount(ulong tick)
    {
        if (_latchedBytes != 0)
            return;
        _latchedCount = DisplayedCount(tick);
        // A latch between two byte reads freezes what is left of the pair.
        _latchedBytes = _accessMode == (LowAccess | HighAccess) && !_readsHighByte ? (byte)2 : (byte)1;
    }

    /// <summary>Freezes the status for reading; a status already frozen stays.</summary>
    public void LatchStatus(ulong tick)
    {
        if (_statusLatched)
            return;
        bool nullCount = !_hasCount || _hasPendingCount || !IsLoaded(tick);
        _latchedStatus = (byte)((Output(tick) ? 0x80 : 0) | (nullCount ? 0x40 : 0) | _accessMode << 4 | _mode << 1 | (_bcd ? 1 : 0));
        _statusLatched = true;
    }

    /// <summary>Drives the gate input.</summary>
    public void SetGate(bool gate, ulong tick)
    {
        if (gate == _gate)
            return;
        _gate = gate;
        switch (_mode)
        {
            case 0:
            case 4:
                if (_hasCount)
                {
                    _held = Elapsed(tick);
                    _start = tick;
                    _counting = gate;
                }
                break;
            case 1:
            case 5:
                if (gate && _hasCount)
                    Start(tick);
                break;
            default:
                if (gate && _hasCount)
                {
                    TakePendingCount();
                    Start(tick);
                }
                else if (_hasCount)
                {
                    _held = Elapsed(tick);
                    _counting = false;
                }
                break;
        }
    }

    /// <summary>The level of the output.</summary>
    public bool Output(ulong tick)
    {
        if (_mode == 0)
            return _hasCount && Elapsed(tick) >= _count;
        if (!_counting || unchecked((long)(tick - _start)) < 0)
            return true;
        ulong elapsed = Elapsed(tick);
        return _mode switch
        {
            1 => elapsed >= _count,
            2 => elapsed % _count != _count - 1,
            3 => elapsed % _count < HighTicks,
            _ => elapsed != _count,
        };
    }

    /// <summary>Whether a count waits for the end of the cycle.</summary>
    public readonly bool HasPendingCount => _hasPendingCount;

    /// <summary>The tick at which a count that waits for the end of the cycle is loaded; ulong.MaxValue when none waits.</summary>
    public ulong PendingLoad(ulong tick)
    {
        if (!_hasPendingCount || Period == 0)
            return ulong.MaxValue;
        ulong elapsed = Elapsed(tick);
        ulong position = elapsed % _count;
        // The square wave takes a new count at the end of either half.
        ulong end = _mode == 3 && position < HighTicks ? HighTicks : _count;
        return unchecked(tick + (end - position) + StartDelay(tick));
    }

    /// <summary>Loads the waiting count at <paramref name="tick"/>, which <see cref="PendingLoad"/> gave.</summary>
    public void LoadPendingCount(ulong tick)
    {
        bool low = _mode == 3 && !Output(tick);
        TakePendingCount();
        _held = low ? HighTicks : 0;
        _start = tick;
    }

    /// <summary>Rising edges of the output after tick <paramref name="after"/>, up to and including <paramref name="until"/>.</summary>
    public ulong RisingEdges(ulong after, ulong until)
    {
        if (!_counting)
            return 0;
        ulong before = Elapsed(after), now = Elapsed(until);
        return _mode switch
        {
            0 or 1 => before < _count && now >= _count ? 1UL : 0,
            2 or 3 => now / _count - before / _count,
            _ => before <= _count && now > _count ? 1UL : 0,
        };
    }

    /// <summary>The first tick after <paramref name="after"/> with a rising edge of the output; ulong.MaxValue when none comes.</summary>
    public ulong NextRisingEdge(ulong after)
    {
        if (!_counting)
            return ulong.MaxValue;
        ulong elapsed = Elapsed(after);
        ulong at = _mode switch
        {
            0 or 1 => _count,
            2 or 3 => (elapsed / _count + 1) * _count,
            _ => (ulong)_count + 1,
        };
        return elapsed >= at ? ulong.MaxValue : unchecked(after + (at - elapsed) + StartDelay(after));
    }

    /// <summary>Ticks between the output's rising edges in the periodic modes, else 0.</summary>
    public readonly ulong Period => _counting && _mode is 2 or 3 ? _count : 0;

    public readonly void Save(out Pit8254ChannelState state)
    {
        state = default;
        state.Mode = _mode;
        state.AccessMode = _accessMode;
        state.Flags = (_bcd ? Pit8254ChannelFlags.Bcd : 0) | (_gate ? Pit8254ChannelFlags.Gate : 0) |
            (_hasCount ? Pit8254ChannelFlags.HasCount : 0) | (_hasPendingCount ? Pit8254ChannelFlags.HasPendingCount : 0) |
            (_counting ? Pit8254ChannelFlags.Counting : 0) | (_writesHighByte ? Pit8254ChannelFlags.WritesHighByte : 0) |
            (_readsHighByte ? Pit8254ChannelFlags.ReadsHighByte : 0) | (_statusLatched ? Pit8254ChannelFlags.StatusLatched : 0);
        state.LowByteWritten = _lowByteWritten;
        state.LatchedBytes = _latchedBytes;
        state.LatchedStatus = _latchedStatus;
        state.LatchedCount = _latchedCount;
        state.Count = _count;
        state.PendingCount = _pendingCount;
        state.Start = _start;
        state.Held = _held;
    }

    /// <summary>Whether every value is one that the counter can hold at <paramref name="tick"/>.</summary>
    public static bool IsValid(in Pit8254ChannelState state, ulong tick)
    {
        bool hasCount = (state.Flags & Pit8254ChannelFlags.HasCount) != 0;
        bool pending = (state.Flags & Pit8254ChannelFlags.HasPendingCount) != 0;
        bool counting = (state.Flags & Pit8254ChannelFlags.Counting) != 0;
        return state.Mode <= 5 && state.AccessMode is >= LowAccess and <= (LowAccess | HighAccess) && state.LatchedBytes <= 2 &&
            (!hasCount || state.Count is >= 1 and <= BinaryRange) && (!pending || state.PendingCount is >= 1 and <= BinaryRange) &&
            (hasCount || !pending && !counting) && state.Start <= tick + 1 && state.Held <= tick + BinaryRange;
    }

    /// <summary>Takes over a state that <see cref="IsValid"/> accepts.</summary>
    public void Restore(in Pit8254ChannelState state)
    {
        _mode = state.Mode;
        _accessMode = state.AccessMode;
        _bcd = (state.Flags & Pit8254ChannelFlags.Bcd) != 0;
        _gate = (state.Flags & Pit8254ChannelFlags.Gate) != 0;
        _hasCount = (state.Flags & Pit8254ChannelFlags.HasCount) != 0;
        _hasPendingCount = (state.Flags & Pit8254ChannelFlags.HasPendingCount) != 0;
        _counting = (state.Flags & Pit8254ChannelFlags.Counting) != 0;
        _writesHighByte = (state.Flags & Pit8254ChannelFlags.WritesHighByte) != 0;
        _readsHighByte = (state.Flags & Pit8254ChannelFlags.ReadsHighByte) != 0;
        _statusLatched = (state.Flags & Pit8254ChannelFlags.StatusLatched) != 0;
        _lowByteWritten = state.LowByteWritten;
        _latchedBytes = state.LatchedBytes;
        _latchedStatus = state.LatchedStatus;
        _latchedCount = state.LatchedCount;
        _count = state.Count;
        _pendingCount = state.PendingCount;
        _start = state.Start;
        _held = state.Held;
    }

    /// <summary>Ticks of a square wave's high half: an odd count gives it the odd tick.</summary>
    private readonly uint HighTicks => (_count + 1) / 2;

    private readonly uint Range => _bcd ? BcdRange : BinaryRange;

    private readonly bool IsLoaded(ulong tick) => !_counting || unchecked((long)(tick - _start)) >= 0;

    /// <summary>Ticks until counting begins: a count is loaded by the first clock after it was written.</summary>
    private readonly ulong StartDelay(ulong tick) => _counting && _start > tick ? _start - tick : 0;

    /// <summary>Ticks counted since the count was loaded.</summary>
    private readonly ulong Elapsed(ulong tick) => _counting && tick > _start ? unchecked(_held + (tick - _start)) : _held;

    private void Load(uint written, ulong tick)
    {
        uint count = _bcd ? (written >> 12) * 1000 + (written >> 8 & 15) * 100 + (written >> 4 & 15) * 10 + (written & 15) : written;
        if (count == 0)
            count = Range;
        bool periodic = _mode is 2 or 3;
        if (periodic && _hasCount)
        {
            _pendingCount = count;
            _hasPendingCount = true;
            return;
        }
        bool triggered = _mode is 1 or 5;
        if (triggered && _counting)
        {
            // The running cycle goes on with its own count; the next trigger takes the new one.
            _pendingCount = count;
            _hasPendingCount = true;
            return;
        }
        _count = count;
        _hasCount = true;
        if (triggered)
            return;
        Start(tick);
        _counting = _gate;
    }

    private void TakePendingCount()
    {
        if (!_hasPendingCount)
            return;
        _hasPendingCount = false;
        _count = _pendingCount;
    }

    private void Start(ulong tick)
    {
        TakePendingCount();
        _counting = true;
        _start = tick + 1;
        _held = 0;
    }

    private readonly ushort DisplayedCount(ulong tick)
    {
        if (!_hasCount)
            return 0;
        ulong elapsed = Elapsed(tick);
        uint value;
        switch (_mode)
        {
            case 2:
                value = (uint)(_count - elapsed % _count);
                break;
            case 3:
                // Counts down by two in either half, from the even part of the count.
                uint position = (uint)(elapsed % _count);
                value = (_count & ~1u) - 2 * (position < HighTicks ? position : position - HighTicks);
                break;
            default:
                value = (uint)((_count + Range - elapsed % Range) % Range);
                break;
        }
        value %= Range;
        return (ushort)(_bcd ? value / 1000 << 12 | value / 100 % 10 << 8 | value / 10 % 10 << 4 | value % 10 : value);
    }
}
