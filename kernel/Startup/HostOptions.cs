using System;
using HyperOS.Diagnostics;
using HyperOS.Firmware;
using HyperOS.Interrupts;
using HyperOS.Virtualization;

namespace HyperOS.Startup;

/// <summary>
/// What the host's command line may say: `panic=SECONDS` between a panic's report and the restart, `maxcpus=N`, `exits=1` for a
/// report of each machine's exits when it stops. Anything else is named in the log and ignored, so that a mistyped option does not cost the boot.
/// </summary>
internal sealed class HostOptions
{
    public int MaximumProcessors { get; private set; } = Processors.Maximum;

    public static HostOptions Read(ReadOnlySpan<byte> commandLine)
    {
        HostOptions options = new();
        CommandLine line = new();
        if (!line.Parse(commandLine))
            Log.Write("options"u8, $"the command line has more words than can be read");
        if (Number(line, "panic"u8, out ulong seconds))
            Panic.RebootDelaySeconds = (uint)Math.Min(seconds, 3600);
        if (Number(line, "maxcpus"u8, out ulong processors))
            options.MaximumProcessors = (int)Math.Min(Math.Max(processors, 1), (ulong)Processors.Maximum);
        if (Number(line, "exits"u8, out ulong exits))
            VirtualMachines.ReportsExits = exits != 0;
        int cursor = 0;
        while (line.TryNextUnknown(ref cursor, out ReadOnlySpan<byte> word))
            Log.Write("options"u8, $"{word}: unknown, ignored");
        return options;
    }

    private static bool Number(CommandLine line, ReadOnlySpan<byte> key, out ulong value)
    {
        OptionStatus status = line.TryGetNumber(key, out value);
        if (status is not (OptionStatus.Ok or OptionStatus.Absent))
            Log.Write("options"u8, $"{key}: not a number, ignored");
        return status == OptionStatus.Ok;
    }
}
