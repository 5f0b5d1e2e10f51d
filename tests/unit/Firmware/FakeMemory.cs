using HyperOS.Core;
using HyperOS.Firmware;

namespace HyperOS.Tests.Unit.Firmware;

/// <summary>Physical memory that is there only where something was put.</summary>
internal sealed class FakeMemory : PhysicalMemoryReader
{
    private readonly List<(ulong Start, byte[] Bytes)> _blocks = [];

    /// <summary>Places a block, instead of one that was at the same address.</summary>
    public void Put(ulong address, byte[] bytes)
    {
        _blocks.RemoveAll(block => block.Start == address);
        _blocks.Add((address, bytes));
    }

    public override bool TryRead(HostPhysicalAddress address, Span<byte> destination)
    {
        foreach ((ulong start, byte[] bytes) in _blocks)
        {
            if (address.Value < start || address.Value - start > (ulong)bytes.Length
                || (ulong)bytes.Length - (address.Value - start) < (ulong)destination.Length)
                continue;
            bytes.AsSpan((int)(address.Value - start), destination.Length).CopyTo(destination);
            return true;
        }
        return false;
    }
}
