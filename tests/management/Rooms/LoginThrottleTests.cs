using HyperOS.Management.Identity;

namespace HyperOS.Tests.Management.Rooms;

public sealed class LoginThrottleTests
{
    private readonly Clock _clock = new();
    private readonly LoginThrottle _throttle;

    public LoginThrottleTests() => _throttle = new LoginThrottle(_clock);

    [Fact]
    public void Each_failure_too_many_doubles_the_wait_up_to_a_quarter_of_an_hour()
    {
        for (int i = 1; i < LoginThrottle.FreeFailures; i++)
        {
            _throttle.Failed("ann", "10.0.0.1");
            Assert.Equal(TimeSpan.Zero, _throttle.Wait("ann", "10.0.0.1"));
        }
        double[] waits = [2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900];
        foreach (double wait in waits)
        {
            _throttle.Failed("ann", "10.0.0.1");
            Assert.Equal(TimeSpan.FromSeconds(wait), _throttle.Wait("ann", "10.0.0.1"));
        }
    }

    [Fact]
    public void Name_and_address_are_slowed_down_each_for_itself()
    {
        Lock("ann", "10.0.0.1");
        Assert.True(_throttle.Wait("ann", "10.0.0.2") > TimeSpan.Zero);
        Assert.True(_throttle.Wait("bob", "10.0.0.1") > TimeSpan.Zero);
        Assert.Equal(TimeSpan.Zero, _throttle.Wait("bob", "10.0.0.2"));
    }

    [Fact]
    public void Time_ends_a_wait_and_an_hour_forgets_it()
    {
        Lock("ann", "10.0.0.1");
        _clock.Now += TimeSpan.FromSeconds(2);
        Assert.Equal(TimeSpan.Zero, _throttle.Wait("ann", "10.0.0.1"));
        _clock.Now += TimeSpan.FromHours(2);
        _throttle.Failed("ann", "10.0.0.1");
        Assert.Equal(TimeSpan.Zero, _throttle.Wait("ann", "10.0.0.1"));
    }

    [Fact]
    public void Names_without_end_take_no_memory_without_end()
    {
        for (int i = 0; i < 50_000; i++)
            _throttle.Failed($"user {i}", $"10.0.{i >> 8}.{i & 0xFF}");
        Lock("ann", "192.0.2.1");
        Assert.True(_throttle.Wait("ann", "192.0.2.1") > TimeSpan.Zero);
    }

    private void Lock(string user, string address)
    {
        for (int i = 0; i < LoginThrottle.FreeFailures; i++)
            _throttle.Failed(user, address);
    }

    private sealed class Clock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
