using System.Net;
using HyperOS.Management.TcpIp;

namespace HyperOS.Tests.TcpIp;

public class AddressTests
{
    [Theory]
    [InlineData("10.0.0.1", true)]
    [InlineData("223.255.255.1", true)]
    [InlineData("2001:db8::1", true)]
    [InlineData("0.0.0.0", false)]
    [InlineData("0.1.2.3", false)]
    [InlineData("127.0.0.1", false)]
    [InlineData("224.0.0.1", false)]
    [InlineData("240.0.0.1", false)]
    [InlineData("255.255.255.255", false)]
    [InlineData("::", false)]
    [InlineData("::1", false)]
    [InlineData("ff02::1", false)]
    public void Only_one_hosts_addresses_are_unicast(string text, bool isUnicast)
    {
        Assert.True(IpAddress.TryParse(text, out IpAddress address));
        Assert.Equal(isUnicast, address.IsUnicast);
        Assert.Equal(text, address.ToString());
        Assert.Equal(address, IpAddress.From(IPAddress.Parse(text)));
    }

    [Theory]
    [InlineData("10.1.2.3", "10.1.2.200", 24, true)]
    [InlineData("10.1.2.3", "10.1.3.3", 24, false)]
    [InlineData("10.1.2.3", "10.1.3.3", 23, true)]
    [InlineData("2001:db8::1", "2001:db8::ffff:1", 64, true)]
    [InlineData("2001:db8::1", "2001:db8:0:1::1", 64, false)]
    [InlineData("10.1.2.3", "::1", 0, false)]
    public void A_prefix_is_compared_in_the_versions_own_bits(string a, string b, int length, bool shares)
    {
        Assert.True(IpAddress.TryParse(a, out IpAddress first) & IpAddress.TryParse(b, out IpAddress second));
        Assert.Equal(shares, first.SharesPrefix(second, length));
    }

    [Theory]
    [InlineData("10.0.0.1", 24, "10.0.0.254", true)]
    [InlineData("10.0.0.1", 24, null, true)]
    [InlineData("10.0.0.1", 31, "10.0.0.0", true)]
    [InlineData("10.0.0.1", 24, "10.0.1.254", false)]
    [InlineData("10.0.0.1", 24, "10.0.0.1", false)]
    [InlineData("10.0.0.1", 24, "10.0.0.255", false)]
    [InlineData("10.0.0.0", 24, null, false)]
    [InlineData("10.0.0.255", 24, null, false)]
    [InlineData("10.0.0.1", 0, null, false)]
    [InlineData("10.0.0.1", 33, null, false)]
    [InlineData("224.0.0.1", 24, null, false)]
    [InlineData("2001:db8::1", 64, null, false)]
    public void A_configuration_that_contradicts_itself_is_refused(string address, int length, string? gateway, bool isValid)
    {
        Assert.True(IpAddress.TryParse(address, out IpAddress own));
        IpAddress router = default;
        Assert.True(gateway is null || IpAddress.TryParse(gateway, out router));
        IpConfiguration configuration = new(own, length, gateway is null ? null : router);
        Assert.Equal(isValid, configuration.IsValid);
        using HostBench bench = new(isConfigured: false);
        if (isValid)
            bench.Stack.Configure(configuration);
        else
            Assert.Throws<ArgumentException>(() => bench.Stack.Configure(configuration));
    }
}
