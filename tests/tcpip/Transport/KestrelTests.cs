using System.Net;
using System.Security.Cryptography;
using HyperOS.Management.TcpIp;
using HyperOS.Management.TcpIpTransport;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using static HyperOS.Tests.TcpIp.Transport.LiveHosts;

namespace HyperOS.Tests.TcpIp.Transport;

/// <summary>Kestrel on one stack, HttpClient on another.</summary>
public sealed class KestrelTests : IAsyncLifetime
{
    private static readonly Uri s_server = new($"http://{ServerAddress}/");

    private readonly LiveHosts _hosts = new();
    private readonly TaskCompletionSource _aborted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly HttpClient _client;
    private readonly WebApplication _server;

    public KestrelTests()
    {
        _client = new HttpClient(new SocketsHttpHandler { ConnectCallback = new Connector(_hosts.Client).ConnectAsync, UseProxy = false }) { BaseAddress = s_server };
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(options => options.Listen(IPAddress.Any, 80));
        builder.Services.AddSingleton<IConnectionListenerFactory>(new TransportFactory(_hosts.Server, new TransportSettings()));
        _server = builder.Build();
        _server.Run(AnswerAsync);
    }

    public Task InitializeAsync() => _server.StartAsync();

    public async Task DisposeAsync()
    {
        _client.Dispose();
        await _server.DisposeAsync();
        _hosts.Dispose();
    }

    [Fact]
    public async Task A_hundred_requests_go_by_one_connection()
    {
        for (int i = 0; i < 100; i++)
            Assert.Equal($"/{i}", await _client.GetStringAsync($"/{i}"));
        Assert.Equal(1, _hosts.Server.Counters.Connections);
    }

    [Fact]
    public async Task Requests_at_once_go_by_connections_of_their_own()
    {
        string[] answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(i => _client.GetStringAsync($"/{i}")));
        Assert.Equal(Enumerable.Range(0, 50).Select(i => $"/{i}"), answers);
    }

    [Fact]
    public async Task Megabytes_go_up_and_come_back()
    {
        byte[] sent = new byte[3_000_000];
        new Random(1).NextBytes(sent);
        using HttpResponseMessage answer = await _client.PostAsync("/echo", new ByteArrayContent(sent));
        Assert.Equal(SHA256.HashData(sent), SHA256.HashData(await answer.Content.ReadAsByteArrayAsync()));
    }

    [Fact]
    public async Task A_client_that_resets_aborts_the_request()
    {
        TcpConnection connection = await _hosts.Client.ConnectAsync(new IpEndpoint(ServerAddress, 80));
        connection.Write("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n"u8);
        byte[] head = new byte[1000];
        while (connection.Read(head) == 0)
            await connection.WaitForInputAsync();
        connection.Abort();
        await _aborted.Task.WaitAsync(TimeSpan.FromMinutes(2));
    }

    [Fact]
    public async Task A_server_that_aborts_fails_the_request() =>
        await Assert.ThrowsAsync<HttpRequestException>(() => _client.GetStringAsync("/abort"));

    [Fact]
    public async Task A_client_that_ends_its_side_behind_its_question_gets_the_answer()
    {
        TcpConnection connection = await _hosts.Client.ConnectAsync(new IpEndpoint(ServerAddress, 80));
        connection.Write("GET /late HTTP/1.1\r\nHost: x\r\n\r\n"u8);
        connection.CloseOutput();
        using StreamReader reader = new(new TcpStream(connection));
        string answer = await reader.ReadToEndAsync();
        Assert.StartsWith("HTTP/1.1 200", answer);
        Assert.Contains("/late", answer);
    }

    [Fact]
    public async Task A_name_that_nobody_knows_and_a_port_that_nobody_serves_fail_the_request()
    {
        await Assert.ThrowsAsync<HttpRequestException>(() => _client.GetStringAsync(new Uri("http://nobody.example/")));
        await Assert.ThrowsAsync<HttpRequestException>(() => _client.GetStringAsync(new Uri($"http://{ServerAddress}:81/")));
    }

    [Fact]
    public async Task A_server_that_stops_gives_its_port_back()
    {
        await _client.GetStringAsync("/");
        await _server.StopAsync();
        using TcpListener listener = _hosts.Server.Listen(80);
    }

    private async Task AnswerAsync(HttpContext context)
    {
        switch (context.Request.Path.Value)
        {
            case "/echo":
                using (MemoryStream body = new())
                {
                    await context.Request.Body.CopyToAsync(body);
                    await context.Response.Body.WriteAsync(body.ToArray());
                }
                break;
            case "/abort":
                context.Abort();
                break;
            case "/wait":
                context.RequestAborted.Register(_aborted.SetResult);
                await context.Response.Body.FlushAsync();
                await _aborted.Task;
                break;
            case "/late":
                await Task.Yield();
                goto default;
            default:
                await context.Response.WriteAsync(context.Request.Path);
                break;
        }
    }
}
