using System;
using System.Buffers.Binary;
using HyperOS.Devices;
using HyperOS.Platform;

namespace HyperOS.Virtualization;

/// <summary>The processor's random numbers, which the guests' entropy devices give out. Intel SDM vol. 1, "Random Number Generator Instructions".</summary>
internal sealed class HostEntropy : EntropySource
{
    // As the manual has it: one that fails so often in a row is broken.
    private const int Attempts = 10;

    private const uint RDRAND = 1 << 30;

    /// <summary>Whether this processor has any.</summary>
    public static bool IsThere => (Cpu.Identify(1).Ecx & RDRAND) != 0;

    /// <summary>A number that guests cannot know; a processor without RDRAND gives its time.</summary>
    public static ulong Seed() => IsThere && TryGet(out ulong value) ? value : Cpu.ReadTimestamp();

    public override int Fill(Span<byte> destination)
    {
        Span<byte> number = stackalloc byte[sizeof(ulong)];
        int filled = 0;
        while (filled < destination.Length && TryGet(out ulong value))
        {
            BinaryPrimitives.WriteUInt64LittleEndian(number, value);
            int count = Math.Min(sizeof(ulong), destination.Length - filled);
            number.Slice(0, count).CopyTo(destination.Slice(filled));
            filled += count;
        }
        return filled;
    }

    private static bool TryGet(out ulong value)
    {
        value = 0;
        for (int i = 0; i < Attempts && value == 0; i++)
            value = Cpu.ReadRandom();
        return value != 0;
    }
}
