using System;

namespace HyperOS.Abi;

/// <summary>Why a machine stopped.</summary>
public enum StopReason : byte
{
    None,
    PowerOff,
    Reset,

    /// <summary>Through the test-exit device, with a code.</summary>
    ExitCode,
    TripleFault,

    /// <summary>Somebody asked the host for it.</summary>
    Stopped,

    // What follows is the host's doing.
    OutOfMemory,
    Unemulated,
    EntryFailure,
    UnknownExit,
    MachineCheck,

    /// <summary>A check failed in the host's own code while it served this guest.</summary>
    Fault,

    /// <summary>Asked to shut down, it had not by the end of its time, which comes after.</summary>
    NoAnswer,
}

/// <summary>About stop reasons.</summary>
public static class StopReasons
{
    /// <summary>As the console has it; the number of <see cref="StopReason.ExitCode"/> and <see cref="StopReason.NoAnswer"/> comes after.</summary>
    public static ReadOnlySpan<byte> Describe(StopReason reason) => reason switch
    {
        StopReason.PowerOff => "power off"u8,
        StopReason.Reset => "reset"u8,
        StopReason.ExitCode => "exit code "u8,
        StopReason.TripleFault => "triple fault"u8,
        StopReason.Stopped => "stop"u8,
        StopReason.OutOfMemory => "killed: out of host memory"u8,
        StopReason.Unemulated => "killed: an instruction that cannot be emulated"u8,
        StopReason.EntryFailure => "killed: the processor refuses to run it"u8,
        StopReason.UnknownExit => "killed: an exit that nothing handles"u8,
        StopReason.MachineCheck => "killed: machine check"u8,
        StopReason.Fault => "killed: a fault in the host while serving it"u8,
        StopReason.NoAnswer => "killed: no answer to the power button within "u8,
        _ => "killed"u8,
    };

    /// <summary>What `restart: onFailure` starts again.</summary>
    public static bool IsFailure(StopReason reason, uint exitCode) => reason switch
    {
        StopReason.PowerOff => false,
        StopReason.ExitCode => exitCode != 0,
        _ => !IsKill(reason),
    };

    /// <summary>The host ended it: it is not started again by itself.</summary>
    public static bool IsKill(StopReason reason) => reason >= StopReason.OutOfMemory;
}
