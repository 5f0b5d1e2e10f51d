using System;
using System.Runtime.CompilerServices;
using HyperOS.Core;

namespace HyperOS.Memory;

/// <summary>A page of RAM that was looked up once: a read is one load. Good for as long as its frame keeps its owner.</summary>
public readonly unsafe struct PhysicalPage
{
    private readonly byte* _start;

    internal PhysicalPage(byte* start) => _start = start;

    public ReadOnlySpan<byte> Bytes
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new(_start, (int)Size.Page);
    }

    /// <summary>Two bytes, the first of them the lower one; 0 where they do not both lie in the page.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ushort ReadUInt16(uint offset) => offset <= Size.Page - sizeof(ushort) ? *(ushort*)(_start + offset) : (ushort)0;
}

/// <summary>An aligned word of 8 bytes in RAM that was looked up once, as <see cref="PhysicalPage"/>.</summary>
public readonly unsafe struct PhysicalWord
{
    private readonly ulong* _word;

    internal PhysicalWord(ulong* word) => _word = word;

    /// <summary>What stands there now.</summary>
    public ulong Value
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => *_word;
    }
}
