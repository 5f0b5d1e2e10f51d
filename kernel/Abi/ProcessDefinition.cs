using System;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using HyperOS.Core;

namespace HyperOS.Abi;

/// <summary>What is wrong with the definition of a process.</summary>
public enum ProcessErrors : byte
{
    None,

    /// <summary>No name, one that is too long, or one of other characters than a-z, 0-9 and -.</summary>
    Name,

    /// <summary>Less than <see cref="ProcessDefinition.MinMemoryBytes"/>, or more than the host has.</summary>
    Memory,

    /// <summary>Its file is not in the bundle.</summary>
    Image,

    /// <summary>Lengths that do not fit, a text that does not end, or none for the program's name.</summary>
    Texts,
}

/// <summary>A process that the kernel starts and keeps running: its program, what it may have, and what it is told.</summary>
public struct ProcessDefinition
{
    /// <summary>In bytes.</summary>
    public const int Size = 2048;

    /// <summary>Least memory that a process can be given.</summary>
    public const ulong MinMemoryBytes = 4 * Core.Size.MiB;

    /// <summary>What arguments and environment may have together, each with its zero byte.</summary>
    public const int MaxTextBytes = Size - TextsOffset;

    private const int TextsOffset = DefinitionName.Size + sizeof(uint) + sizeof(ulong) + 2 * sizeof(uint);

    /// <summary>As whom the log has it.</summary>
    public DefinitionName Name;

    /// <summary>The blob that is its program.</summary>
    public uint Image;

    /// <summary>What it may take, page tables and the kernel's own for it included, in bytes.</summary>
    public ulong MemoryBytes;

    private uint _argumentsLength, _environmentLength;
    private TextBytes _texts;

    /// <summary>Each ended by a zero byte; the first is the program's name.</summary>
    [UnscopedRef]
    public readonly ReadOnlySpan<byte> Arguments => ((ReadOnlySpan<byte>)_texts).Slice(0, (int)_argumentsLength);

    /// <summary>NAME=VALUE, each ended by a zero byte.</summary>
    [UnscopedRef]
    public readonly ReadOnlySpan<byte> Environment => ((ReadOnlySpan<byte>)_texts).Slice((int)_argumentsLength, (int)_environmentLength);

    /// <summary>Sets both.</summary>
    /// <returns>False if they are too long together.</returns>
    public bool TrySetTexts(ReadOnlySpan<byte> arguments, ReadOnlySpan<byte> environment)
    {
        Span<byte> texts = _texts;
        if (arguments.Length > texts.Length || environment.Length > texts.Length - arguments.Length)
            return false;
        texts.Clear();
        arguments.CopyTo(texts);
        environment.CopyTo(texts.Slice(arguments.Length));
        _argumentsLength = (uint)arguments.Length;
        _environmentLength = (uint)environment.Length;
        return true;
    }

    /// <summary>Reads and checks a definition; it is to be used only if nothing is wrong.</summary>
    /// <param name="bytes">As many as there are.</param>
    /// <param name="maxMemoryBytes">Bytes of memory that a process can have.</param>
    /// <param name="blobCount">Of the bundle.</param>
    /// <param name="definition">Its name may be used in a report.</param>
    public static ProcessErrors Read(ReadOnlySpan<byte> bytes, ulong maxMemoryBytes, uint blobCount, out ProcessDefinition definition)
    {
        definition = default;
        LittleEndianReader reader = new(bytes);
        definition.Name = DefinitionName.Read(ref reader);
        definition.Image = reader.ReadUInt32();
        definition.MemoryBytes = reader.ReadUInt64();
        uint arguments = reader.ReadUInt32(), environment = reader.ReadUInt32();
        if (!reader.TryTake(MaxTextBytes, out ReadOnlySpan<byte> texts) || arguments > MaxTextBytes || environment > MaxTextBytes - arguments)
            return ProcessErrors.Texts;
        definition.TrySetTexts(texts.Slice(0, (int)arguments), texts.Slice((int)arguments, (int)environment));
        return definition.Check(maxMemoryBytes, blobCount);
    }

    /// <summary>Writes it.</summary>
    /// <returns>False if there is room for fewer than <see cref="Size"/> bytes.</returns>
    public readonly bool TryWrite(Span<byte> bytes)
    {
        LittleEndianWriter writer = new(bytes);
        Name.Write(ref writer);
        writer.WriteUInt32(Image);
        writer.WriteUInt64(MemoryBytes);
        writer.WriteUInt32(_argumentsLength);
        writer.WriteUInt32(_environmentLength);
        writer.WriteBytes(_texts);
        return !writer.Overrun;
    }

    /// <summary>The first thing that is wrong.</summary>
    public readonly ProcessErrors Check(ulong maxMemoryBytes, uint blobCount)
    {
        foreach (byte character in Name.Bytes)
        {
            if (!DefinitionName.IsAllowed(character))
                return ProcessErrors.Name;
        }
        if (Name.Length is 0 or > DefinitionName.MaxLength)
            return ProcessErrors.Name;
        if (MemoryBytes < MinMemoryBytes || MemoryBytes > maxMemoryBytes)
            return ProcessErrors.Memory;
        if (Image >= blobCount)
            return ProcessErrors.Image;
        bool ends = !Arguments.IsEmpty && Arguments[^1] == 0 && (Environment.IsEmpty || Environment[^1] == 0);
        return ends ? ProcessErrors.None : ProcessErrors.Texts;
    }

    /// <summary>What is wrong, for a report.</summary>
    public static ReadOnlySpan<byte> Describe(ProcessErrors error) => error switch
    {
        ProcessErrors.None => "good"u8,
        ProcessErrors.Name => "its name is not 1 to 32 of a-z, 0-9 and -"u8,
        ProcessErrors.Memory => "its memory is less than 4 MiB, or more than this host has to give"u8,
        ProcessErrors.Image => "its program is not in the bundle"u8,
        _ => "its arguments and environment are too long or not whole"u8,
    };

    [InlineArray(MaxTextBytes)]
    private struct TextBytes
    {
        private byte _first;
    }
}
