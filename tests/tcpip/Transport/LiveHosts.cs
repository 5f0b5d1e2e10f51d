using System.Threading.Channels;
using HyperOS.Management.TcpIp;

namespace HyperOS.Tests.TcpIp.Transport;

/// <summary>Two stacks, a client's and a server's, on a good link under the real clock, as programs with threads of their own need them.</summary>
internal sealed class LiveHosts : IDisposable
{
    public static readonly IpAddress ClientAddress = IpAddress.V4(10, 0, 0, 1);
    public static readonly IpAddress ServerAddress = IpAddress.V4(10, 0, 0, 2);

    public LiveHosts()
    {
        LiveLink clientLink = new(new MacAddress(0x0200_0000_0001)), serverLink = new(new MacAddress(0x0200_0000_0002));
        Client = new NetworkStack(clientLink, TimeProvider.System, new SystemRandomSource());
        Server = new NetworkStack(serverLink, TimeProvider.System, new SystemRandomSource());
        Client.Configure(new IpConfiguration(ClientAddress, 24, null));
        Server.Configure(new IpConfiguration(ServerAddress, 24, null));
        _ = clientLink.CarryTo(Server);
        _ = serverLink.CarryTo(Client);
    }

    public NetworkStack Client { get; }

    public NetworkStack Server { get; }

    public void Dispose()
    {
        Client.Dispose();
        Server.Dispose();
    }

    private sealed class LiveLink(MacAddress address) : ILink
    {
        private readonly Channel<byte[]> _frames = Channel.CreateUnbounded<byte[]>();

        public MacAddress Address => address;

        public int Mtu => 1500;

        public bool TryTransmit(ReadOnlySpan<byte> frame) => _frames.Writer.TryWrite(frame.ToArray());

        public void Flush()
        {
        }

        public async Task CarryTo(NetworkStack other)
        {
            await foreach (byte[] frame in _frames.Reader.ReadAllAsync().ConfigureAwait(false))
                other.Receive(frame);
        }
    }
}
