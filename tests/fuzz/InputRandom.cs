using System.Buffers.Binary;

namespace HyperOS.Tests.Fuzz;

/// <summary>
/// Gives out an input's bytes as random numbers, small ones from few bytes, so that a byte changed is a choice changed; once they are spent,
/// bytes from a seed. All that was given out is an input that gives out the same again.
/// </summary>
internal sealed class InputRandom(byte[] input, int seed) : Random
{
    private readonly Random _rest = new(seed);
    private readonly List<byte> _taken = [];

    public byte[] Taken => [.. _taken];

    public override int Next() => Next(int.MaxValue);

    public override int Next(int maxValue)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(maxValue);
        return (int)Below((ulong)maxValue);
    }

    public override int Next(int minValue, int maxValue)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(minValue, maxValue);
        return (int)(minValue + (long)Below((ulong)((long)maxValue - minValue)));
    }

    public override long NextInt64() => NextInt64(long.MaxValue);

    public override long NextInt64(long maxValue)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(maxValue);
        return (long)Below((ulong)maxValue);
    }

    public override long NextInt64(long minValue, long maxValue)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(minValue, maxValue);
        return unchecked(minValue + (long)Below((ulong)maxValue - (ulong)minValue));
    }

    public override double NextDouble() => Sample();

    public override float NextSingle() => (float)(Take(3) / (double)(1 << 24));

    public override void NextBytes(byte[] buffer) => NextBytes(buffer.AsSpan());

    public override void NextBytes(Span<byte> buffer)
    {
        int given = Math.Min(buffer.Length, Math.Max(0, input.Length - _taken.Count));
        input.AsSpan(Math.Min(_taken.Count, input.Length), given).CopyTo(buffer);
        _rest.NextBytes(buffer[given..]);
        _taken.AddRange(buffer);
    }

    protected override double Sample() => (Take(8) >> 11) / (double)(1ul << 53);

    // Scales as many bytes as the bound needs, so that mutated bytes never are out of range.
    private ulong Below(ulong bound)
    {
        if (bound <= 1)
            return 0;
        int bytes = bound <= 1 << 8 ? 1 : bound <= 1 << 16 ? 2 : bound <= 1ul << 32 ? 4 : 8;
        UInt128 value = Take(bytes);
        return (ulong)((value * bound) >> (8 * bytes));
    }

    private ulong Take(int bytes)
    {
        Span<byte> buffer = stackalloc byte[8];
        buffer.Clear();
        NextBytes(buffer[..bytes]);
        return BinaryPrimitives.ReadUInt64LittleEndian(buffer);
    }
}
