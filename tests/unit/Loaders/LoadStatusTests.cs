using System.Text;
using HyperOS.Loaders;

namespace HyperOS.Tests.Unit.Loaders;

public class LoadStatusTests
{
    [Fact]
    public void Every_status_has_words_of_its_own()
    {
        HashSet<string> seen = ["for an unknown reason"];
        foreach (LoadStatus status in Enum.GetValues<LoadStatus>())
            Assert.True(seen.Add(Encoding.ASCII.GetString(GuestImage.Describe(status))), status.ToString());
    }
}
