using System;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using HyperOS.Core;

namespace HyperOS.Abi.Control;

/// <summary>The name of an image or volume: 1 to 60 of a-z, A-Z, 0-9, '.', '_' and '-', the first no '.'; padded with zeros, so that one name has one encoding.</summary>
public struct ImageName
{
    /// <summary>In bytes.</summary>
    public const int Size = sizeof(uint) + MaxLength;

    /// <summary>In characters.</summary>
    public const int MaxLength = 60;

    private uint _length;
    private NameBytes _bytes;

    /// <summary>ASCII, without a terminating zero.</summary>
    [UnscopedRef]
    public readonly ReadOnlySpan<byte> Bytes => ((ReadOnlySpan<byte>)_bytes).Slice(0, (int)Math.Min(_length, MaxLength));

    /// <summary>Whether it keeps all rules.</summary>
    public readonly bool IsValid
    {
        get
        {
            if (_length is 0 or > MaxLength || Bytes[0] == (byte)'.')
                return false;
            foreach (byte character in Bytes)
            {
                if (!IsAllowed(character))
                    return false;
            }
            foreach (byte value in ((ReadOnlySpan<byte>)_bytes).Slice((int)_length))
            {
                if (value != 0)
                    return false;
            }
            return true;
        }
    }

    /// <summary>Whether a name may have this character.</summary>
    public static bool IsAllowed(byte character) =>
        DefinitionName.IsAllowed(character) || character is (>= (byte)'A' and <= (byte)'Z') or (byte)'.' or (byte)'_';

    /// <summary>Keeps what fits; one that was longer is not valid.</summary>
    public void Set(ReadOnlySpan<byte> name)
    {
        _length = (uint)name.Length;
        Span<byte> bytes = _bytes;
        bytes.Clear();
        name.Slice(0, Math.Min(name.Length, bytes.Length)).CopyTo(bytes);
    }

    public readonly bool SameAs(in ImageName other) => Bytes.SequenceEqual(other.Bytes);

    internal static ImageName Read(ref LittleEndianReader reader)
    {
        ImageName name = new() { _length = reader.ReadUInt32() };
        if (reader.TryTake(MaxLength, out ReadOnlySpan<byte> bytes))
            bytes.CopyTo(name._bytes);
        return name;
    }

    internal readonly void Write(ref LittleEndianWriter writer)
    {
        writer.WriteUInt32(_length);
        writer.WriteBytes(_bytes);
    }

    [InlineArray(MaxLength)]
    private struct NameBytes
    {
        private byte _first;
    }
}
