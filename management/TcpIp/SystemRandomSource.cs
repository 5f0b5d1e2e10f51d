using System;
using System.Security.Cryptography;

namespace HyperOS.Management.TcpIp;

/// <summary>The system's cryptographic random numbers.</summary>
public sealed class SystemRandomSource : IRandomSource
{
    /// <inheritdoc/>
    public void Fill(Span<byte> bytes) => RandomNumberGenerator.Fill(bytes);
}
