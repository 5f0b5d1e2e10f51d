using System;
using System.Buffers.Binary;
using System.Threading;
using HyperOS.Core;
using HyperOS.Platform;
using HyperOS.Specs.Kvm;

namespace HyperOS.Virtualization;

/// <summary>
/// A machine's time: nanoseconds and time-stamp counter since its power-on, without its pauses, both from the host's counter, so that the KVM clock that the
/// guest computes by itself agrees with what the devices see. Linux, Documentation/virt/kvm/x86/msr.rst, "MSR_KVM_SYSTEM_TIME_NEW".
/// </summary>
public sealed class GuestClock
{
    private const ulong Running = ulong.MaxValue;

    // On the host's counter and the host's clock; a pause moves both.
    private ulong _start, _hostStart;

    // The guest's counter while it stands still.
    private ulong _pausedAt = Running;

    /// <param name="wallClockAtPowerOn">Unix time of now, in nanoseconds.</param>
    public GuestClock(ulong wallClockAtPowerOn)
    {
        _start = Cpu.ReadTimestamp();
        _hostStart = Clock.Now;
        WallClockAtPowerOn = wallClockAtPowerOn;
    }

    public ulong WallClockAtPowerOn { get; }

    /// <summary>What is added to the host's counter to give the guest's, modulo 2^64.</summary>
    public ulong TscOffset => unchecked(0 - _start);

    /// <summary>The guest's counter, as long as it has not moved it.</summary>
    public ulong Tsc
    {
        get
        {
            ulong pausedAt = Volatile.Read(ref _pausedAt);
            if (pausedAt != Running)
                return pausedAt;
            // A processor whose counter lags shows the start, not the end of time.
            ulong timestamp = Cpu.ReadTimestamp();
            ulong start = Volatile.Read(ref _start);
            return timestamp > start ? timestamp - start : 0;
        }
    }

    /// <summary>The clock stands still until <see cref="Resume"/>. No vCPU is in its guest.</summary>
    public void Pause() => Volatile.Write(ref _pausedAt, Tsc);

    /// <summary>The clock goes on from where it stands. No vCPU is in its guest: before it enters, it takes the new <see cref="TscOffset"/>.</summary>
    public void Resume()
    {
        ulong timestamp = Cpu.ReadTimestamp();
        ulong start = unchecked(timestamp - Volatile.Read(ref _pausedAt));
        _hostStart += Clock.ToNanoseconds(unchecked(start - _start));
        Volatile.Write(ref _start, start);
        Volatile.Write(ref _pausedAt, Running);
    }

    /// <summary>Nanoseconds since power-on, but for pauses.</summary>
    public ulong Now => Clock.ToNanoseconds(Tsc);

    /// <summary>A time of this clock on the host's <see cref="Clock"/>.</summary>
    public ulong ToHost(ulong nanoseconds) => nanoseconds == ulong.MaxValue ? ulong.MaxValue : _hostStart + Math.Min(nanoseconds, ulong.MaxValue >> 1);

    /// <summary>A value of the guest's counter as a time of the host's <see cref="Clock"/>.</summary>
    /// <param name="now">The counter's value now.</param>
    public ulong TscToHost(ulong tsc, ulong now)
    {
        // Farther ahead than this is never: no timer has to come for it, and the conversion cannot overflow.
        ulong horizon = Clock.Frequency << 24;
        return tsc > now && tsc - now > horizon ? ulong.MaxValue : ToHost(Clock.ToNanoseconds(tsc));
    }

    /// <summary>Writes the record from which the guest computes its time; it changes only when the guest moves its counter, or was paused.</summary>
    /// <param name="tscAdjust">How far it has moved it.</param>
    /// <param name="flags">Beside what the clock promises.</param>
    public bool TryWriteSystemTime(GuestMemory memory, GuestPhysicalAddress address, ulong tscAdjust, PvclockFlags flags = 0)
    {
        // nanoseconds = ((tsc << shift) * multiplier) >> 32, with as many bits in the multiplier as it holds.
        ulong frequency = Clock.Frequency;
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
