using System;
using System.Buffers.Binary;
using System.Threading;
using HyperOS.Abi.State;
using HyperOS.Core;
using HyperOS.Specs.Virtio;

namespace HyperOS.Devices;

/// <summary>
/// A memory balloon: virtio 1.2, section "Traditional Memory Balloon Device", with statistics and free-page reporting. What the guest gives up
/// goes to a <see cref="BalloonSink"/> in runs as long as the guest's own lists allow.
/// </summary>
/// <remarks>Each queue has an owner of its own: while one processor gives pages up, another may report free ones.</remarks>
public sealed class VirtioBalloonDevice : VirtioDevice
{
    /// <summary>Descriptors of each queue.</summary>
    public const ushort QueueSize = 64;

    private const int Queues = 4;

    /// <summary>
    /// Pages of a list that are looked at, and bytes of a report. Beyond, nothing is given back or fetched, which costs memory and hurts
    /// nobody; drivers' lists and reports are far smaller.
    /// </summary>
    private const int MostPages = 4096;

    private const ulong MostReported = Size.GiB;

    /// <summary>Statistics of a buffer that are looked at.</summary>
    private const int MostStatistics = 64;

    /// <summary>What a call of the sink takes of the budget.</summary>
    private const int CallCost = 256;

    private const int PagesAtOnce = 64;

    // Wiring.
    private readonly BalloonSink _sink;
    private readonly DescriptorChain[] _chains = new DescriptorChain[Queues];

    // State.
    private readonly ulong[] _statistics = new ulong[VirtioBalloon.StatisticCount];
    private uint _known;
    private volatile bool _hasStatistics, _statisticsWanted;

    // The chain at the reporting queue's head was given to the sink, which is not done with it.
    private bool _isReporting;

    /// <param name="sink">To which memory is given.</param>
    /// <param name="deflatesOnOom">Whether the guest may take pages back by itself when it runs out of memory.</param>
    public VirtioBalloonDevice(GuestRam ram, BalloonSink sink, bool deflatesOnOom)
        : base(VirtioDeviceId.Balloon, Features(deflatesOnOom), ram, Queues, QueueSize, VirtioBalloon.ConfigurationBytes)
    {
        _sink = sink;
        for (int i = 0; i < Queues; i++)
            _chains[i] = new DescriptorChain(ram, QueueSize, QueueSize);
    }

    /// <summary>Pages of 4 KiB that the guest says are in the balloon.</summary>
    public uint Actual => BinaryPrimitives.ReadUInt32LittleEndian(Configuration.Slice(VirtioBalloon.Actual));

    /// <summary>Pages of 4 KiB that are to be in the balloon. Setting it tells the guest, which follows as it can.</summary>
    public uint Target
    {
        get => BinaryPrimitives.ReadUInt32LittleEndian(Configuration.Slice(VirtioBalloon.NumPages));
        set
        {
            BinaryPrimitives.WriteUInt32LittleEndian(Configuration.Slice(VirtioBalloon.NumPages), value);
            ConfigurationChanged();
        }
    }

    /// <summary>A number of the statistics that the guest gave last. The statistics queue's owner.</summary>
    /// <returns>False where it gave none.</returns>
    public bool TryGetStatistic(VirtioBalloonStatistic which, out ulong value)
    {
        bool isKnown = (uint)which < VirtioBalloon.StatisticCount && (_known >> (int)which & 1) != 0;
        value = isKnown ? _statistics[(int)which] : 0;
        return isKnown;
    }

    /// <summary>Asks the guest for new statistics as soon as their queue is served, which this notifies of. Any thread.</summary>
    /// <returns>False while it has not answered the last time, or has no statistics.</returns>
    public bool TryWantStatistics()
    {
        if (!IsRunning || StatisticsQueue < 0 || !_hasStatistics)
            return false;
        _statisticsWanted = true;
        Notify((uint)StatisticsQueue);
        return true;
    }

    /// <summary>The sink is done with a report: its queue is to be served again. Any thread.</summary>
    public void NotifyReports()
    {
        if (ReportingQueue >= 0)
            Notify((uint)ReportingQueue);
    }

    /// <summary>Asks the guest for new statistics, which come by a notification. The statistics queue's owner.</summary>
    /// <returns>False while it has not answered the last time, or has no statistics.</returns>
    public bool RequestStatistics()
    {
        if (!IsRunning || !Has(VirtioBalloon.VIRTIO_BALLOON_F_STATS_VQ) || !_hasStatistics || !Queue(StatisticsQueue).IsEnabled)
            return false;
        // The buffer with the last ones waits at the head of its queue: the guest fills it anew when it is given back.
        Virtqueue queue = Queue(StatisticsQueue);
        DescriptorChain chain = _chains[StatisticsQueue];
        chain.Clear();
        VirtqueueStatus status = queue.TryTake(chain);
        if (status == VirtqueueStatus.Taken && !queue.Use(chain.Head, 0))
            status = VirtqueueStatus.BadLayout;
        if (status != VirtqueueStatus.Taken)
        {
            if (status != VirtqueueStatus.Empty)
                Fail(StatisticsQueue, status);
            return false;
        }
        _hasStatistics = false;
        if (Publish(StatisticsQueue) && !AskAgain(StatisticsQueue, queue))
            ReadStatistics(StatisticsQueue, queue);
        return true;
    }

    /// <summary>Saves the device. No queue is being served.</summary>
    public void Save(out VirtioBalloonState state)
    {
        state = default;
        state.Version = VirtioBalloonState.CurrentVersion;
        state.Target = Target;
        state.Actual = Actual;
        SaveCommon(out state.Device);
    }

    /// <summary>Restores a saved device, but for statistics, which the guest's queue still holds. No queue is being served.</summary>
    public RestoreStatus Restore(in VirtioBalloonState state)
    {
        if (state.Version != VirtioBalloonState.CurrentVersion)
            return RestoreStatus.UnknownVersion;
        RestoreStatus status = CheckCommon(in state.Device);
        if (status != RestoreStatus.Restored)
            return status;
        RestoreCommon(in state.Device);
        BinaryPrimitives.WriteUInt32LittleEndian(Configuration.Slice(VirtioBalloon.NumPages), state.Target);
        BinaryPrimitives.WriteUInt32LittleEndian(Configuration.Slice(VirtioBalloon.Actual), state.Actual);
        _hasStatistics = false;
        _known = 0;
        return RestoreStatus.Restored;
    }

    /// <inheritdoc/>
    protected override void OnReset()
    {
        BinaryPrimitives.WriteUInt32LittleEndian(Configuration.Slice(VirtioBalloon.Actual), 0);
        _hasStatistics = _statisticsWanted = false;
        _isReporting = false;
        _known = 0;
        _sink.Reset();
    }

    /// <inheritdoc/>
    protected override void OnConfigurationWrite(int offset, ReadOnlySpan<byte> source)
    {
        if (offset != VirtioBalloon.Actual || source.Length != sizeof(uint))
            return;
        source.CopyTo(Configuration.Slice(VirtioBalloon.Actual));
        _sink.Resized();
    }

    /// <inheritdoc/>
    protected override ServiceOutcome OnService(int index, Virtqueue queue, int budget)
    {
        if (index == StatisticsQueue)
        {
            if (!_statisticsWanted)
                return ReadStatistics(index, queue);
            _statisticsWanted = false;
            RequestStatistics();
            return ServiceOutcome.Idle;
        }
        return index is VirtioBalloon.InflateQueue or VirtioBalloon.DeflateQueue || index == ReportingQueue
            ? ServeChains(index, queue, _chains[index], budget)
            : ServiceOutcome.Idle;
    }

    /// <inheritdoc/>
    protected override ChainOutcome OnChain(int index, DescriptorChain chain, ref long budget, out uint written)
    {
        written = 0;
        if (index == ReportingQueue)
        {
            if (!_isReporting)
                Report(chain.Writable, ref budget);
            _isReporting = !_sink.IsSettled;
            return _isReporting ? ChainOutcome.Later : ChainOutcome.Used;
        }
        return MovePages(chain.Readable, index == VirtioBalloon.InflateQueue, ref budget) ? ChainOutcome.Used : ChainOutcome.Malformed;
    }

    // Drivers number the queues of the features that are agreed on, without gaps.
    private int StatisticsQueue => Has(VirtioBalloon.VIRTIO_BALLOON_F_STATS_VQ) ? VirtioBalloon.FirstOptionalQueue : -1;

    private int ReportingQueue => !Has(VirtioBalloon.VIRTIO_BALLOON_F_PAGE_REPORTING) ? -1
        : Has(VirtioBalloon.VIRTIO_BALLOON_F_STATS_VQ) ? VirtioBalloon.FirstOptionalQueue + 1 : VirtioBalloon.FirstOptionalQueue;

    // Neighbours in the list that are neighbours in memory, upwards or downwards, go as one.
    private bool MovePages(GuestBuffers list, bool inflates, ref long budget)
    {
        if (list.Length == 0 || list.Length % VirtioBalloon.PageNumberBytes != 0)
            return false;
        Span<byte> bytes = stackalloc byte[PagesAtOnce * VirtioBalloon.PageNumberBytes];
        ulong first = 0, count = 0;
        for (int looked = 0; looked < MostPages && list.Remaining != 0;)
        {
            int read = list.Read(bytes);
            if (read == 0)
                break;
            for (int at = 0; at + VirtioBalloon.PageNumberBytes <= read; at += VirtioBalloon.PageNumberBytes, looked++)
            {
                ulong page = BinaryPrimitives.ReadUInt32LittleEndian(bytes.Slice(at));
                if (count != 0 && page == first + count)
                {
                    count++;
                }
                else if (count != 0 && page + 1 == first)
                {
                    first = page;
                    count++;
                }
                else
                {
                    if (!Move(first, count, inflates, ref budget))
                        return false;
                    first = page;
                    count = 1;
                }
            }
        }
        return Move(first, count, inflates, ref budget);
    }

    private bool Move(ulong page, ulong count, bool inflates, ref long budget)
    {
        if (count == 0)
            return true;
        GuestPhysicalAddress address = new(page * VirtioBalloon.PageBytes);
        ulong length = count * VirtioBalloon.PageBytes;
        if (!Ram.Contains(address, length))
            return false;
        budget -= CallCost;
        if (inflates)
            _sink.Release(address, length);
        else
            _sink.Reclaim(address, length);
        return true;
    }

    private void Report(GuestBuffers buffers, ref long budget)
    {
        ulong left = MostReported;
        for (int i = 0; i < buffers.Count && left != 0; i++)
        {
            // Parts of pages at either end stay.
            ulong start = Alignment.Up(buffers.AddressOf(i).Value, VirtioBalloon.PageBytes);
            ulong end = Alignment.Down(buffers.AddressOf(i).Value + buffers.LengthOf(i), VirtioBalloon.PageBytes);
            if (start >= end)
                continue;
            ulong length = Math.Min(end - start, left);
            budget -= CallCost + (long)(length / VirtioBalloon.PageBytes);
            _sink.Report(new GuestPhysicalAddress(start), length);
            left -= length;
        }
        _sink.EndReport();
    }

    // The buffer is looked at where it lies and stays available until new statistics are wanted: so nothing is ever in work here.
    private ServiceOutcome ReadStatistics(int index, Virtqueue queue)
    {
        if (!queue.SuppressNotifications())
            return Fail(index, VirtqueueStatus.BadLayout);
        if (_hasStatistics)
            return ServiceOutcome.Idle;
        DescriptorChain chain = _chains[index];
        chain.Clear();
        VirtqueueStatus status = queue.TryTake(chain);
        if (status == VirtqueueStatus.Empty)
            return AskAgain(index, queue) ? ServiceOutcome.Idle : ServiceOutcome.More;
        if (status != VirtqueueStatus.Taken)
            return Fail(index, status);
        queue.PutBack(1);
        Span<byte> one = stackalloc byte[VirtioBalloon.StatisticBytes];
        for (int i = 0; i < MostStatistics && chain.Readable.Read(one) == one.Length; i++)
        {
            int tag = BinaryPrimitives.ReadUInt16LittleEndian(one);
            if (tag >= VirtioBalloon.StatisticCount)
                continue;
            _statistics[tag] = BinaryPrimitives.ReadUInt64LittleEndian(one.Slice(VirtioBalloon.StatisticValue));
            _known |= 1u << tag;
        }
        _hasStatistics = true;
        _sink.StatisticsCame();
        return ServiceOutcome.Idle;
    }

    // False when a buffer has come already.
    private bool AskAgain(int index, Virtqueue queue)
    {
        if (queue.AskForNotification(out bool isEmpty))
            return isEmpty;
        Fail(index, VirtqueueStatus.BadLayout);
        return true;
    }

    private static ulong Features(bool deflatesOnOom) => VirtioBalloon.VIRTIO_BALLOON_F_STATS_VQ | VirtioBalloon.VIRTIO_BALLOON_F_PAGE_REPORTING
        | (deflatesOnOom ? VirtioBalloon.VIRTIO_BALLOON_F_DEFLATE_ON_OOM : 0);
}
