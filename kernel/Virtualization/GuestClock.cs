using System;
using System.Buffers.Binary;
using System.Threading;
using HyperOS.Core;
using HyperOS.Emulation;
using HyperOS.Platform;
using HyperOS.Specs.Kvm;

namespace HyperOS.Virtualization;

/// <summary>
/// A machine's time: nanoseconds and time-stamp counter since its power-on, without its pauses, both from the host's counter, so that the KVM clock that the
/// guest computes by itself agrees with what the devices see. The time-stamp counter may run at another rate than the host's, by the processor's scaling.
/// Linux, Documentation/virt/kvm/x86/msr.rst, "MSR_KVM_SYSTEM_TIME_NEW".
/// </summary>
public sealed class GuestClock
{
    private const ulong Running = ulong.MaxValue;

    private readonly TscScale _scale;

    // How far ahead a value of the guest's counter may be whose time is found without more ado; 0 where the counter is not the host's.
    private readonly ulong _horizon;

    // On the host's counter and the host's clock; a pause moves both.
    private ulong _start, _hostStart;

    // Of the host's counter since the start, while it stands still.
    private ulong _pausedAt = Running;

    // Whether the guest's counter is simply the host's since the start: it runs, and at the same rate. Else it stands at what follows, or is the host's
    // scaled, with the offset added.
    private volatile bool _isPlain;
    private ulong _tscPausedAt, _scaledOffset;

    /// <param name="wallClockAtPowerOn">Unix time of now, in nanoseconds.</param>
    /// <param name="scale">How fast the guest's counter runs.</param>
    public GuestClock(ulong wallClockAtPowerOn, in TscScale scale)
    {
        _scale = scale;
        _horizon = scale.IsOne ? Farthest : 0;
        _isPlain = scale.IsOne;
        _start = Cpu.ReadTimestamp();
        _scaledOffset = unchecked(0 - scale.Apply(_start));
        _hostStart = Clock.Now;
        WallClockAtPowerOn = wallClockAtPowerOn;
    }

    public ulong WallClockAtPowerOn { get; }

    /// <summary>How fast the guest's counter runs.</summary>
    public ref readonly TscScale Scale => ref _scale;

    /// <summary>What is added to the host's counter, scaled, to give the guest's, modulo 2^64.</summary>
    public ulong TscOffset => _scale.IsOne ? unchecked(0 - _start) : _scaledOffset;

    /// <summary>The guest's counter, as long as it has not moved it.</summary>
    public ulong Tsc => _isPlain ? SinceStart : WorkOutTsc();

    /// <summary>The guest's counter, as <see cref="Tsc"/>, and the clock at the same moment.</summary>
    public ulong Read(out ulong now)
    {
        if (!_isPlain)
        {
            now = Now;
            return WorkOutTsc();
        }
        ulong tsc = SinceStart;
        now = Clock.ToNanoseconds(tsc);
        return tsc;
    }

    // Of the host's counter since power-on, but for pauses.
    private ulong Ticks => Volatile.Read(ref _pausedAt) is var pausedAt && pausedAt != Running ? pausedAt : SinceStart;

    // A processor whose counter lags shows the start, not the end of time.
    private ulong SinceStart
    {
        get
        {
            ulong timestamp = Cpu.ReadTimestamp();
            ulong start = Volatile.Read(ref _start);
            return timestamp > start ? timestamp - start : 0;
        }
    }

    private ulong WorkOutTsc()
    {
        if (Volatile.Read(ref _pausedAt) != Running)
            return _tscPausedAt;
        ulong tsc = unchecked(_scale.Apply(Cpu.ReadTimestamp()) + _scaledOffset);
        return unchecked((long)tsc) < 0 ? 0 : tsc;
    }

    /// <summary>The clock stands still until <see cref="Resume"/>. No vCPU is in its guest.</summary>
    public void Pause()
    {
        ulong ticks = Ticks;
        _tscPausedAt = _scale.IsOne ? ticks : WorkOutTsc();
        Volatile.Write(ref _pausedAt, ticks);
        _isPlain = false;
    }

    /// <summary>The clock goes on from where it stands. No vCPU is in its guest: before it enters, it takes the new <see cref="TscOffset"/>.</summary>
    public void Resume()
    {
        ulong timestamp = Cpu.ReadTimestamp();
        ulong start = unchecked(timestamp - Volatile.Read(ref _pausedAt));
        _hostStart += Clock.ToNanoseconds(unchecked(start - _start));
        Volatile.Write(ref _start, start);
        _scaledOffset = unchecked(_tscPausedAt - _scale.Apply(timestamp));
        Volatile.Write(ref _pausedAt, Running);
        _isPlain = _scale.IsOne;
    }

    /// <summary>Nanoseconds since power-on, but for pauses.</summary>
    public ulong Now => Clock.ToNanoseconds(Ticks);

    /// <summary>A time of this clock on the host's <see cref="Clock"/>.</summary>
    public ulong ToHost(ulong nanoseconds) => nanoseconds == ulong.MaxValue ? ulong.MaxValue : _hostStart + Math.Min(nanoseconds, ulong.MaxValue >> 1);

    /// <summary>A value of the guest's counter as a time of the host's <see cref="Clock"/>.</summary>
    /// <param name="now">The counter's value now.</param>
    public ulong TscToHost(ulong tsc, ulong now)
    {
        ulong ahead = unchecked(tsc - now);
        return ahead <= _horizon ? ToHost(Clock.ToNanoseconds(tsc)) : WorkOutTime(tsc, now);
    }

    // Farther ahead than this is never: no timer has to come for it, and the conversion cannot overflow.
    private ulong Farthest => _scale.Frequency << 24;

    private ulong WorkOutTime(ulong tsc, ulong now)
    {
        if (tsc <= now)
            return _hostStart;
        return _scale.IsOne || tsc - now > Farthest ? ulong.MaxValue : ToHost(Now + _scale.ToNanoseconds(tsc - now));
    }

    /// <summary>Writes the record from which the guest computes its time; it changes only when the guest moves its counter, or was paused.</summary>
    /// <param name="tscAdjust">How far it has moved it.</param>
    /// <param name="flags">Beside what the clock promises.</param>
    public bool TryWriteSystemTime(GuestMemory memory, GuestPhysicalAddress address, ulong tscAdjust, PvclockFlags flags = 0)
    {
        // nanoseconds = ((tsc << shift) * multiplier) >> 32, with as many bits in the multiplier as it holds.
        ulong frequency = _scale.Frequency;
        int shift = 0;
        ulong scaled = 1_000_000_000;
        while (scaled >= frequency && shift < 31)
        {
            frequency <<= 1;
            shift++;
        }
        while (scaled < frequency / 2 && shift > -31)
        {
            frequency >>= 1;
            shift--;
        }
        uint multiplier = (uint)Math.Min((scaled << 32) / frequency, uint.MaxValue);
        Span<byte> record = stackalloc byte[32];
        record.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(record, 2); // version: even, not being changed
        BinaryPrimitives.WriteUInt32LittleEndian(record.Slice(24), multiplier);
        BinaryPrimitives.WriteUInt64LittleEndian(record.Slice(8), tscAdjust);
        record[28] = unchecked((byte)(sbyte)shift);
        record[29] = (byte)(PvclockFlags.PVCLOCK_TSC_STABLE_BIT | flags);
        return memory.TryWrite(address, record);
    }

    /// <summary>Writes the wall clock at the zero of the system time.</summary>
    public bool TryWriteWallClock(GuestMemory memory, GuestPhysicalAddress address)
    {
        Span<byte> record = stackalloc byte[12];
        BinaryPrimitives.WriteUInt32LittleEndian(record, 2);
        BinaryPrimitives.WriteUInt32LittleEndian(record.Slice(4), (uint)(WallClockAtPowerOn / 1_000_000_000));
        BinaryPrimitives.WriteUInt32LittleEndian(record.Slice(8), (uint)(WallClockAtPowerOn % 1_000_000_000));
        return memory.TryWrite(address, record);
    }
}
