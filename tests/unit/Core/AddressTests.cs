using HyperOS.Core;

namespace HyperOS.Tests.Unit.Core;

public class AddressTests
{
    [Fact]
    public void A_sum_that_wraps_is_refused()
    {
        Assert.False(new GuestPhysicalAddress(ulong.MaxValue).TryAdd(1, out _));
        Assert.True(new GuestPhysicalAddress(0x1000).TryAdd(0x1000, out GuestPhysicalAddress sum));
        Assert.Equal(0x2000ul, sum.Value);
    }

    [Fact]
    public void Offset_beyond_the_end_is_a_checked_overflow() =>
        Assert.Throws<OverflowException>(() => new HostPhysicalAddress(ulong.MaxValue).Offset(1));

    [Theory]
    [InlineData(0x1FFF, 0x1000, 0x1000, 0x2000)]
    [InlineData(0x2000, 0x1000, 0x2000, 0x2000)]
    public void Alignment_rounds_to_powers_of_two(ulong value, ulong alignment, ulong down, ulong up)
    {
        Assert.Equal(down, Alignment.Down(value, alignment));
        Assert.Equal(up, Alignment.Up(value, alignment));
    }
}
