namespace HyperOS.Management.TcpIp;

/// <summary>The two ends that make a connection what it is.</summary>
internal readonly record struct FlowKey(IpEndpoint Local, IpEndpoint Remote);
