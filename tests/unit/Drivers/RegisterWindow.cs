using HyperOS.Core;

namespace HyperOS.Tests.Unit.Drivers;

/// <summary>A window on a model's registers. Accesses are within it, and aligned; of a device that is unplugged all ones are read.</summary>
/// <param name="length">In bytes.</param>
/// <param name="isUnplugged">Whether the device is gone.</param>
/// <param name="read">By offset and width.</param>
/// <param name="write">By offset, width and value.</param>
internal sealed class RegisterWindow(uint length, Func<bool> isUnplugged, Func<uint, int, uint> read, Action<uint, int, uint> write) : DeviceRegisters
{
    public override uint Length => length;

    public override byte Read8(uint offset) => (byte)Read(offset, 1);

    public override ushort Read16(uint offset) => (ushort)Read(offset, 2);

    public override uint Read32(uint offset) => Read(offset, 4);

    public override void Write8(uint offset, byte value) => Write(offset, 1, value);

    public override void Write16(uint offset, ushort value) => Write(offset, 2, value);

    public override void Write32(uint offset, uint value) => Write(offset, 4, value);

    private uint Read(uint offset, int width)
    {
        Check(offset, width);
        return isUnplugged() ? uint.MaxValue >> (32 - 8 * width) : read(offset, width);
    }

    private void Write(uint offset, int width, uint value)
    {
        Check(offset, width);
        if (!isUnplugged())
            write(offset, width, value);
    }

    private void Check(uint offset, int width)
    {
        Assert.InRange(offset + (uint)width, 1u, length);
        Assert.Equal(0u, offset % (uint)width);
    }
}
