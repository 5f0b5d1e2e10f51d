using HyperOS.Devices;

namespace HyperOS.Tests.Unit.Devices;

/// <summary>Intel SDM vol. 3A, "APIC Timer".</summary>
public class LocalApicTimerTests
{
    private const uint Vector = 0xEC, Masked = 0x10000, Periodic = 0x20000, TscDeadline = 0x40000;
    private readonly ApicMachine _machine = ApicMachine.X2Apic();

    private bool Deadline(out ulong deadline) => _machine.Apic.TryGetDeadline(out deadline, out _);

    private bool Fires(ulong now, ulong tsc = 0)
    {
        _machine.Apic.Advance(now, tsc);
        if (_machine.Pending() < 0)
            return false;
        Assert.Equal((int)Vector, _machine.Take());
        _machine.Apic.EndOfInterrupt();
        return true;
    }

    // "Divide Configuration Register"
    [Theory]
    [InlineData(0x0, 2)]
    [InlineData(0x1, 4)]
    [InlineData(0x2, 8)]
    [InlineData(0x3, 16)]
    [InlineData(0x8, 32)]
    [InlineData(0x9, 64)]
    [InlineData(0xA, 128)]
    [InlineData(0xB, 1)]
    public void The_clock_of_1_GHz_is_divided(uint configuration, ulong divisor)
    {
        _machine.WriteMsr(ApicRegister.LVTTimer, Vector);
        _machine.WriteMsr(ApicRegister.DivideConfiguration, configuration);
        _machine.WriteMsr(ApicRegister.InitialCount, 1000, now: 77);
        Assert.True(Deadline(out ulong deadline));
        Assert.Equal(77 + 1000 * divisor, deadline);
        Assert.Equal(1000ul, _machine.ReadMsr(ApicRegister.CurrentCount, now: 77));
        Assert.Equal(600ul, _machine.ReadMsr(ApicRegister.CurrentCount, now: 77 + 400 * divisor));
        Assert.Equal(1ul, _machine.ReadMsr(ApicRegister.CurrentCount, now: deadline - 1));
        Assert.Equal(0ul, _machine.ReadMsr(ApicRegister.CurrentCount, now: deadline));
    }

    [Fact]
    public void One_shot_fires_once()
    {
        _machine.WriteMsr(ApicRegister.LVTTimer, Vector);
        _machine.WriteMsr(ApicRegister.DivideConfiguration, 0xB);
        _machine.WriteMsr(ApicRegister.InitialCount, 100, now: 0);
        Assert.False(Fires(99));
        Assert.True(Fires(100));
        Assert.False(Fires(1000));
        Assert.False(Deadline(out _));
        Assert.Equal(0ul, _machine.ReadMsr(ApicRegister.CurrentCount, now: 1000));
        Assert.Equal(100ul, _machine.ReadMsr(ApicRegister.InitialCount, now: 1000));
    }

    [Fact]
    public void Periodic_keeps_its_rhythm_and_queues_no_burst()
    {
        _machine.WriteMsr(ApicRegister.LVTTimer, Periodic | Vector);
        _machine.WriteMsr(ApicRegister.DivideConfiguration, 0xB);
        _machine.WriteMsr(ApicRegister.InitialCount, 100, now: 0);
        Assert.True(Fires(130));
        Assert.True(Deadline(out ulong deadline));
        Assert.Equal(200ul, deadline);
        Assert.True(Fires(1_234_567));
        Assert.False(Fires(1_234_567));
        Assert.True(Deadline(out deadline));
        Assert.Equal(1_234_600ul, deadline);
        Assert.Equal(33ul, _machine.ReadMsr(ApicRegister.CurrentCount, now: 1_234_567));
        Assert.True(Fires(1_234_600));
    }

    [Fact]
    public void An_initial_count_of_zero_stops()
    {
        _machine.WriteMsr(ApicRegister.LVTTimer, Periodic | Vector);
        _machine.WriteMsr(ApicRegister.InitialCount, 100, now: 0);
        _machine.WriteMsr(ApicRegister.InitialCount, 0, now: 50);
        Assert.False(Deadline(out _));
        Assert.False(Fires(10_000));
    }

    [Fact]
    public void A_masked_timer_counts_but_asks_for_nothing()
    {
        _machine.WriteMsr(ApicRegister.LVTTimer, Masked | Vector);
        _machine.WriteMsr(ApicRegister.DivideConfiguration, 0xB);
        _machine.WriteMsr(ApicRegister.InitialCount, 100, now: 0);
        Assert.False(Deadline(out _));
        Assert.Equal(40ul, _machine.ReadMsr(ApicRegister.CurrentCount, now: 60));
        _machine.WriteMsr(ApicRegister.LVTTimer, Vector, now: 100);
        Assert.False(Fires(200));
        _machine.WriteMsr(ApicRegister.InitialCount, 100, now: 200);
        Assert.True(Fires(300));
    }

    [Fact]
    public void A_new_divisor_goes_on_from_the_count_at_hand()
    {
        _machine.WriteMsr(ApicRegister.LVTTimer, Vector);
        _machine.WriteMsr(ApicRegister.DivideConfiguration, 0xB);
        _machine.WriteMsr(ApicRegister.InitialCount, 100, now: 0);
        _machine.WriteMsr(ApicRegister.DivideConfiguration, 0x1, now: 60);
        Assert.Equal(40ul, _machine.ReadMsr(ApicRegister.CurrentCount, now: 60));
        Assert.True(Deadline(out ulong deadline));
        Assert.Equal(60ul + 4 * 40, deadline);
    }

    // "TSC-Deadline Mode"
    [Fact]
    public void The_tsc_deadline_fires_once_and_reads_zero_then()
    {
        _machine.WriteMsr(ApicRegister.LVTTimer, TscDeadline | Vector);
        _machine.Apic.WriteTscDeadline(5000, tsc: 1000);
        Assert.True(_machine.Apic.TryGetDeadline(out ulong deadline, out bool isTsc));
        Assert.Equal((5000ul, true), (deadline, isTsc));
        Assert.Equal(5000ul, _machine.Apic.ReadTscDeadline(tsc: 4999));
        Assert.False(Fires(now: 1_000_000, tsc: 4999));
        Assert.True(Fires(now: 0, tsc: 5000));
        Assert.Equal(0ul, _machine.Apic.ReadTscDeadline(tsc: 5001));
        Assert.False(Fires(now: 0, tsc: 9999));
    }

    [Fact]
    public void A_tsc_deadline_that_has_passed_fires_at_once()
    {
        _machine.WriteMsr(ApicRegister.LVTTimer, TscDeadline | Vector);
        _machine.Apic.WriteTscDeadline(5000, tsc: 6000);
        Assert.Equal((int)Vector, _machine.Pending());
    }

    [Fact]
    public void Zero_disarms_the_tsc_deadline()
    {
        _machine.WriteMsr(ApicRegister.LVTTimer, TscDeadline | Vector);
        _machine.Apic.WriteTscDeadline(5000, tsc: 0);
        _machine.Apic.WriteTscDeadline(0, tsc: 0);
        Assert.False(Fires(0, 6000));
    }

    [Fact]
    public void Counts_and_deadlines_ignore_each_others_modes()
    {
        _machine.WriteMsr(ApicRegister.LVTTimer, Vector);
        _machine.Apic.WriteTscDeadline(5000, tsc: 0);
        Assert.False(Deadline(out _));
        Assert.Equal(0ul, _machine.Apic.ReadTscDeadline(0));
        _machine.WriteMsr(ApicRegister.LVTTimer, TscDeadline | Vector);
        _machine.WriteMsr(ApicRegister.InitialCount, 100, now: 0);
        Assert.False(Deadline(out _));
        Assert.Equal(0ul, _machine.ReadMsr(ApicRegister.CurrentCount));
    }

    [Theory]
    [InlineData(0, TscDeadline)]
    [InlineData(TscDeadline, 0)]
    [InlineData(TscDeadline, Periodic)]
    [InlineData(Periodic, 0x60000)]
    public void Changing_between_counts_and_deadlines_disarms(uint from, uint to)
    {
        _machine.WriteMsr(ApicRegister.LVTTimer, from | Vector);
        _machine.WriteMsr(ApicRegister.InitialCount, 100, now: 0);
        _machine.Apic.WriteTscDeadline(5000, tsc: 0);
        Assert.True(Deadline(out _));
        _machine.WriteMsr(ApicRegister.LVTTimer, to | Vector);
        Assert.False(Deadline(out _));
    }

    [Fact]
    public void A_short_period_cannot_overrun_the_clock()
    {
        _machine.WriteMsr(ApicRegister.LVTTimer, Periodic | Vector);
        _machine.WriteMsr(ApicRegister.DivideConfiguration, 0xB);
        _machine.WriteMsr(ApicRegister.InitialCount, 1, now: 0);
        Assert.True(Fires(ulong.MaxValue / 2));
        Assert.True(Deadline(out ulong deadline));
        Assert.Equal(ulong.MaxValue / 2 + 1, deadline);
    }
}
