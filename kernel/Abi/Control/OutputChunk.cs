using HyperOS.Core;

namespace HyperOS.Abi.Control;

/// <summary>
/// A part of output that a ring keeps, by offsets that count all bytes ever written to it; the bytes follow. What the ring has no more is skipped:
/// then the chunk begins later than asked for.
/// </summary>
public struct OutputChunk : IControlRecord<OutputChunk>
{
    /// <summary>Of a VM's console, in bytes.</summary>
    public const int ConsoleCapacity = 1 << 20;

    /// <summary>The offset of the first byte that follows.</summary>
    public ulong Start;

    /// <summary>Where the output ends now.</summary>
    public ulong End;

    public static int Size => 16;

    public static OutputChunk Read(ref LittleEndianReader reader) => new() { Start = reader.ReadUInt64(), End = reader.ReadUInt64() };

    public readonly void Write(ref LittleEndianWriter writer)
    {
        writer.WriteUInt64(Start);
        writer.WriteUInt64(End);
    }
}
