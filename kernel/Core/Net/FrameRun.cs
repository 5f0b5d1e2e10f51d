namespace HyperOS.Core;

/// <summary>
/// The frames of a batch on their way to one receiver, who takes one after another and says of each what became of it:
/// <code>
///   while (run.TryNext(out Frame frame))
///       run.Settle(status);
/// </code>
/// </summary>
public abstract class FrameRun
{
    /// <summary>The next frame, the one before being settled; good until the next call.</summary>
    /// <returns>False behind the last.</returns>
    public abstract bool TryNext(out Frame frame);

    /// <summary>What became of the frame that came last.</summary>
    public abstract void Settle(DeliveryStatus status);
}
