using System.Net;
using System.Net.Sockets;
using HyperOS.Management.TcpIp;
using HyperOS.Management.TcpIpTransport;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using static HyperOS.Tests.Tap.TapBench;

namespace HyperOS.Tests.Tap;

/// <summary>Kestrel on the stack serves clients on Linux' sockets, and HttpClient on the stack a server on them.</summary>
public class KestrelTests
{
    [Theory]
    [InlineData(null)]
    [InlineData(50)]
    public async Task Clients_of_Linux_are_served(int? badness)
    {
        using TapBench bench = new(badness: badness);
        await using WebApplication server = await StartAsync(builder =>
            builder.Services.AddSingleton<IConnectionListenerFactory>(new TransportFactory(bench.Stack, new TransportSettings())));
        using HttpClient client = new(new SocketsHttpHandler
        {
            UseProxy = false,
            ConnectCallback = async (context, cancellation) =>
            {
                Socket socket = bench.NewSocket();
                await socket.ConnectAsync(context.DnsEndPoint, cancellation);
                return new NetworkStream(socket, ownsSocket: true);
            },
        });
        await TryAsync(client, StackAddress);
    }

    [Fact]
    public async Task A_server_of_Linux_is_asked()
    {
        using TapBench bench = new();
        await using WebApplication server = await StartAsync(builder =>
            builder.WebHost.UseSockets(options => options.CreateBoundListenSocket = end => bench.Linux.Run(() =>
            {
                Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                socket.Bind(end);
                return socket;
            })));
        using HttpClient client = new(new SocketsHttpHandler { UseProxy = false, ConnectCallback = new Connector(bench.Stack).ConnectAsync });
        await TryAsync(client, LinuxAddress);
    }

    private static async Task TryAsync(HttpClient client, IpAddress server)
    {
        byte[] sent = Streams.Bytes(1_000_000, 1);
        await Task.WhenAll(Enumerable.Range(0, 20).Select(async i =>
            Assert.Equal($"/{i}", await client.GetStringAsync(new Uri($"http://{server}/{i}"))))).WaitAsync(Patience);
        using HttpResponseMessage answer = await client.PostAsync(new Uri($"http://{server}/back"), new ByteArrayContent(sent)).WaitAsync(Patience);
        Assert.Equal(Streams.Sum(sent), await Streams.SumAsync(await answer.Content.ReadAsStreamAsync()).WaitAsync(Patience));
    }

    private static async Task<WebApplication> StartAsync(Action<WebApplicationBuilder> prepare)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(options => options.Listen(IPAddress.Any, Port));
        prepare(builder);
        WebApplication server = builder.Build();
        server.Run(async context =>
        {
            if (context.Request.Path != "/back")
            {
                await context.Response.WriteAsync(context.Request.Path);
                return;
            }
            using MemoryStream body = new();
            await context.Request.Body.CopyToAsync(body);
            await context.Response.Body.WriteAsync(body.ToArray());
        });
        await server.StartAsync();
        return server;
    }
}
