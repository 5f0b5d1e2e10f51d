using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;

namespace HyperOS.Tests.Management;

/// <summary>What no browser sends. After each the process still answers others.</summary>
public sealed class AbuseTests(AbuseTests.Host host) : IClassFixture<AbuseTests.Host>
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(2);

    public sealed class Host : IDisposable
    {
        public ManagementProcess Process { get; } = new();

        public void Dispose() => Process.Dispose();
    }

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    public async Task An_older_TLS_is_refused(SslProtocols protocol)
    {
        using TcpClient client = await ConnectAsync();
        await using SslStream stream = new(client.GetStream(), false, ManagementProcess.Accept);
        await Assert.ThrowsAnyAsync<Exception>(() => stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "hyperos", EnabledSslProtocols = protocol }));
        await AssertAliveAsync();
    }

    [Fact]
    public async Task Who_never_begins_TLS_is_let_go()
    {
        using TcpClient client = await ConnectAsync();
        Assert.Equal("", await ReadToEndAsync(client.GetStream()));
        using TcpClient plain = await ConnectAsync();
        await plain.GetStream().WriteAsync("GET / HTTP/1.1\r\nHost: a\r\n\r\n"u8.ToArray());
        await ReadToEndAsync(plain.GetStream());
        await AssertAliveAsync();
    }

    [Fact]
    public async Task A_request_that_trickles_in_is_given_up()
    {
        await using SslStream stream = await SecureAsync();
        await stream.WriteAsync("GET /healthz HTTP/1.1\r\nHost: hyperos\r\nX-Slow: "u8.ToArray());
        Assert.StartsWith("HTTP/1.1 408", await ReadToEndAsync(stream), StringComparison.Ordinal);
        await AssertAliveAsync();
    }

    [Fact]
    public async Task A_body_that_trickles_in_is_given_up()
    {
        await using SslStream stream = await SecureAsync();
        await stream.WriteAsync("POST /api/v1/sessions HTTP/1.1\r\nHost: hyperos\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"u8.ToArray());
        Assert.StartsWith("HTTP/1.1 408", await ReadToEndAsync(stream), StringComparison.Ordinal);
        await AssertAliveAsync();
    }

    [Theory]
    [InlineData("GET /healthz HTTP/1.1\r\nHost: hyperos\r\nX: {0}\r\n\r\n", 17 << 10, "431")]
    [InlineData("GET /{0} HTTP/1.1\r\nHost: hyperos\r\n\r\n", 5 << 10, "414")]
    [InlineData("POST /api/v1/sessions HTTP/1.1\r\nHost: hyperos\r\nContent-Type: application/json\r\nContent-Length: 2000000\r\nConnection: close\r\n\r\n{0}", 0, "413")]
    [InlineData("POST /api/v1/sessions HTTP/1.1\r\nHost: hyperos\r\nContent-Type: application/json\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 0, "400")]
    [InlineData("GET /healthz HTTP/1.1\r\n\r\n", 0, "400")]
    [InlineData("nonsense\r\n\r\n", 0, "400")]
    public async Task A_request_beyond_the_limits_is_refused(string form, int length, string status)
    {
        await using SslStream stream = await SecureAsync();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(string.Format(System.Globalization.CultureInfo.InvariantCulture, form, new string('a', length))));
        Assert.StartsWith($"HTTP/1.1 {status}", await ReadToEndAsync(stream), StringComparison.Ordinal);
        await AssertAliveAsync();
    }

    [Fact]
    public async Task More_headers_than_any_browser_sends_are_refused()
    {
        await using SslStream stream = await SecureAsync();
        StringBuilder request = new("GET /healthz HTTP/1.1\r\nHost: hyperos\r\n");
        for (int i = 0; i < 100; i++)
            request.Append(System.Globalization.CultureInfo.InvariantCulture, $"X-{i}: a\r\n");
        await stream.WriteAsync(Encoding.ASCII.GetBytes(request.Append("\r\n").ToString()));
        Assert.StartsWith("HTTP/1.1 431", await ReadToEndAsync(stream), StringComparison.Ordinal);
        await AssertAliveAsync();
    }

    [Theory]
    [InlineData("{\"user\":")]
    [InlineData("[")]
    [InlineData("{\"user\":{\"user\":{\"user\":")]
    public async Task JSON_that_is_nested_without_end_is_refused(string part)
    {
        string body = string.Concat(Enumerable.Repeat(part, 20_000));
        using HttpResponseMessage answer = await host.Process.Client().PostAsync("/api/v1/sessions", new StringContent(body, Encoding.UTF8, "application/json"));
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        await AssertAliveAsync();
    }

    [Fact]
    public async Task More_connections_than_it_takes_shut_nobody_out_for_good()
    {
        List<TcpClient> idle = [];
        try
        {
            for (int i = 0; i < 300; i++)
                idle.Add(await ConnectAsync());
        }
        finally
        {
            idle.ForEach(client => client.Dispose());
        }
        await AssertAliveAsync();
    }

    [Fact]
    public async Task Two_versions_of_HTTP_are_served()
    {
        foreach (Version version in new[] { HttpVersion.Version11, HttpVersion.Version20 })
        {
            using HttpClient client = host.Process.Client(version);
            using HttpResponseMessage answer = await client.GetAsync("/healthz");
            Assert.Equal((HttpStatusCode.OK, version), (answer.StatusCode, answer.Version));
        }
    }

    private async Task<TcpClient> ConnectAsync()
    {
        TcpClient client = new();
        await client.ConnectAsync(host.Process.Address.Host, host.Process.Address.Port);
        return client;
    }

    private async Task<SslStream> SecureAsync()
    {
        SslStream stream = new((await ConnectAsync()).GetStream(), false, ManagementProcess.Accept);
        await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "hyperos", ApplicationProtocols = [SslApplicationProtocol.Http11] });
        return stream;
    }

    // A connection that is reset has ended as well.
    private static async Task<string> ReadToEndAsync(Stream stream)
    {
        using CancellationTokenSource limit = new(s_limit);
        StringBuilder text = new();
        byte[] buffer = new byte[4096];
        try
        {
            int length;
            while ((length = await stream.ReadAsync(buffer, limit.Token)) > 0)
                text.Append(Encoding.ASCII.GetString(buffer, 0, length));
        }
        catch (IOException)
        {
        }
        return text.ToString();
    }

    // It may need a moment to see that connections have gone.
    private async Task AssertAliveAsync()
    {
        using CancellationTokenSource limit = new(s_limit);
        while (true)
        {
            try
            {
                using HttpClient client = host.Process.Client();
                using HttpResponseMessage answer = await client.GetAsync("/healthz", limit.Token);
                Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
                return;
            }
            catch (HttpRequestException) when (!host.Process.HasExited)
            {
                await Task.Yield();
            }
        }
    }
}
