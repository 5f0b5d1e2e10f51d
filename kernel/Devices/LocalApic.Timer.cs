using System;
using HyperOS.Core;

namespace HyperOS.Devices;

/// <content>The timer: Intel SDM vol. 3A, "APIC Timer".</content>
public sealed partial class LocalApic
{
    private const uint TimerModeMask = 3 << 17, TimerOneShot = 0, TimerPeriodic = 1 << 17, TimerTscDeadline = 2 << 17;
    private const uint DivideWritable = 0xB;

    // When the timer expires, in guest nanoseconds or, in TSC-deadline mode, TSC ticks; 0 while it is not armed.
    private ulong _deadline;

    // Nanoseconds from one expiry to the next: the initial count times the divisor. Not zero while armed by a count.
    private ulong _period;

    /// <summary>When the timer next needs <see cref="Advance"/>, so that its interrupt comes in time.</summary>
    /// <param name="deadline">Guest time in nanoseconds, or the guest's TSC if <paramref name="isTsc"/>.</param>
    /// <returns>False: it is not armed, or masked, so that nothing would come of it.</returns>
    public bool TryGetDeadline(out ulong deadline, out bool isTsc)
    {
        deadline = _deadline;
        uint entry = Register(ApicRegister.LVTTimer);
        isTsc = (entry & TimerModeMask) == TimerTscDeadline;
        return deadline != 0 && IsUnmasked(entry);
    }

    /// <summary>
    /// Expires the timer if it is due at guest time <paramref name="now"/> or the guest's <paramref name="tsc"/>. Periods that passed unseen
    /// give one interrupt together, and the next expiry keeps the original rhythm.
    /// </summary>
    public void Advance(ulong now, ulong tsc)
    {
        if (_deadline == 0)
            return;
        FaultPoint.Hit(FaultPlace.LocalApicTimer);
        Expire((Register(ApicRegister.LVTTimer) & TimerModeMask) == TimerTscDeadline ? tsc : now);
    }

    /// <summary>RDMSR of IA32_TSC_DEADLINE: 0 once it has passed, and in other timer modes. SDM vol. 3A, "TSC-Deadline Mode".</summary>
    public ulong ReadTscDeadline(ulong tsc)
    {
        if (!IsTscDeadlineMode)
            return 0;
        Expire(tsc);
        return _deadline;
    }

    /// <summary>WRMSR to IA32_TSC_DEADLINE: arms, or with 0 disarms; a value that has passed expires at once. Ignored in other timer modes.</summary>
    public void WriteTscDeadline(ulong value, ulong tsc)
    {
        if (!IsTscDeadlineMode)
            return;
        _deadline = value;
        Expire(tsc);
    }

    private bool IsTscDeadlineMode => (Register(ApicRegister.LVTTimer) & TimerModeMask) == TimerTscDeadline;

    private int DivideShift
    {
        get
        {
            uint configuration = Register(ApicRegister.DivideConfiguration);
            return (int)((configuration & 3 | configuration >> 1 & 4) + 1 & 7);
        }
    }

    private void Expire(ulong clock)
    {
        if (_deadline == 0 || clock < _deadline)
            return;
        uint entry = Register(ApicRegister.LVTTimer);
        ulong missed = clock - _deadline;
        if ((entry & TimerModeMask) != TimerPeriodic || _period == 0)
            _deadline = 0;
        else
            _deadline = Armed(unchecked(_deadline + _period + (missed < _period ? 0 : missed - missed % _period)));
        if (IsUnmasked(entry))
            Request((int)(entry & 0xFF), isLevel: false);
    }

    private uint RemainingCount(ulong now)
    {
        if (_deadline == 0 || IsTscDeadlineMode)
            return 0;
        int shift = DivideShift;
        ulong count = unchecked(_deadline - now + (1ul << shift) - 1) >> shift;
        return (uint)Math.Min(count, Register(ApicRegister.InitialCount));
    }

    private void StoreInitialCount(uint value, ulong now)
    {
        if (CountsDown(Register(ApicRegister.LVTTimer)))
        {
            Register(ApicRegister.InitialCount) = value;
            Arm(value, now);
        }
    }

    /// <summary>The count goes on from where it is, at the new rate.</summary>
    private void StoreDivideConfiguration(uint value, ulong now, ulong tsc)
    {
        Advance(now, tsc);
        uint remaining = RemainingCount(now);
        Register(ApicRegister.DivideConfiguration) = value;
        if (CountsDown(Register(ApicRegister.LVTTimer)))
            Arm(remaining, now);
    }

    /// <summary>Entering or leaving TSC-deadline mode disarms; the reserved mode counts nothing.</summary>
    private void StoreTimerEntry(uint value, ulong now, ulong tsc)
    {
        Advance(now, tsc);
        if (CountsDown(value) != CountsDown(Register(ApicRegister.LVTTimer)) || (value & TimerModeMask) == TimerModeMask)
            _deadline = 0;
        Register(ApicRegister.LVTTimer) = value;
    }

    private void Arm(uint count, ulong now)
    {
        int shift = DivideShift;
        _period = (ulong)Register(ApicRegister.InitialCount) << shift;
        _deadline = count == 0 ? 0 : Armed(unchecked(now + ((ulong)count << shift)));
    }

    private static bool CountsDown(uint entry) => (entry & TimerModeMask) is TimerOneShot or TimerPeriodic;

    /// <summary>A deadline that is not the "not armed" of the field.</summary>
    private static ulong Armed(ulong deadline) => deadline == 0 ? 1 : deadline;
}
