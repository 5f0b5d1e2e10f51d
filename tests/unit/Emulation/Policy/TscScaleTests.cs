using HyperOS.Emulation;
using HyperOS.Specs.Amd;
using HyperOS.Specs.Intel;

namespace HyperOS.Tests.Unit.Emulation.Policy;

public class TscScaleTests
{
    private static readonly TscRatioFormat s_amd = new(TscRatio.FractionBits, TscRatio.Bits), s_intel = new(VmxTsc.MultiplierFractionBits, 64);

    [Theory]
    [InlineData(2_400_000_000, 0)]
    [InlineData(2_400_000_000, 2_400_000_000)]
    public void The_hosts_frequency_needs_no_ratio(ulong host, ulong guest)
    {
        foreach (TscRatioFormat format in new[] { default, s_amd, s_intel })
        {
            Assert.True(TscScale.TryCreate(host, guest, format, out TscScale scale));
            Assert.True(scale.IsOne);
            Assert.Equal(host, scale.Frequency);
        }
    }

    [Theory]
    [InlineData(2_400_000_000, 2_400_600_000, true)]
    [InlineData(2_400_000_000, 2_399_400_000, true)]
    [InlineData(2_400_000_000, 2_400_600_004, false)]
    [InlineData(2_400_000_000, 2_399_399_996, false)]
    public void Without_scaling_a_little_passes(ulong host, ulong guest, bool expected)
    {
        Assert.Equal(expected, TscScale.TryCreate(host, guest, default, out TscScale scale));
        Assert.True(scale.IsOne);
        Assert.Equal(host, scale.Frequency);
    }

    [Theory]
    [InlineData(2_000_000_000, 3_000_000_000, 0x1_8000_0000, 0x1_8000_0000_0000)]
    [InlineData(3_000_000_000, 1_000_000_000, 0x5555_5555, 0x5555_5555_5555)]
    [InlineData(100_000_000, 16_000_000_000, 0xA0_0000_0000, 0xA0_0000_0000_0000)]
    public void The_ratio_is_the_processors(ulong host, ulong guest, ulong amd, ulong intel)
    {
        Assert.True(TscScale.TryCreate(host, guest, s_amd, out TscScale scale));
        Assert.Equal(amd, scale.Multiplier);
        Assert.True(TscScale.TryCreate(host, guest, s_intel, out scale));
        Assert.Equal(intel, scale.Multiplier);
        Assert.Equal(guest, scale.Frequency);
    }

    [Fact]
    public void A_ratio_that_is_too_wide_is_refused()
    {
        Assert.False(TscScale.TryCreate(50_000_000, 16_000_000_000, s_amd, out TscScale scale));
        Assert.True(scale.IsOne);
        Assert.True(TscScale.TryCreate(50_000_000, 16_000_000_000, s_intel, out _));
        Assert.False(TscScale.TryCreate(100_000, 16_000_000_000, s_intel, out _));
    }

    [Fact]
    public void Values_are_multiplied_as_by_the_processor()
    {
        Random random = new(1);
        foreach (TscRatioFormat format in new[] { s_amd, s_intel })
        {
            for (int i = 0; i < 1000; i++)
            {
                Assert.True(TscScale.TryCreate((ulong)random.NextInt64(1_000_000_000, 4_000_000_000), (ulong)random.NextInt64(100_000_000, 16_000_000_000), format, out TscScale scale));
                ulong counter = (ulong)random.NextInt64() >> random.Next(63);
                Assert.Equal(unchecked((ulong)((UInt128)counter * scale.Multiplier >> format.FractionBits)), scale.Apply(counter));
            }
        }
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 1)]
    [InlineData(3, 1)]
    [InlineData(4, 2)]
    [InlineData(3_000_000_000, 1_000_000_000)]
    [InlineData(3_000_000_001, 1_000_000_001)]
    [InlineData(3_000_000_000ul << 24, 1_000_000_000ul << 24)]
    public void Times_are_rounded_up(ulong ticks, ulong nanoseconds)
    {
        TscScale.TryCreate(1_000_000_000, 3_000_000_000, s_intel, out TscScale scale);
        Assert.Equal(nanoseconds, scale.ToNanoseconds(ticks));
    }
}
