using HyperOS.Core;
using HyperOS.Devices;

namespace HyperOS.Tests.Unit.Devices;

/// <summary>A disk in memory.</summary>
internal sealed class MemoryStore(int length, bool isReadOnly = false, uint discardBytes = 4096) : BlockStore
{
    public byte[] Bytes { get; } = new byte[length];

    public bool Fails { get; set; }

    public int Flushes { get; private set; }

    public List<(ulong Offset, ulong Length)> Discards { get; } = [];

    public override ulong Length => (ulong)Bytes.Length;

    public override bool IsReadOnly => isReadOnly;

    public override int PhysicalBlockBytes => 4096;

    public override uint DiscardBytes => discardBytes;

    public override bool Read(ulong offset, Span<byte> destination)
    {
        Bytes.AsSpan((int)offset, destination.Length).CopyTo(destination);
        return !Fails;
    }

    public override bool Write(ulong offset, ReadOnlySpan<byte> source)
    {
        Assert.False(isReadOnly);
        source.CopyTo(Bytes.AsSpan((int)offset));
        return !Fails;
    }

    public override bool Flush()
    {
        Flushes++;
        return !Fails;
    }

    public override bool Discard(ulong offset, ulong length)
    {
        Assert.True(offset + length <= Length);
        Discards.Add((offset, length));
        return !Fails;
    }

    public override bool WriteZeroes(ulong offset, ulong length, bool mayDiscard)
    {
        Bytes.AsSpan((int)offset, (int)length).Clear();
        return !Fails;
    }
}

/// <summary>A port that keeps what it is given, or passes it on.</summary>
internal sealed class TestPort : FramePort
{
    public List<(byte[] Bytes, FrameOffload Offload)> Frames { get; } = [];

    public List<int> Batches { get; } = [];

    /// <summary>Frames that are taken before the rate is used up.</summary>
    public int Room { get; set; } = int.MaxValue;

    public VirtioNetDevice? Peer { get; set; }

    public MacAddress Address { get; private set; }

    public bool IsPromiscuous { get; private set; }

    public override int Transmit(FrameBatch batch)
    {
        Assert.InRange(batch.Count, 1, FrameBatch.MaxCount);
        Batches.Add(batch.Count);
        int taken = Math.Min(batch.Count, Room);
        Room -= taken;
        for (int i = 0; i < taken; i++)
        {
            Frame frame = new(default, batch, i, 0, batch.Length(i), batch.Offload(i));
            byte[] bytes = new byte[frame.Length];
            Assert.Equal(bytes.Length, frame.CopyTo(0, bytes));
            Frames.Add((bytes, frame.Offload));
            Peer?.Deliver(in frame);
        }
        Peer?.Flush(0);
        return taken;
    }

    public override void SetAddress(MacAddress address) => Address = address;

    public override void SetPromiscuous(bool isPromiscuous) => IsPromiscuous = isPromiscuous;
}

/// <summary>A console that takes so much and no more, and gives what was typed.</summary>
internal sealed class TestLine : ConsoleLine
{
    public List<byte> Output { get; } = [];

    public Queue<byte> Input { get; } = [];

    public List<byte> Emergencies { get; } = [];

    public int Room { get; set; } = int.MaxValue;

    public override int Write(ReadOnlySpan<byte> output)
    {
        int count = Math.Min(output.Length, Room);
        Output.AddRange(output[..count]);
        Room -= count;
        return count;
    }

    public override int Read(Span<byte> input)
    {
        int count = 0;
        while (count < input.Length && Input.TryDequeue(out byte value))
            input[count++] = value;
        return count;
    }

    public override void WriteEmergency(byte character) => Emergencies.Add(character);
}

/// <summary>Entropy that counts up.</summary>
internal sealed class TestEntropy : EntropySource
{
    private byte _next;

    public int Left { get; set; } = int.MaxValue;

    public override int Fill(Span<byte> destination)
    {
        int count = Math.Min(destination.Length, Left);
        foreach (ref byte value in destination[..count])
            value = ++_next;
        Left -= count;
        return count;
    }
}

/// <summary>Keeps what a balloon was told.</summary>
internal sealed class TestSink : BalloonSink
{
    public List<(ulong Address, ulong Length)> Released { get; } = [];

    public List<(ulong Address, ulong Length)> Reclaimed { get; } = [];

    /// <summary>What another processor does meanwhile, once.</summary>
    public Action? WhileReleasing { get; set; }

    public override void Release(GuestPhysicalAddress address, ulong length)
    {
        Released.Add((address.Value, length));
        Action? meanwhile = WhileReleasing;
        WhileReleasing = null;
        meanwhile?.Invoke();
    }

    public override void Reclaim(GuestPhysicalAddress address, ulong length) => Reclaimed.Add((address.Value, length));

    public List<(ulong Address, ulong Length)> Reported { get; } = [];

    public int Reports { get; private set; }

    /// <summary>Whether reports are taken at once.</summary>
    public bool Settles { get; set; } = true;

    public int Resizes { get; private set; }

    public int StatisticsSeen { get; private set; }

    public int Resets { get; private set; }

    public override bool IsSettled => Settles;

    public override void Report(GuestPhysicalAddress address, ulong length) => Reported.Add((address.Value, length));

    public override void EndReport() => Reports++;

    public override void Resized() => Resizes++;

    public override void StatisticsCame() => StatisticsSeen++;

    public override void Reset() => Resets++;
}

internal static class VirtioNetDelivery
{
    /// <summary>A batch of one frame, not announced.</summary>
    public static DeliveryStatus Deliver(this VirtioNetDevice device, in Frame frame, int? pair = null)
    {
        int selected = pair ?? device.SelectPair(in frame);
        device.Open(selected, out QueueRings rings);
        return device.Deliver(selected, in frame, ref rings);
    }
}
