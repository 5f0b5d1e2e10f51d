namespace HyperOS.Devices;

/// <summary>What a guest asks of its VM by means of its board.</summary>
public enum BoardEvent
{
    None,

    /// <summary>The guest entered S5, soft off.</summary>
    PowerOff,

    /// <summary>The guest pulled the reset line.</summary>
    Reset,

    /// <summary>The guest ended the run with an exit code.</summary>
    Exit,
}

/// <summary>
/// Holds the first event that a guest has caused until the vCPU loop takes it, after the write that caused it. Later ones are void: the VM
/// stops at the first. The caller holds the lock of the VM's legacy devices.
/// </summary>
public sealed class BoardEvents
{
    private uint _exitCode;

    /// <summary>The event that waits to be taken.</summary>
    public BoardEvent Pending { get; private set; }

    /// <summary>Reports an event; <paramref name="exitCode"/> goes with <see cref="BoardEvent.Exit"/>.</summary>
    public void Raise(BoardEvent what, uint exitCode = 0)
    {
        if (Pending != BoardEvent.None)
            return;
        Pending = what;
        _exitCode = exitCode;
    }

    /// <summary>Takes the event, if there is one, and its exit code.</summary>
    public BoardEvent Take(out uint exitCode)
    {
        BoardEvent taken = Pending;
        exitCode = _exitCode;
        Pending = BoardEvent.None;
        _exitCode = 0;
        return taken;
    }
}
