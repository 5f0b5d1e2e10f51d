using System.Buffers.Binary;
using System.Text;
using HyperOS.Abi.State;
using HyperOS.Devices;

namespace HyperOS.Tests.Unit.Devices;

public class FirmwareConfigTests
{
    private readonly FirmwareConfig _device = new(4, 0x1_2345_6000);

    private byte[] Read(ushort key, int count)
    {
        _device.Select(key);
        return Enumerable.Range(0, count).Select(_ => _device.ReadData()).ToArray();
    }

    [Fact]
    public void The_signature_is_there_and_zeros_follow_it() => Assert.Equal("QEMU\0\0"u8.ToArray(), Read(0x00, 6));

    [Fact]
    public void The_features_are_the_traditional_interface_alone() => Assert.Equal([1, 0, 0, 0], Read(0x01, 4));

    [Fact]
    public void Processors_and_memory_are_told()
    {
        Assert.Equal([4, 0], Read(0x05, 2));
        Assert.Equal([4, 0], Read(0x0F, 2));
        Assert.Equal(0x1_2345_6000ul, BinaryPrimitives.ReadUInt64LittleEndian(Read(0x03, 8)));
    }

    [Fact]
    public void The_directory_lists_files_and_their_selectors()
    {
        Assert.Equal([0, 0, 0, 0], Read(0x19, 4));
        Assert.True(_device.TryAddFile("etc/one"u8, [1, 2, 3]));
        Assert.True(_device.TryAddFile("opt/two"u8, [4]));
        byte[] directory = Read(0x19, 4 + 2 * 64);
        Assert.Equal(2u, BinaryPrimitives.ReadUInt32BigEndian(directory));
        Assert.Equal(3u, BinaryPrimitives.ReadUInt32BigEndian(directory.AsSpan(4)));
        Assert.Equal(0x20, BinaryPrimitives.ReadUInt16BigEndian(directory.AsSpan(8)));
        Assert.Equal("etc/one", Encoding.ASCII.GetString(directory, 12, 56).TrimEnd('\0'));
        Assert.Equal(0x21, BinaryPrimitives.ReadUInt16BigEndian(directory.AsSpan(4 + 64 + 4)));
        Assert.Equal([1, 2, 3, 0], Read(0x20, 4));
        Assert.Equal([4, 0], Read(0x21, 2));
    }

    [Theory]
    [InlineData(0x02)]
    [InlineData(0x18)]
    [InlineData(0x22)]
    [InlineData(0x3FFF)]
    [InlineData(0x8000)]
    [InlineData(0xFFFF)]
    public void Items_that_are_not_there_read_as_zero(ushort key) => Assert.Equal([0, 0, 0], Read(key, 3));

    [Fact]
    public void A_file_needs_a_name_and_a_place()
    {
        Assert.False(_device.TryAddFile(""u8, []));
        Assert.False(_device.TryAddFile(new byte[56], []));
        Assert.False(_device.TryAddFile("a b"u8, []));
        for (int i = 0; i < FirmwareConfig.MaximumFiles; i++)
            Assert.True(_device.TryAddFile("name"u8, []));
        Assert.False(_device.TryAddFile("name"u8, []));
    }

    [Fact]
    public void A_saved_device_goes_on_where_it_was()
    {
        Read(0x00, 2);
        _device.Save(out FirmwareConfigState state);
        FirmwareConfig restored = new(1, 0);
        Assert.Equal(RestoreStatus.Restored, restored.Restore(state));
        Assert.Equal((byte)'M', restored.ReadData());
        state.Version++;
        Assert.Equal(RestoreStatus.UnknownVersion, restored.Restore(state));
    }
}
