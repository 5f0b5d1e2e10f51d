using HyperOS.Interrupts;
using HyperOS.Platform;

namespace HyperOS.Scheduling;

/// <summary>
/// Waits until every processor has passed through its scheduler, or is halted in its idle thread: then no code that ran before still holds
/// a reference to what was unlinked before.
/// </summary>
public static class Quiescence
{
    private const ulong PollInterval = 1_000_000;

    public static void Wait()
    {
        for (int i = 0; i < Processors.Count; i++)
        {
            RunQueue queue = Scheduler.Queue(i);
            if (i == Processor.Current.Index)
                continue; // the caller is the code that runs there
            ulong before = System.Threading.Volatile.Read(ref queue.Passages);
            while (System.Threading.Volatile.Read(ref queue.Passages) == before && !queue.IsHalted)
            {
                queue.NeedsReschedule = true;
                LocalApic.Send(queue.Processor.ApicId, Vectors.Reschedule);
                Scheduler.Block(Clock.Now + PollInterval);
            }
        }
    }
}
