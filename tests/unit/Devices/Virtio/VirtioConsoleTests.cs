using System.Text;
using HyperOS.Abi.State;
using HyperOS.Devices;
using HyperOS.Specs.Virtio;

namespace HyperOS.Tests.Unit.Devices;

public class VirtioConsoleTests
{
    private readonly TestRam _ram = new(1 << 20);
    private readonly TestLine _line = new();
    private readonly VirtioConsoleDevice _device;
    private readonly GuestDriver _driver;

    public VirtioConsoleTests()
    {
        _device = new VirtioConsoleDevice(_ram, _line);
        _driver = new GuestDriver(_device, _ram).Start();
    }

    private string Output => Encoding.ASCII.GetString([.. _line.Output]);

    [Fact]
    public void Output_reaches_the_line()
    {
        Assert.Equal(0u, _driver[1].Do(_driver.Readable("hello, "u8), _driver.Readable("world"u8)));
        Assert.Equal("hello, world", Output);
    }

    [Fact]
    public void Output_that_the_line_cannot_take_waits_and_nothing_comes_twice()
    {
        _line.Room = 3;
        _driver[1].Add(_driver.Readable("abcd"u8), _driver.Readable("ef"u8));
        _driver[1].Add(_driver.Readable("gh"u8));
        _driver[1].Kick(2);
        Assert.Equal(ServiceOutcome.Waiting, _driver.LastOutcome);
        Assert.Equal("abc", Output);
        _line.Room = 2;
        _driver.Serve(1);
        Assert.Equal("abcde", Output);
        Assert.Equal(0, _driver[1].UsedIndex);
        _line.Room = 100;
        _driver.Serve(1);
        Assert.Equal("abcdefgh", Output);
        Assert.Equal(2, _driver[1].UsedIndex);
    }

    [Fact]
    public void A_long_chain_is_written_in_parts_as_budgets_go()
    {
        _driver.ServesAtOnce = false;
        byte[] text = [.. Enumerable.Range(0, 10_000).Select(value => (byte)value)];
        _driver[1].Add(_driver.Readable(text));
        Assert.Equal(ServiceOutcome.More, _device.Service(1, 4000));
        Assert.Equal(4000, _line.Output.Count);
        Assert.Equal(ServiceOutcome.More, _device.Service(1, 4000));
        Assert.Equal(ServiceOutcome.Idle, _device.Service(1, 100_000));
        Assert.Equal(text, _line.Output);
    }

    [Fact]
    public void Input_goes_into_the_first_buffer_as_far_as_it_is_there()
    {
        Buffer first = _driver.Writable(16), second = _driver.Writable(16);
        _driver[0].Add(first);
        _driver[0].Add(second);
        _driver[0].Kick(2);
        Assert.Equal(ServiceOutcome.Waiting, _driver.LastOutcome);
        Assert.Equal(0, _driver[0].UsedIndex);
        foreach (byte value in "typed"u8)
            _line.Input.Enqueue(value);
        _driver.Serve(0);
        Assert.True(_driver[0].TryTake(out _, out uint written));
        Assert.Equal(5u, written);
        Assert.Equal("typed"u8.ToArray(), _driver.Content(first)[..5]);
        Assert.False(_driver[0].TryTake(out _, out _));
    }

    [Fact]
    public void Input_without_a_buffer_stays_in_the_line()
    {
        _line.Input.Enqueue(1);
        _driver.Serve(0);
        Assert.Equal(ServiceOutcome.Idle, _driver.LastOutcome);
        Assert.Single(_line.Input);
        Assert.Equal(1u, _driver[0].Do(_driver.Writable(4)));
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(1, true)]
    public void A_chain_of_the_wrong_kind_breaks_the_device(int queue, bool isWritable)
    {
        _driver[queue].Add(new Buffer(0x8000, 4, isWritable));
        _driver.Serve(queue);
        Assert.True(_driver.NeedsReset);
    }

    [Fact]
    public void A_new_size_is_told()
    {
        byte generation = _device.ConfigurationGeneration;
        _device.Resize(132, 50);
        Assert.Equal([132, 0, 50, 0], _driver.Configuration(VirtioConsole.Cols, 4));
        Assert.Equal(1, _driver.ConfigurationInterrupts);
        Assert.NotEqual(generation, _device.ConfigurationGeneration);
    }

    [Fact]
    public void Emergency_writes_need_no_driver()
    {
        VirtioConsoleDevice device = new(_ram, _line);
        device.WriteConfiguration(VirtioConsole.EmergWr, [(byte)'!', 0, 0, 0]);
        device.WriteConfiguration(VirtioConsole.EmergWr, [(byte)'?']);
        device.WriteConfiguration(VirtioConsole.Cols, [1]);
        Assert.Equal("!?"u8.ToArray(), _line.Emergencies);
    }

    [Fact]
    public void A_saved_console_keeps_its_size()
    {
        _device.Resize(80, 25);
        _device.Save(out VirtioConsoleState state);
        VirtioConsoleDevice restored = new(_ram, _line);
        Assert.Equal(RestoreStatus.Restored, restored.Restore(in state));
        restored.Save(out VirtioConsoleState again);
        Assert.Equal(ApicMachine.Bytes(state), ApicMachine.Bytes(again));
        state.Version = 7;
        Assert.Equal(RestoreStatus.UnknownVersion, restored.Restore(in state));
    }
}
