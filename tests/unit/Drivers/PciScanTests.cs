using HyperOS.Core;
using HyperOS.Pci;
using HyperOS.Specs.Pci;
using HyperOS.Virtio;

namespace HyperOS.Tests.Unit.Drivers;

public class PciScanTests
{
    [Fact]
    public void Functions_behind_bridges_are_found_once_even_where_bridges_point_in_circles()
    {
        FakeConfiguration space = new();
        space.Add(0, 0, 0)[0x0E] = 0x80;
        space.Add(0, 0, 3);
        space.AddBridge(0, 1, secondary: 2);
        space.AddBridge(0, 2, secondary: 2);
        space.Add(2, 5, 0);
        space.AddBridge(2, 6, secondary: 0);
        space.AddBridge(2, 7, secondary: 2);
        space.Add(9, 0, 0);
        PciScan scan = new(space, 16);
        scan.Add(0, 0);
        Assert.Equal([(0, 0, 0), (0, 0, 3), (0, 1, 0), (0, 2, 0), (2, 5, 0), (2, 6, 0), (2, 7, 0)],
            Enumerable.Range(0, scan.Count).Select(i => ((int)scan[i].Address.Bus, scan[i].Address.Device, scan[i].Address.Function)));
    }

    [Fact]
    public void More_functions_than_there_is_room_for_are_counted()
    {
        FakeConfiguration space = new();
        for (int device = 0; device < 5; device++)
            space.Add(0, device, 0);
        PciScan scan = new(space, 3);
        scan.Add(0, 0);
        Assert.Equal((3, 2), (scan.Count, scan.Refused));
    }

    [Fact]
    public void Base_addresses_are_measured_and_left_as_they_were()
    {
        FakeConfiguration space = new();
        byte[] header = space.Add(0, 4, 0);
        space.SetBar(header, 0, 0xFEB0_0000, 0x2_0000);
        space.SetBar(header, 1, 0xC000 | 1, 0x40);
        space.SetBar(header, 2, 0x8_0000_0000 | 4, 0x4000);
        PciFunction function = new(space, new PciAddress(0, 0, 4, 0));
        function.ReadBaseAddresses();
        Assert.Equal((0xFEB0_0000ul, 0x2_0000ul, false), (function.Bar(0).Address, function.Bar(0).Size, function.Bar(0).IsIo));
        Assert.Equal((0xC000ul, 0x40ul, true), (function.Bar(1).Address, function.Bar(1).Size, function.Bar(1).IsIo));
        Assert.Equal((0x8_0000_0000ul, 0x4000ul), (function.Bar(2).Address, function.Bar(2).Size));
        Assert.Equal(0ul, function.Bar(3).Size);
        Assert.Equal(0ul, function.Bar(4).Size);
        Assert.Equal(0ul, function.Bar(200).Size);
        Assert.Equal(0xFEB0_0000u, function.Read(0x10));
        Assert.True(function.Bar(0).TryGetMemory(0x1_0000, 0x1_0000, out HostPhysicalAddress upper));
        Assert.Equal(0xFEB1_0000ul, upper.Value);
        Assert.False(function.Bar(0).TryGetMemory(0x1_0000, 0x1_0001, out _));
        Assert.False(function.Bar(0).TryGetMemory(ulong.MaxValue, 2, out _));
        Assert.False(function.Bar(1).TryGetMemory(0, 4, out _));
    }

    [Fact]
    public void A_function_accesses_memory_only_while_it_is_enabled()
    {
        FakeConfiguration space = new();
        byte[] header = space.Add(0, 4, 0);
        PciFunction function = new(space, new PciAddress(0, 0, 4, 0));
        function.ReadBaseAddresses();
        Assert.True(function.TryEnable());
        Assert.Equal(6, header[4] & 7);
        function.Disable();
        Assert.Equal(2, header[4] & 7);
        Assert.Equal(4, header[5] & 4);
        header.AsSpan().Fill(0xFF);
        Assert.False(function.TryEnable());
    }

    [Fact]
    public void Lists_of_capabilities_that_bite_their_tail_end()
    {
        FakeConfiguration space = new();
        byte[] header = space.Add(0, 4, 0);
        header[6] = 0x10;
        header[0x34] = 0x40;
        (header[0x40], header[0x41]) = (0x09, 0x50);
        (header[0x50], header[0x51]) = (0x09, 0x40);
        PciFunction function = new(space, new PciAddress(0, 0, 4, 0));
        Assert.Equal(0x40, function.FindCapability(PciCapabilityId.VendorSpecific));
        Assert.Equal(0x50, function.FindCapability(PciCapabilityId.VendorSpecific, 0x40));
        Assert.Equal(0, function.FindCapability(PciCapabilityId.MsiX));
        Assert.False(VirtioPciLayout.TryRead(function, 1, out _));
    }

    [Theory]
    [InlineData(0x0000, 0x4000_0000u, 0x48)]
    [InlineData(0x0080, 0x4000_0000u, 0x4C)]
    public void The_one_message_is_set_where_the_capability_has_it(ushort control, uint address, int dataAt)
    {
        FakeConfiguration space = new();
        byte[] header = space.Add(0, 4, 0);
        (header[0x40], header[0x42]) = (0x05, (byte)control);
        new PciFunction(space, new PciAddress(0, 0, 4, 0)).SetMessage(0x40, address, 0x51);
        Assert.Equal(control | 1, header[0x42]);
        Assert.Equal(address, BitConverter.ToUInt32(header, 0x44));
        Assert.Equal(0x51, header[dataAt]);
    }
}

/// <summary>Configuration space of functions that tests make.</summary>
internal sealed class FakeConfiguration : ConfigurationSpace
{
    private readonly Dictionary<(int Bus, int DeviceFunction), byte[]> _functions = [];
    private readonly Dictionary<(byte[] Header, int Offset), uint> _masks = [];

    public byte[] Add(int bus, int device, int function)
    {
        byte[] header = new byte[256];
        (header[0], header[1], header[2]) = (0x86, 0x80, 0x01);
        _functions[(bus, device << 3 | function)] = header;
        for (int i = 0; i < 6; i++)
            _masks[(header, 0x10 + 4 * i)] = 0;
        return header;
    }

    public void AddBridge(int bus, int device, byte secondary)
    {
        byte[] header = Add(bus, device, 0);
        header[0x0E] = 1;
        header[0x19] = secondary;
    }

    public void SetBar(byte[] header, int index, ulong value, ulong size)
    {
        BitConverter.TryWriteBytes(header.AsSpan(0x10 + 4 * index), (uint)value);
        _masks[(header, 0x10 + 4 * index)] = (uint)~(size - 1);
        if ((value & 5) != 4)
            return;
        BitConverter.TryWriteBytes(header.AsSpan(0x14 + 4 * index), (uint)(value >> 32));
        _masks[(header, 0x14 + 4 * index)] = (uint)(~(size - 1) >> 32);
    }

    public override uint Read(PciAddress address, int offset) =>
        _functions.TryGetValue((address.Bus, address.DeviceFunction), out byte[]? header) ? BitConverter.ToUInt32(header, offset) : uint.MaxValue;

    public override void Write(PciAddress address, int offset, uint value)
    {
        if (!_functions.TryGetValue((address.Bus, address.DeviceFunction), out byte[]? header))
            return;
        if (_masks.TryGetValue((header, offset), out uint mask))
            value = value & mask | BitConverter.ToUInt32(header, offset) & 0xF;
        if (offset == 4)
            value = value & ushort.MaxValue | (uint)header[6] << 16 | (uint)header[7] << 24;
        BitConverter.TryWriteBytes(header.AsSpan(offset), value);
    }
}
