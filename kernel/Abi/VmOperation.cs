using System;

namespace HyperOS.Abi;

/// <summary>What can be asked of a VM, from the host's console or by management.</summary>
public enum VmOperation : byte
{
    None = 0,

    /// <summary>Starts a VM that is stopped.</summary>
    Start,

    /// <summary>Presses its power button; one that has not stopped by itself when its time is over is stopped.</summary>
    Shutdown,

    /// <summary>Stops it at once, as if its power were cut.</summary>
    Stop,

    /// <summary>Its processors leave the guest, and its clocks stand still.</summary>
    Pause,

    /// <summary>It goes on where it was.</summary>
    Resume,

    /// <summary>Sets how much memory it is to have, by its balloon.</summary>
    SetMemory,

    /// <summary>Asks its balloon what the guest's memory is used for.</summary>
    AskMemory,

    /// <summary>Stops it at once and starts it again, as if its reset button were pressed.</summary>
    Reset,
}

/// <summary>What became of a request. One that is taken is carried out later; the log tells.</summary>
public enum VmOperationStatus : byte
{
    Taken,
    UnknownVm,

    /// <summary>An earlier request has not been carried out yet.</summary>
    Busy,
    AlreadyRuns,
    NotRunning,
    AlreadyPaused,
    NotPaused,

    /// <summary>Its definition is bad.</summary>
    Refused,
    NoBalloon,

    /// <summary>It is to start already, as soon as its volumes are there.</summary>
    AwaitsDisks,

    /// <summary>More memory than it was started with, or none.</summary>
    BadSize,

    /// <summary>The host is about to end.</summary>
    HostEnds,
}

/// <summary>The outcome of requests in words.</summary>
public static class VmOperations
{
    /// <summary>What is wrong, to be put after the VM's name.</summary>
    public static ReadOnlySpan<byte> Describe(VmOperationStatus status) => status switch
    {
        VmOperationStatus.Taken => default,
        VmOperationStatus.UnknownVm => "there is no such machine"u8,
        VmOperationStatus.Busy => "an earlier request is not done yet, try again"u8,
        VmOperationStatus.AlreadyRuns => "it runs already"u8,
        VmOperationStatus.NotRunning => "it does not run"u8,
        VmOperationStatus.AlreadyPaused => "it is paused already"u8,
        VmOperationStatus.NotPaused => "it is not paused"u8,
        VmOperationStatus.Refused => "its definition was refused when the host started"u8,
        VmOperationStatus.AwaitsDisks => "it waits for its volumes already"u8,
        VmOperationStatus.NoBalloon => "it has no balloon: its file does not say balloon: true"u8,
        VmOperationStatus.BadSize => "it was started with less memory than that, or needs some"u8,
        _ => "the host is about to end"u8,
    };
}
