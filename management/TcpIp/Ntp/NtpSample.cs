using System;

namespace HyperOS.Management.TcpIp;

/// <summary>What one exchange with a time server tells.</summary>
/// <param name="Offset">How much the server's clock is ahead of this host's.</param>
/// <param name="Delay">How long the exchange took on the way: the offset is wrong by at most half of it.</param>
/// <param name="Stratum">How many servers lie between that one and a reference clock, 1 to 15.</param>
public readonly record struct NtpSample(TimeSpan Offset, TimeSpan Delay, int Stratum);
