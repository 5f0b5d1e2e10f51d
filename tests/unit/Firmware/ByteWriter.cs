using System.Buffers.Binary;
using System.Text;

namespace HyperOS.Tests.Unit.Firmware;

/// <summary>Puts structures together byte by byte, little-endian.</summary>
internal sealed class ByteWriter
{
    private readonly List<byte> _bytes = [];

    public int Length => _bytes.Count;

    public ByteWriter U8(params int[] values) => Append(values.Select(value => (byte)value).ToArray());

    public ByteWriter U16(int value) => Append(BitConverter.GetBytes((ushort)value));

    public ByteWriter U32(uint value) => Append(BitConverter.GetBytes(value));

    public ByteWriter U64(ulong value) => Append(BitConverter.GetBytes(value));

    public ByteWriter Ascii(string text) => Append(Encoding.ASCII.GetBytes(text));

    public ByteWriter Zeros(int count) => Append(new byte[count]);

    public ByteWriter PadTo(int length) => Zeros(length - Length);

    public ByteWriter AlignTo(int alignment) => Zeros((alignment - Length % alignment) % alignment);

    public ByteWriter Append(ReadOnlySpan<byte> bytes)
    {
        _bytes.AddRange(bytes);
        return this;
    }

    public byte[] ToArray() => [.. _bytes];

    public static void Patch32(byte[] bytes, int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(offset), value);
}
