using HyperOS.Devices;

namespace HyperOS.Tests.Unit.Devices;

public class VirtioEntropyTests
{
    private readonly TestRam _ram = new(1 << 20);
    private readonly TestEntropy _source = new();
    private readonly GuestDriver _driver;

    public VirtioEntropyTests() => _driver = new GuestDriver(new VirtioEntropyDevice(_ram, _source), _ram).Start();

    [Fact]
    public void A_request_gets_random_bytes()
    {
        Buffer buffer = _driver.Writable(5);
        Assert.Equal(5u, _driver[0].Do(buffer));
        Assert.Equal([1, 2, 3, 4, 5], _driver.Content(buffer));
    }

    [Fact]
    public void A_large_request_gets_as_many_as_are_given_at_once()
    {
        Buffer buffer = _driver.Writable(10_000);
        Assert.Equal((uint)VirtioEntropyDevice.MostBytes, _driver[0].Do(buffer));
        Assert.Equal(0xEE, _driver.Content(buffer)[VirtioEntropyDevice.MostBytes]);
    }

    [Fact]
    public void A_source_that_has_few_gives_few()
    {
        _source.Left = 3;
        Assert.Equal(3u, _driver[0].Do(_driver.Writable(2), _driver.Writable(8)));
    }

    [Fact]
    public void A_buffer_to_read_breaks_the_device()
    {
        _driver[0].Add(_driver.Readable("x"u8));
        _driver.Serve(0);
        Assert.True(_driver.NeedsReset);
    }
}
