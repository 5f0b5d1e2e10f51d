using System.Buffers.Binary;
using HyperOS.Core;

namespace HyperOS.Tests.Unit.Drivers;

/// <summary>Pages that lie apart for the device. Both sides write what they like.</summary>
internal sealed class FakeDma(int pages) : DmaMemory
{
    private const ulong First = 0x1_2340_0000, Stride = 3 * PageBytes;

    private readonly byte[] _bytes = new byte[pages * PageBytes];

    public override int Length => _bytes.Length;

    public override ulong DeviceAddress(int offset) => First + (ulong)(offset / PageBytes) * Stride + (ulong)(offset % PageBytes);

    public override Span<byte> Bytes(int offset, int length)
    {
        Assert.InRange(offset % PageBytes + length, 0, PageBytes);
        return _bytes.AsSpan(offset, length);
    }

    public override ushort Read16(int offset) => BinaryPrimitives.ReadUInt16LittleEndian(Aligned(offset, 2));

    public override ulong Read64(int offset) => BinaryPrimitives.ReadUInt64LittleEndian(Aligned(offset, 8));

    public override void Write16(int offset, ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(Aligned(offset, 2), value);

    public override void Write64(int offset, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(Aligned(offset, 8), value);

    /// <summary>What the device finds at an address. It must not reach for anything else.</summary>
    public Span<byte> At(ulong address, int length)
    {
        ulong page = (address - First) / Stride, within = (address - First) % Stride;
        Assert.InRange(within + (ulong)length, 0ul, (ulong)PageBytes);
        return _bytes.AsSpan((int)page * PageBytes + (int)within, length);
    }

    private Span<byte> Aligned(int offset, int width)
    {
        Assert.Equal(0, offset % width);
        return Bytes(offset, width);
    }
}
