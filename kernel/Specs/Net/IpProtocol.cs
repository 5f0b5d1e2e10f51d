namespace HyperOS.Specs.Net;

/// <summary>What an IP header or an extension header is followed by: Assigned Internet Protocol Numbers (IANA).</summary>
public enum IpProtocol : byte
{
    HopByHopOptions = 0,
    Tcp = 6,
    Udp = 17,
    Routing = 43,
    DestinationOptions = 60,
}
