using System;
using HyperOS.Diagnostics;
using HyperOS.Emulation;
using HyperOS.Firmware;
using HyperOS.Interrupts;
using HyperOS.Virtualization;

namespace HyperOS.Startup;

/// <summary>
/// What the host's command line may say: `panic=SECONDS` between a panic's report and the restart or `panic=halt`, `maxcpus=N`, `exits=1` for a
/// report of each machine's exits when it stops, `trace=1` to record exits from the start, `trace=2` to write a machine's records out too when it
/// stops, `mitigations=auto`, `off` or `all`, `apicv=auto`, `on` or `off`, `storage=auto`, `known` or `off`. Anything else is named in the log and ignored, so that a mistyped option
/// does not cost the boot.
/// </summary>
internal sealed partial class HostOptions
{
    public int MaximumProcessors { get; private set; } = Processors.Maximum;

    public Mitigations Mitigations { get; private set; }

    public ApicVirtualization ApicVirtualization { get; private set; }

    public StoragePolicy Storage { get; private set; }

    public static HostOptions Read(ReadOnlySpan<byte> commandLine)
    {
        HostOptions options = new();
        CommandLine line = new();
        if (!line.Parse(commandLine))
            Log.Write("options"u8, $"the command line has more words than can be read");
        Panic.Restarts = line.TryGetText("panic"u8, out ReadOnlySpan<byte> panic) != OptionStatus.Ok || !panic.SequenceEqual("halt"u8);
        if (Panic.Restarts && Number(line, "panic"u8, out ulong seconds))
            Panic.RebootDelaySeconds = (uint)Math.Min(seconds, 3600);
        if (Number(line, "maxcpus"u8, out ulong processors))
            options.MaximumProcessors = (int)Math.Min(Math.Max(processors, 1), (ulong)Processors.Maximum);
        if (Number(line, "exits"u8, out ulong exits))
            VirtualMachines.ReportsExits = exits != 0;
        if (Number(line, "trace"u8, out ulong trace))
        {
            ExitTrace.IsOn = trace != 0;
            ExitTrace.WritesAtStop = trace > 1;
        }
        if (line.TryGetText("mitigations"u8, out ReadOnlySpan<byte> mitigations) == OptionStatus.Ok && !options.TrySetMitigations(mitigations))
            Log.Write("options"u8, $"mitigations: neither auto nor off nor all, ignored");
        if (line.TryGetText("apicv"u8, out ReadOnlySpan<byte> apicVirtualization) == OptionStatus.Ok && !options.TrySetApicVirtualization(apicVirtualization))
            Log.Write("options"u8, $"apicv: neither auto nor on nor off, ignored");
        if (line.TryGetText("storage"u8, out ReadOnlySpan<byte> storage) == OptionStatus.Ok && !options.TrySetStorage(storage))
            Log.Write("options"u8, $"storage: neither auto nor known nor off, ignored");
        options.ReadFaults(line);
        int cursor = 0;
        while (line.TryNextUnknown(ref cursor, out ReadOnlySpan<byte> word))
            Log.Write("options"u8, $"{word}: unknown, ignored");
        return options;
    }

    private bool TrySetMitigations(ReadOnlySpan<byte> text)
    {
        if (text.SequenceEqual("off"u8))
            Mitigations = Mitigations.Off;
        else if (text.SequenceEqual("all"u8))
            Mitigations = Mitigations.All;
        else
            return text.SequenceEqual("auto"u8);
        return true;
    }

    private bool TrySetApicVirtualization(ReadOnlySpan<byte> text)
    {
        if (text.SequenceEqual("on"u8))
            ApicVirtualization = ApicVirtualization.On;
        else if (text.SequenceEqual("off"u8))
            ApicVirtualization = ApicVirtualization.Off;
        else
            return text.SequenceEqual("auto"u8);
        return true;
    }

    private bool TrySetStorage(ReadOnlySpan<byte> text)
    {
        if (text.SequenceEqual("known"u8))
            Storage = StoragePolicy.Known;
        else if (text.SequenceEqual("off"u8))
            Storage = StoragePolicy.Off;
        else
            return text.SequenceEqual("auto"u8);
        return true;
    }

    // In FaultInjection.cs, which only the test kernel has.
    partial void ReadFaults(CommandLine line);

    private static bool Number(CommandLine line, ReadOnlySpan<byte> key, out ulong value)
    {
        OptionStatus status = line.TryGetNumber(key, out value);
        if (status is not (OptionStatus.Ok or OptionStatus.Absent))
            Log.Write("options"u8, $"{key}: not a number, ignored");
        return status == OptionStatus.Ok;
    }
}
