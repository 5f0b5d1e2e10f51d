using System;

namespace HyperOS.Management.TcpIp;

/// <summary>Numbers that nobody outside can guess: secrets of sequence numbers and ports, and identifiers of queries.</summary>
public interface IRandomSource
{
    /// <summary>Fills the bytes with random ones.</summary>
    void Fill(Span<byte> bytes);
}
