using System;
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using HyperOS.Core;

namespace HyperOS.Abi;

/// <summary>A name in a definition: 1 to 32 of a-z, 0-9 and -, padded with zeros so that one name has one encoding.</summary>
public struct DefinitionName
{
    /// <summary>In bytes.</summary>
    public const int Size = sizeof(uint) + MaxLength;

    /// <summary>In characters.</summary>
    public const int MaxLength = 32;

    private uint _length;
    private NameBytes _bytes;

    /// <summary>The length that the message claims; only up to <see cref="MaxLength"/> characters are there.</summary>
    public readonly uint Length => _length;

    /// <summary>ASCII, without a terminating zero.</summary>
    [UnscopedRef]
    public readonly ReadOnlySpan<byte> Bytes => ((ReadOnlySpan<byte>)_bytes).Slice(0, (int)Math.Min(_length, MaxLength));

    /// <summary>The bytes behind the name are zero.</summary>
    internal readonly bool IsPaddingZero
    {
        get
        {
            foreach (byte value in ((ReadOnlySpan<byte>)_bytes).Slice(Bytes.Length))
            {
                if (value != 0)
                    return false;
            }
            return true;
        }
    }

    /// <summary>Whether a name may have this character.</summary>
    public static bool IsAllowed(byte character) =>
        character is (>= (byte)'a' and <= (byte)'z') or (>= (byte)'0' and <= (byte)'9') or (byte)'-';

    /// <summary>Keeps what fits; the validator refuses a name that was longer.</summary>
    public void Set(ReadOnlySpan<byte> name)
    {
        _length = (uint)name.Length;
        Span<byte> bytes = _bytes;
        bytes.Clear();
        name.Slice(0, Math.Min(name.Length, bytes.Length)).CopyTo(bytes);
    }

    public readonly bool SameAs(in DefinitionName other) => Bytes.SequenceEqual(other.Bytes);

    internal static DefinitionName Read(ref LittleEndianReader reader)
    {
        DefinitionName name = new() { _length = reader.ReadUInt32() };
        if (reader.TryTake(MaxLength, out ReadOnlySpan<byte> bytes))
            bytes.CopyTo(name._bytes);
        return name;
    }

    internal readonly void Write(ref LittleEndianWriter writer)
    {
        writer.WriteUInt32(_length);
        writer.WriteBytes(_bytes);
    }

    /// <summary>The name at the start of so many bytes, where it lies.</summary>
    internal static ReadOnlySpan<byte> In(ReadOnlySpan<byte> bytes) =>
        bytes.Slice(sizeof(uint), (int)Math.Min(BinaryPrimitives.ReadUInt32LittleEndian(bytes), MaxLength));

    [InlineArray(MaxLength)]
    private struct NameBytes
    {
        private byte _first;
    }
}
