namespace HyperOS.Display;

/// <summary>How a linear framebuffer of direct colour holds its pixels. Multiboot2 Specification version 2.0, "Framebuffer info".</summary>
public struct PixelFormat
{
    /// <summary>Bytes from one line to the next.</summary>
    public uint Pitch;

    /// <summary>In pixels.</summary>
    public uint Width, Height;

    /// <summary>Of a pixel: 15, 16, 24 or 32.</summary>
    public byte BitsPerPixel;

    /// <summary>The lowest bit of each component in a pixel, and its width in bits.</summary>
    public byte RedPosition, RedSize, GreenPosition, GreenSize, BluePosition, BlueSize;

    /// <summary>Bytes of a pixel, which is little-endian.</summary>
    public readonly int PixelBytes => (BitsPerPixel + 7) / 8;

    /// <summary>Whether such a framebuffer can be, and is not larger than <see cref="TextRenderer.MaximumFrameBytes"/>.</summary>
    public readonly bool IsValid =>
        BitsPerPixel is 15 or 16 or 24 or 32 && Width is > 0 and <= ushort.MaxValue && Height is > 0 and <= ushort.MaxValue
        && Pitch >= Width * (uint)PixelBytes && (ulong)Pitch * Height <= TextRenderer.MaximumFrameBytes
        && Fits(RedPosition, RedSize) && Fits(GreenPosition, GreenSize) && Fits(BluePosition, BlueSize);

    /// <summary>A grey in this format.</summary>
    /// <param name="level">From 0, black, to 255, white.</param>
    public readonly uint Grey(byte level) =>
        Component(level, RedPosition, RedSize) | Component(level, GreenPosition, GreenSize) | Component(level, BluePosition, BlueSize);

    private readonly bool Fits(byte position, byte size) => position + size <= 8 * PixelBytes;

    // The level's highest bits; a component of more than eight has zeros below them.
    private static uint Component(byte level, byte position, byte size)
    {
        ulong bits = size <= 8 ? (ulong)level >> 8 - size : (ulong)level << size - 8;
        return unchecked((uint)(bits << position));
    }
}
