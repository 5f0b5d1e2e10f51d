using System;
using HyperOS.Abi.State;
using HyperOS.Core;

namespace HyperOS.Devices;

/// <summary>What becomes of the timer ticks that fell due while the guest did not run, or ran too late to see each of them.</summary>
public enum TickCatchUp
{
    /// <summary>They are lost: however many fell due, the guest sees one. For guests that do not count ticks.</summary>
    None,

    /// <summary>They are delayed: each is delivered, the owed ones at twice the programmed rate. For guests whose clock counts ticks.</summary>
    Delayed,
}

/// <summary>
/// Programmable interval timer with its three counters, and port 61h, which gates counter 2 and shows its output: Intel 8254 data sheet;
/// Intel 82371AB (PIIX4) data sheet, "NMI Status and Control Register". Counter 0's output is interrupt line 0.
/// </summary>
/// <remarks>
/// Line 0 is driven at rising edges and where a mode-0 count is begun; the falling edges of the periodic modes, which no interrupt
/// controller looks at, are passed over. The caller holds the lock of the VM's legacy devices.
/// </remarks>
public sealed class Pit8254
{
    /// <summary>Ports 40h-43h.</summary>
    public const int PortCount = 4;

    /// <summary>The first of them.</summary>
    public const ushort Port = 0x40;

    private const int Gsi = 0;

    private const byte PortBGate2 = 0x01, PortBWritable = 0x0F, PortBRefresh = 0x10, PortBOutput2 = 0x20;

    /// <summary>Memory refresh requests of a PC come 15.085 microseconds apart; port 61h's refresh bit toggles with each.</summary>
    private const ulong RefreshNanoseconds = 15_085;

    /// <summary>More owed ticks than a guest could ever see: an hour at the highest usual rate of 1 kHz.</summary>
    private const ulong MaximumOwedTicks = 3_600_000;

    // Configuration.
    private readonly TickCatchUp _catchUp;

    // Wiring.
    private readonly InterruptLines _lines;

    // Guest-visible state.
    private Pit8254Channel _channel0;
    private Pit8254Channel _channel1;
    private Pit8254Channel _channel2;
    private byte _portB;
    private ulong _advancedTo;
    private ulong _owedTicks;
    private ulong _nextOwedTick;

    /// <summary>A timer as after power-on: no counter counts.</summary>
    public Pit8254(InterruptLines lines, TickCatchUp catchUp)
    {
        _lines = lines;
        _catchUp = catchUp;
        Reset(0);
    }

    /// <summary>Guest time in nanoseconds of counter 0's next interrupt; ulong.MaxValue when none comes.</summary>
    public ulong NextEvent { get; private set; }

    /// <summary>Ticks that are owed to the guest under <see cref="TickCatchUp.Delayed"/>.</summary>
    public ulong OwedTicks => _owedTicks;

    /// <summary>As at power-on.</summary>
    public void Reset(ulong now)
    {
        _channel0.Reset(gate: true);
        _channel1.Reset(gate: true);
        _channel2.Reset(gate: false);
        _portB = 0;
        _advancedTo = GuestFrequency.Pit.TicksAt(now);
        _owedTicks = 0;
        _nextOwedTick = 0;
        _lines.Set(Gsi, false);
        Schedule();
    }

    /// <summary>Reads port 40h + <paramref name="offset"/>, 0-3. The control word cannot be read.</summary>
    public byte Read(int offset, ulong now)
    {
        ulong tick = AdvanceToTick(now);
        FaultPoint.Hit(FaultPlace.Pit);
        switch (offset)
        {
            case 0: return _channel0.Read(tick);
            case 1: return _channel1.Read(tick);
            case 2: return _channel2.Read(tick);
            default: return 0xFF;
        }
    }

    /// <summary>Writes port 40h + <paramref name="offset"/>, 0-3.</summary>
    public void Write(int offset, byte value, ulong now)
    {
        ulong tick = AdvanceToTick(now);
        switch (offset)
        {
            case 0:
                _channel0.WriteCount(value, tick);
                FollowOutput(tick);
                break;
            case 1: _channel1.WriteCount(value, tick); break;
            case 2: _channel2.WriteCount(value, tick); break;
            default: WriteControl(value, tick); break;
        }
    }

    /// <summary>Reads port 61h.</summary>
    public byte ReadPortB(ulong now)
    {
        ulong tick = AdvanceToTick(now);
        int refresh = (now / RefreshNanoseconds & 1) != 0 ? PortBRefresh : 0;
        return (byte)(_portB | refresh | (_channel2.Output(tick) ? PortBOutput2 : 0));
    }

    /// <summary>Writes port 61h: gate of counter 2, speaker, and the two check enables, which nothing here answers to.</summary>
    public void WritePortB(byte value, ulong now)
    {
        ulong tick = AdvanceToTick(now);
        _portB = (byte)(value & PortBWritable);
        _channel2.SetGate((value & PortBGate2) != 0, tick);
    }

    /// <summary>Raises what is due at <paramref name="now"/>.</summary>
    public void Advance(ulong now)
    {
        if (now >= NextEvent)
            AdvanceToTick(now);
    }

    /// <summary>Saves the counters, port 61h and the ticks owed.</summary>
    public void Save(out Pit8254State state)
    {
        state = default;
        state.Version = Pit8254State.CurrentVersion;
        _channel0.Save(out state.Channel0);
        _channel1.Save(out state.Channel1);
        _channel2.Save(out state.Channel2);
        state.PortB = _portB;
        state.AdvancedTo = _advancedTo;
        state.OwedTicks = _owedTicks;
        state.NextOwedTick = _nextOwedTick;
    }

    /// <summary>Restores a saved timer at guest time <paramref name="now"/> and drives its line anew.</summary>
    public RestoreStatus Restore(in Pit8254State state, ulong now)
    {
        if (state.Version != Pit8254State.CurrentVersion)
            return RestoreStatus.UnknownVersion;
        ulong tick = GuestFrequency.Pit.TicksAt(now);
        bool valid = Pit8254Channel.IsValid(state.Channel0, tick) && Pit8254Channel.IsValid(state.Channel1, tick) &&
            Pit8254Channel.IsValid(state.Channel2, tick) && (state.PortB & ~PortBWritable) == 0 && state.AdvancedTo <= tick &&
            state.OwedTicks <= MaximumOwedTicks;
        if (!valid)
            return RestoreStatus.InvalidValue;
        _channel0.Restore(state.Channel0);
        _channel1.Restore(state.Channel1);
        _channel2.Restore(state.Channel2);
        _portB = state.PortB;
        _advancedTo = state.AdvancedTo;
        _owedTicks = state.OwedTicks;
        _nextOwedTick = state.NextOwedTick;
        _lines.Set(Gsi, _channel0.Output(_advancedTo));
        Schedule();
        AdvanceToTick(now);
        return RestoreStatus.Restored;
    }

    private void WriteControl(byte value, ulong tick)
    {
        switch (value >> 6)
        {
            case 0:
                _channel0.WriteControl(value, tick);
                FollowOutput(tick);
                break;
            case 1: _channel1.WriteControl(value, tick); break;
            case 2: _channel2.WriteControl(value, tick); break;
            default: ReadBack(value, tick); break;
        }
    }

    /// <summary>The read-back command: bits 1-3 select counters, bit 5 clear latches their counts, bit 4 clear their statuses.</summary>
    private void ReadBack(byte value, ulong tick)
    {
        bool count = (value & 0x20) == 0, status = (value & 0x10) == 0;
        if ((value & 0x02) != 0)
            Latch(ref _channel0, count, status, tick);
        if ((value & 0x04) != 0)
            Latch(ref _channel1, count, status, tick);
        if ((value & 0x08) != 0)
            Latch(ref _channel2, count, status, tick);
    }

    private static void Latch(ref Pit8254Channel channel, bool count, bool status, ulong tick)
    {
        if (count)
            channel.LatchCount(tick);
        if (status)
            channel.LatchStatus(tick);
    }

    /// <summary>Counter 0 was programmed: the line follows its output, and ticks of the old programme are no longer owed.</summary>
    private void FollowOutput(ulong tick)
    {
        _owedTicks = 0;
        _lines.Set(Gsi, _channel0.Output(tick));
        Schedule();
    }

    private ulong AdvanceToTick(ulong now)
    {
        ulong tick = GuestFrequency.Pit.TicksAt(now);
        if (tick < _advancedTo)
            return _advancedTo;
        if (now < NextEvent && !_channel0.HasPendingCount && !_channel1.HasPendingCount && !_channel2.HasPendingCount)
        {
            _advancedTo = tick; // nothing has happened since
            return tick;
        }
        ulong edges = LoadPendingCount(ref _channel0, tick, out ulong from) + _channel0.RisingEdges(from, tick);
        LoadPendingCount(ref _channel1, tick, out _);
        LoadPendingCount(ref _channel2, tick, out _);
        _advancedTo = tick;
        Deliver(edges, now);
        Schedule();
        return tick;
    }

    /// <summary>Loads a count that waited for the end of a cycle, if that has come; <paramref name="from"/> is where the count then stands.</summary>
    /// <returns>Rising edges of the output up to there.</returns>
    private ulong LoadPendingCount(ref Pit8254Channel channel, ulong tick, out ulong from)
    {
        from = _advancedTo;
        ulong load = channel.PendingLoad(_advancedTo);
        if (load > tick)
            return 0;
        from = load;
        ulong edges = channel.RisingEdges(_advancedTo, load);
        channel.LoadPendingCount(load);
        return edges;
    }

    private void Deliver(ulong edges, ulong now)
    {
        bool owedDue = _owedTicks != 0 && now >= _nextOwedTick;
        if (edges == 0 && !owedDue)
            return;
        _lines.Set(Gsi, false);
        _lines.Set(Gsi, true);
        if (_catchUp == TickCatchUp.None)
            return;
        _owedTicks = Math.Min(_owedTicks + edges - 1, MaximumOwedTicks);
        ulong period = GuestFrequency.Pit.TimeOf(_channel0.Period);
        _nextOwedTick = now + period / 2;
    }

    private void Schedule()
    {
        ulong next = _channel0.NextRisingEdge(_advancedTo);
        NextEvent = next == ulong.MaxValue ? ulong.MaxValue : GuestFrequency.Pit.TimeOf(next);
        if (_owedTicks != 0)
            NextEvent = Math.Min(NextEvent, _nextOwedTick);
    }
}
