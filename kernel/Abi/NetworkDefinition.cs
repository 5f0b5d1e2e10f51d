using System;
using HyperOS.Core;

namespace HyperOS.Abi;

/// <summary>
/// A virtual switch, as one message of fixed size. Integers are little-endian. A message proves nothing before
/// <see cref="NetworkValidator"/> has seen it.
/// </summary>
public struct NetworkDefinition
{
    /// <summary>Length of the message in bytes.</summary>
    public const int Size = 0x30;

    public const uint CurrentVersion = 1;

    /// <summary>Length of this message in bytes: <see cref="Size"/>.</summary>
    public uint Length;

    /// <summary><see cref="CurrentVersion"/>.</summary>
    public uint Version;

    /// <summary>The host's network devices that lead outside: bit n stands for nicn.</summary>
    public uint Uplinks;

    public DefinitionName Name;

    /// <summary>A message with this version's length and number, and everything else zero.</summary>
    public static NetworkDefinition Empty => new() { Length = Size, Version = CurrentVersion };

    /// <summary>Copies a message field by field; nothing is checked but that it is long enough.</summary>
    /// <returns>False if fewer than <see cref="Size"/> bytes are given.</returns>
    public static bool TryRead(ReadOnlySpan<byte> message, out NetworkDefinition definition)
    {
        definition = default;
        LittleEndianReader reader = new(message);
        definition.Length = reader.ReadUInt32();
        definition.Version = reader.ReadUInt32();
        definition.Uplinks = reader.ReadUInt32();
        definition.Name = DefinitionName.Read(ref reader);
        return !reader.Overrun;
    }

    /// <returns>False if there is room for fewer than <see cref="Size"/> bytes.</returns>
    public readonly bool TryWrite(Span<byte> message)
    {
        LittleEndianWriter writer = new(message);
        writer.WriteUInt32(Length);
        writer.WriteUInt32(Version);
        writer.WriteUInt32(Uplinks);
        Name.Write(ref writer);
        return !writer.Overrun;
    }
}
