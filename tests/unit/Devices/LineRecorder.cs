using HyperOS.Devices;

namespace HyperOS.Tests.Unit.Devices;

/// <summary>Stands for the interrupt controllers and counts rising edges.</summary>
internal sealed class LineRecorder : InterruptController
{
    private readonly int[] _edges = new int[InterruptLines.Count];

    public LineRecorder() => Lines = new InterruptLines(null, this);

    public InterruptLines Lines { get; }

    public int Edges(int gsi) => _edges[gsi == 0 ? 2 : gsi];

    public override void SetInput(int input, bool asserted)
    {
        if (asserted)
            _edges[input]++;
    }
}
