using HyperOS.Core;

namespace HyperOS.Devices;

/// <summary>
/// A port with which a test guest ends its run: a byte, word or double word n written to it stops the VM with exit code n. Present only
/// where the VM's configuration asks for it. It reads as zero.
/// </summary>
public sealed class TestExit
{
    /// <summary>The I/O port.</summary>
    public const ushort Port = 0xF4;

    private readonly BoardEvents _events;

    /// <summary>A port that reports to <paramref name="events"/>.</summary>
    public TestExit(BoardEvents events) => _events = events;

    /// <summary>Stops the VM with exit code <paramref name="value"/>.</summary>
    public void Write(uint value)
    {
        FaultPoint.Hit(FaultPlace.TestExit);
        _events.Raise(BoardEvent.Exit, value);
    }
}
