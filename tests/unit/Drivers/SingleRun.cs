using HyperOS.Core;

namespace HyperOS.Tests.Unit.Drivers;

/// <summary>One frame on its way to a receiver, and what became of it.</summary>
internal sealed class SingleRun(byte[] bytes) : FrameRun
{
    private bool _isTaken;

    public DeliveryStatus Status { get; private set; }

    public override bool TryNext(out Frame frame)
    {
        bool isFirst = !_isTaken;
        frame = isFirst ? new Frame(bytes, null, 0, 0, 0, default) : default;
        _isTaken = true;
        return isFirst;
    }

    public override void Settle(DeliveryStatus status) => Status = status;
}
