using HyperOS.Management.TcpIp;

namespace HyperOS.Tests.TcpIp;

/// <summary>The same random numbers every time.</summary>
internal sealed class SeededRandom(int seed) : IRandomSource
{
    private readonly Random _random = new(seed);

    public void Fill(Span<byte> bytes) => _random.NextBytes(bytes);
}
