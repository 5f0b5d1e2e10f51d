using System;
using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace HyperOS.Abi;

/// <summary>
/// A virtual switch, as one message of fixed size. Integers are little-endian. A message proves nothing before
/// <see cref="NetworkValidator"/> has seen it.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = Size)]
public struct NetworkDefinition
{
    /// <summary>Length of the message in bytes.</summary>
    public const int Size = 0x30;

    public const uint CurrentVersion = 1;

    private const int LengthOffset = 0x00;
    private const int VersionOffset = 0x04;
    private const int UplinksOffset = 0x08;
    private const int NameOffset = 0x0C;

    /// <summary>Length of this message in bytes: <see cref="Size"/>.</summary>
    [FieldOffset(LengthOffset)] public uint Length;

    /// <summary><see cref="CurrentVersion"/>.</summary>
    [FieldOffset(VersionOffset)] public uint Version;

    /// <summary>The host's network devices that lead outside: bit n stands for nicn.</summary>
    [FieldOffset(UplinksOffset)] public uint Uplinks;

    [FieldOffset(NameOffset)] public DefinitionName Name;

    /// <summary>A message with this version's length and number, and everything else zero.</summary>
    public static NetworkDefinition Empty => new() { Length = Size, Version = CurrentVersion };

    /// <summary>Copies a message field by field; nothing is checked but that it is long enough.</summary>
    /// <returns>False if fewer than <see cref="Size"/> bytes are given.</returns>
    public static bool TryRead(ReadOnlySpan<byte> message, out NetworkDefinition definition)
    {
        definition = default;
        if (message.Length < Size)
            return false;
        definition.Length = BinaryPrimitives.ReadUInt32LittleEndian(message.Slice(LengthOffset));
        definition.Version = BinaryPrimitives.ReadUInt32LittleEndian(message.Slice(VersionOffset));
        definition.Uplinks = BinaryPrimitives.ReadUInt32LittleEndian(message.Slice(UplinksOffset));
        definition.Name = DefinitionName.Read(message.Slice(NameOffset));
        return true;
    }

    /// <returns>False if there is room for fewer than <see cref="Size"/> bytes.</returns>
    public readonly bool TryWrite(Span<byte> message)
    {
        if (message.Length < Size)
            return false;
        BinaryPrimitives.WriteUInt32LittleEndian(message.Slice(LengthOffset), Length);
        BinaryPrimitives.WriteUInt32LittleEndian(message.Slice(VersionOffset), Version);
        BinaryPrimitives.WriteUInt32LittleEndian(message.Slice(UplinksOffset), Uplinks);
        Name.Write(message.Slice(NameOffset));
        return true;
    }
}
