using System;
using System.Buffers.Binary;

namespace HyperOS.Abi.Control;

/// <summary>Frames of <see cref="DevicePaths.Network"/>, one after another, each behind its length in two bytes.</summary>
public static class FrameStream
{
    /// <summary>The longest batch, either way, in bytes.</summary>
    public const int MaxLength = 0x1_0000;

    /// <summary>The shortest and the longest frame, in bytes, without checksum.</summary>
    public const int MinFrame = 14, MaxFrame = 1518;

    private const int Prefix = sizeof(ushort);

    /// <summary>Takes the next frame off a batch.</summary>
    /// <returns>False at the end, and where what is left is no frame.</returns>
    public static bool TryTake(scoped ref ReadOnlySpan<byte> batch, out ReadOnlySpan<byte> frame)
    {
        frame = default;
        if (batch.Length < Prefix)
            return false;
        int length = BinaryPrimitives.ReadUInt16LittleEndian(batch);
        if (length is < MinFrame or > MaxFrame || length > batch.Length - Prefix)
            return false;
        frame = batch.Slice(Prefix, length);
        batch = batch.Slice(Prefix + length);
        return true;
    }

    /// <summary>Adds a frame to a batch.</summary>
    /// <param name="batch">Room for the batch.</param>
    /// <param name="length">Of the batch so far.</param>
    /// <param name="frame">The frame.</param>
    /// <returns>False if it does not fit, or is no frame.</returns>
    public static bool TryAdd(Span<byte> batch, ref int length, ReadOnlySpan<byte> frame)
    {
        if (frame.Length is < MinFrame or > MaxFrame || Prefix + frame.Length > batch.Length - length)
            return false;
        BinaryPrimitives.WriteUInt16LittleEndian(batch.Slice(length), (ushort)frame.Length);
        frame.CopyTo(batch.Slice(length + Prefix));
        length += Prefix + frame.Length;
        return true;
    }
}
