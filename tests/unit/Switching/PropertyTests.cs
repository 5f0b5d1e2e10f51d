namespace HyperOS.Tests.Unit.Switching;

/// <summary>What holds whatever happens.</summary>
public class PropertyTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public void No_frame_leaves_its_VLAN_and_all_frames_are_accounted_for(int seed) => SwitchTorment.Run(new Random(seed), steps: 3000);
}
