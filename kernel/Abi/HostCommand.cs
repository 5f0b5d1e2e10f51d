using System;
using HyperOS.Core;

namespace HyperOS.Abi;

/// <summary>The words that the host's console knows.</summary>
public enum HostVerb : byte
{
    None,
    Help,
    List,

    /// <summary>What is typed is another VM's from now on.</summary>
    Console,
    Start,
    Shutdown,
    Stop,
    Pause,
    Resume,

    /// <summary>Asks for a VM's memory statistics, or sets how much memory it is to have.</summary>
    Balloon,

    /// <summary>What passed the ports of the networks, and what was dropped there.</summary>
    Ports,

    /// <summary>The host's disks, and what each is used for.</summary>
    Disks,

    /// <summary>Gives a disk to the host for volumes, whatever is on it.</summary>
    Adopt,

    /// <summary>Switches the trace of exits on or off.</summary>
    Trace,

    /// <summary>Writes the trace out.</summary>
    Dump,

    /// <summary>Ends a process of the host's at once; it is started again.</summary>
    Kill,

    /// <summary>Shuts all VMs down, then restarts the host or switches it off.</summary>
    Reboot,
    PowerOff,
}

/// <summary>How the reading of a line ended.</summary>
public enum HostCommandStatus : byte
{
    Read,

    /// <summary>No word at all.</summary>
    Empty,
    UnknownWord,

    /// <summary>The command needs the name of a VM, or of a disk.</summary>
    NoName,

    /// <summary>A word too many.</summary>
    Surplus,

    /// <summary>No size in whole KiB, MiB or GiB.</summary>
    BadSize,
}

/// <summary>A line of the host's console, taken apart: <c>VERB [NAME [SIZE]]</c>.</summary>
public readonly ref struct HostCommand
{
    /// <summary>What to do.</summary>
    public readonly HostVerb Verb;

    /// <summary>The VM or disk that is meant; empty for none.</summary>
    public readonly ReadOnlySpan<byte> Name;

    /// <summary>In bytes; 0 for none.</summary>
    public readonly ulong Bytes;

    private HostCommand(HostVerb verb, ReadOnlySpan<byte> name, ulong bytes)
    {
        Verb = verb;
        Name = name;
        Bytes = bytes;
    }

    /// <summary>Reads a line.</summary>
    /// <param name="word">The word that is wrong; the verb where one is missing after it.</param>
    public static HostCommandStatus Read(ReadOnlySpan<byte> line, out HostCommand command, out ReadOnlySpan<byte> word)
    {
        command = default;
        word = NextWord(ref line);
        if (word.IsEmpty)
            return HostCommandStatus.Empty;
        HostVerb verb = VerbOf(word);
        if (verb == HostVerb.None)
            return HostCommandStatus.UnknownWord;
        ReadOnlySpan<byte> name = default;
        ulong bytes = 0;
        if (TakesName(verb))
        {
            name = NextWord(ref line);
            if (name.IsEmpty)
                return HostCommandStatus.NoName;
        }
        ReadOnlySpan<byte> next = NextWord(ref line);
        if (verb == HostVerb.Balloon && !next.IsEmpty)
        {
            word = next;
            if (!TryReadSize(next, out bytes))
                return HostCommandStatus.BadSize;
            next = NextWord(ref line);
        }
        if (!next.IsEmpty)
        {
            word = next;
            return HostCommandStatus.Surplus;
        }
        command = new HostCommand(verb, name, bytes);
        return HostCommandStatus.Read;
    }

    /// <summary>What is wrong, to be put after the word; empty where nothing is.</summary>
    public static ReadOnlySpan<byte> Describe(HostCommandStatus status) => status switch
    {
        HostCommandStatus.UnknownWord => "unknown; help lists what there is"u8,
        HostCommandStatus.NoName => "needs a name; list shows the machines, and disks the disks"u8,
        HostCommandStatus.Surplus => "one word too many"u8,
        HostCommandStatus.BadSize => "no size; write a whole number with its unit, such as 256MiB"u8,
        _ => default,
    };

    private static bool TakesName(HostVerb verb) => verb is HostVerb.Console or HostVerb.Start or HostVerb.Shutdown or HostVerb.Stop or HostVerb.Pause
        or HostVerb.Resume or HostVerb.Balloon or HostVerb.Adopt or HostVerb.Kill;

    private static HostVerb VerbOf(ReadOnlySpan<byte> word)
    {
        for (HostVerb verb = HostVerb.Help; verb <= HostVerb.PowerOff; verb++)
        {
            if (word.SequenceEqual(NameOf(verb)))
                return verb;
        }
        return HostVerb.None;
    }

    /// <summary>The word for a verb.</summary>
    public static ReadOnlySpan<byte> NameOf(HostVerb verb) => verb switch
    {
        HostVerb.Help => "help"u8,
        HostVerb.List => "list"u8,
        HostVerb.Console => "console"u8,
        HostVerb.Start => "start"u8,
        HostVerb.Shutdown => "shutdown"u8,
        HostVerb.Stop => "stop"u8,
        HostVerb.Pause => "pause"u8,
        HostVerb.Resume => "resume"u8,
        HostVerb.Balloon => "balloon"u8,
        HostVerb.Ports => "ports"u8,
        HostVerb.Disks => "disks"u8,
        HostVerb.Adopt => "adopt"u8,
        HostVerb.Trace => "trace"u8,
        HostVerb.Dump => "dump"u8,
        HostVerb.Kill => "kill"u8,
        HostVerb.Reboot => "reboot"u8,
        HostVerb.PowerOff => "poweroff"u8,
        _ => default,
    };

    private static ReadOnlySpan<byte> NextWord(scoped ref ReadOnlySpan<byte> line)
    {
        int start = 0;
        while (start < line.Length && line[start] == (byte)' ')
            start++;
        int end = start;
        while (end < line.Length && line[end] != (byte)' ')
            end++;
        ReadOnlySpan<byte> word = line.Slice(start, end - start);
        line = line.Slice(end);
        return word;
    }

    // At most so many that no unit makes the product wrap around.
    private static bool TryReadSize(ReadOnlySpan<byte> word, out ulong bytes)
    {
        const ulong Most = ulong.MaxValue / Size.GiB / 10 - 1;
        bytes = 0;
        int digits = 0;
        for (; digits < word.Length && word[digits] is >= (byte)'0' and <= (byte)'9'; digits++)
        {
            if (bytes > Most)
                return false;
            bytes = bytes * 10 + (uint)(word[digits] - '0');
        }
        ReadOnlySpan<byte> unit = word.Slice(digits);
        ulong scale = unit.SequenceEqual("KiB"u8) ? Size.KiB : unit.SequenceEqual("MiB"u8) ? Size.MiB : unit.SequenceEqual("GiB"u8) ? Size.GiB : 0;
        bytes = bytes <= Most ? bytes * scale : 0;
        return bytes != 0;
    }
}
