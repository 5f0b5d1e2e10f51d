using System;
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace HyperOS.Abi;

/// <summary>A name in a definition: 1 to 32 of a-z, 0-9 and -, padded with zeros so that one name has one encoding.</summary>
[StructLayout(LayoutKind.Explicit, Size = Size)]
public struct DefinitionName
{
    /// <summary>In bytes.</summary>
    public const int Size = BytesOffset + MaxLength;

    /// <summary>In characters.</summary>
    public const int MaxLength = 32;

    private const int BytesOffset = sizeof(uint);

    [FieldOffset(0)] private uint _length;
    [FieldOffset(BytesOffset)] private NameBytes _bytes;

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

    internal static DefinitionName Read(ReadOnlySpan<byte> bytes)
    {
        DefinitionName name = new() { _length = BinaryPrimitives.ReadUInt32LittleEndian(bytes) };
        bytes.Slice(BytesOffset, MaxLength).CopyTo(name._bytes);
        return name;
    }

    internal readonly void Write(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, _length);
        ((ReadOnlySpan<byte>)_bytes).CopyTo(bytes.Slice(BytesOffset));
    }

    [InlineArray(MaxLength)]
    private struct NameBytes
    {
        private byte _first;
    }
}
