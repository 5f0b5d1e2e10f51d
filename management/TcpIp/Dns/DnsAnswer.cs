using System;
using System.Collections.Immutable;

namespace HyperOS.Management.TcpIp;

/// <summary>A name's addresses.</summary>
/// <param name="Status">Whether there are any.</param>
/// <param name="Addresses">IPv4 addresses in the server's order; empty unless found.</param>
/// <param name="TimeToLive">How long they hold.</param>
public sealed record DnsAnswer(DnsStatus Status, ImmutableArray<IpAddress> Addresses, TimeSpan TimeToLive);
