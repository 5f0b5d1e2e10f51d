using System;
using HyperOS.Abi;
using HyperOS.Core;
using HyperOS.Diagnostics;
using HyperOS.Processes;
using HyperOS.Switching;

namespace HyperOS.Virtualization;

/// <summary>Does what is asked at the host's prompt. On the console's thread, which writes the answers at once.</summary>
internal static class ConsoleCommands
{
    // Where the columns of a list begin.
    private const int StateColumn = 34, CpuColumn = 45, MemoryColumn = 52, TimeColumn = 64;

    public static void Do(ReadOnlySpan<byte> line)
    {
        HostCommandStatus status = HostCommand.Read(line, out HostCommand command, out ReadOnlySpan<byte> word);
        if (status != HostCommandStatus.Read)
        {
            if (status != HostCommandStatus.Empty)
                Answer($"{word}: {HostCommand.Describe(status)}");
            return;
        }
        switch (command.Verb)
        {
            case HostVerb.Help:
                Help();
                break;
            case HostVerb.List:
                List();
                break;
            case HostVerb.Console:
                ChooseTypist(command.Name);
                break;
            case HostVerb.Ports:
                Ports();
                break;
            case HostVerb.Disks:
                Disks();
                break;
            case HostVerb.Adopt:
                Adopt(command.Name);
                break;
            case HostVerb.Trace:
                ExitTrace.IsOn = !ExitTrace.IsOn;
                Log.Write("trace"u8, $"{(ExitTrace.IsOn ? "on"u8 : "off"u8)}");
                break;
            case HostVerb.Dump:
                HostConsole.WriteTrace(ExitTrace.AllMachines);
                break;
            case HostVerb.Kill:
                if (!ProcessManager.TryKill(command.Name))
                    Answer($"{command.Name}: there is no process of that name");
                break;
            case HostVerb.Reboot:
                VirtualMachines.End(HostEnd.Reboot);
                break;
            case HostVerb.PowerOff:
                VirtualMachines.End(HostEnd.PowerOff);
                break;
            default:
                VmOperationStatus outcome = VirtualMachines.Request(command.Name, OperationOf(in command), command.Bytes);
                if (outcome != VmOperationStatus.Taken)
                    Answer($"{command.Name}: {VmOperations.Describe(outcome)}");
                break;
        }
    }

    private static VmOperation OperationOf(in HostCommand command) => command.Verb switch
    {
        HostVerb.Start => VmOperation.Start,
        HostVerb.Shutdown => VmOperation.Shutdown,
        HostVerb.Stop => VmOperation.Stop,
        HostVerb.Pause => VmOperation.Pause,
        HostVerb.Resume => VmOperation.Resume,
        HostVerb.Balloon when command.Bytes != 0 => VmOperation.SetMemory,
        HostVerb.Balloon => VmOperation.AskMemory,
        _ => VmOperation.None,
    };

    private static void ChooseTypist(ReadOnlySpan<byte> name)
    {
        if (!VirtualMachines.TryFind(name, out VirtualMachineSlot? slot))
        {
            Answer($"{name}: {VmOperations.Describe(VmOperationStatus.UnknownVm)}");
        }
        else if (slot.Console != VmConsole.Host)
        {
            Answer($"{name}: its console is not the host's: its file does not say console: host");
        }
        else
        {
            VirtualMachines.ChooseTypist(slot);
            Answer($"what is typed goes to {name}");
        }
    }

    private static void Help()
    {
        Answer($"help                 this list");
        Answer($"list                 the machines: state, vCPUs, memory, processor time");
        Answer($"console NAME         what is typed goes to this machine");
        Answer($"start NAME           start a stopped machine");
        Answer($"shutdown NAME        press its power button; it is stopped if it does not stop in time");
        Answer($"stop NAME            stop it at once");
        Answer($"pause NAME           hold it and its clocks");
        Answer($"resume NAME          let it go on");
        Answer($"balloon NAME [SIZE]  ask for its memory statistics, or set how much it is to have");
        Answer($"ports                what passed the networks' ports, and what was dropped there");
        Answer($"disks                the host's disks, and what each is used for");
        Answer($"adopt DISK           let a disk hold volumes, and lose what is on it");
        Answer($"trace                switch the trace of exits on or off");
        Answer($"dump                 write the trace out");
        Answer($"kill NAME            end a process of the host's at once; it is started again");
        Answer($"reboot, poweroff     shut all machines down, then the host");
        Answer($"an empty line or Ctrl-] goes back; Ctrl-] Ctrl-] is for the guest");
    }

    private static void List()
    {
        LogLine head = new(0, 0);
        head.AppendLiteral("name");
        Pad(ref head, StateColumn);
        head.AppendLiteral("state");
        Pad(ref head, CpuColumn);
        head.AppendLiteral("vCPUs");
        Pad(ref head, MemoryColumn);
        head.AppendLiteral("memory");
        Pad(ref head, TimeColumn);
        head.AppendLiteral("time");
        Answer(head);
        for (int i = 0; i < VirtualMachines.Count; i++)
            Answer(Row(VirtualMachines.Slot(i)));
        for (int i = 0; i < ProcessManager.Count; i++)
            Answer(Row(ProcessManager.Slot(i)));
    }

    private static LogLine Row(ProcessSlot slot)
    {
        LogLine row = new(0, 0);
        row.AppendFormatted(slot.Room);
        AppendUse(ref row, slot.DescribeState(), 0, slot.MemoryBytes, slot.ProcessorTime);
        return row;
    }

    private static void Ports()
    {
        for (int i = 0; i < Networks.All.Length; i++)
        {
            if (Networks.All[i] is not { } network)
                continue;
            for (int port = 0; port < network.Switch.PortCount; port++)
                Write(network, network.Switch.PortAt(port));
        }
    }

    private static void Disks()
    {
        if (HostStorage.DiskCount == 0)
            Answer($"there is none, or none that is known yet");
        for (int i = 0; i < HostStorage.DiskCount; i++)
        {
            BlockDevice disk = HostStorage.Disk(i, out ReadOnlySpan<byte> use);
            Answer($"{disk.Name}, {disk.Length / Size.MiB} MiB: {use}");
        }
    }

    private static void Adopt(ReadOnlySpan<byte> name)
    {
        ReadOnlySpan<byte> problem = HostStorage.Adopt(name);
        if (!problem.IsEmpty)
            Answer($"{name}: {problem}");
    }

    // Those of one moment, with its time.
    private static void Write(NetworkSwitch network, SwitchPort port)
    {
        if (!port.IsConnected)
            return;
        PortCounters counters = network.ReadCounters(port, out ulong now);
        LogLine head = new(0, 0);
        head.AppendFormatted($"{network.Name}: {network.OwnerOf(port)}");
        if (!port.IsUplink)
            head.AppendFormatted($", {port.InitialAddress}");
        head.AppendFormatted($", at {now / 1_000_000_000}.");
        head.AppendPadded(now % 1_000_000_000, 9);
        head.AppendLiteral(" s");
        Answer(head);
        LogLine sent = new(0, 0), heard = new(0, 0);
        for (DropReason reason = DropReason.Malformed; (int)reason < DropReasons.Count; reason++)
        {
            if (counters.Drops(reason) == 0)
                continue;
            ref LogLine line = ref DropReasons.IsAtReceiver(reason) ? ref heard : ref sent;
            line.AppendLiteral(line.Length == 0 ? ", dropped " : ", ");
            line.AppendFormatted(counters.Drops(reason));
            line.AppendLiteral(" ");
            line.AppendFormatted(DropReasons.Describe(reason));
        }
        Answer($"  sent {counters.Received} frames, {counters.ReceivedBytes} bytes: forwarded {counters.Forwarded}{sent}");
        Answer($"  meant for it {counters.Offered}: delivered {counters.Delivered} frames, {counters.DeliveredBytes} bytes{heard}");
    }

    private static LogLine Row(VirtualMachineSlot slot)
    {
        VirtualMachine? machine = slot.Machine;
        ulong time = machine is null ? 0 : machine.Threads.ProcessorTime;
        LogLine row = new(0, 0);
        row.AppendFormatted(slot.Name);
        AppendUse(ref row, StateOf(slot, machine), slot.Cpus, slot.MemoryBytes, time);
        return row;
    }

    private static void AppendUse(ref LogLine row, ReadOnlySpan<byte> state, uint cpus, ulong memory, ulong time)
    {
        Pad(ref row, StateColumn);
        row.AppendFormatted(state);
        Pad(ref row, CpuColumn);
        if (cpus != 0)
            row.AppendFormatted(cpus);
        Pad(ref row, MemoryColumn);
        row.AppendFormatted(memory / Size.KiB);
        row.AppendLiteral(" KiB");
        Pad(ref row, TimeColumn);
        row.AppendFormatted(time / 1_000_000_000);
        row.AppendLiteral(".");
        row.AppendPadded(time / 1_000_000 % 1000, 3);
        row.AppendLiteral(" s");
    }

    private static ReadOnlySpan<byte> StateOf(VirtualMachineSlot slot, VirtualMachine? machine) => slot.State switch
    {
        VirtualMachineState.Running when machine is { IsPausing: true } => "paused"u8,
        VirtualMachineState.Running when slot.Deadline != ulong.MaxValue => "stopping"u8,
        VirtualMachineState.Running => "running"u8,
        VirtualMachineState.Ended => "stopping"u8,
        VirtualMachineState.Refused => "refused"u8,
        _ => "stopped"u8,
    };

    private static void Pad(ref LogLine line, int column)
    {
        do
            line.AppendLiteral(" ");
        while (line.Length < column);
    }

    // At once, not through the log's ring, which a long list would overflow.
    private static void Answer(scoped in LogLine line)
    {
        Span<byte> bytes = stackalloc byte[LogLine.Capacity];
        Log.Output(bytes.Slice(0, line.CopyTo(bytes)));
        Log.Output("\r\n"u8);
    }
}
