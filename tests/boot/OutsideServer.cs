using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace HyperOS.Tests.Boot;

/// <summary>
/// What guests reach outside: a server on the loopback of the machine that runs the tests, at 10.0.2.2 of QEMU's user network. It answers
/// `GET /N` with file N, and the line `SUM` and what follows it up to the connection's end with the SHA-256 of that.
/// </summary>
internal sealed class OutsideServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly Task _serving;

    public OutsideServer()
    {
        _listener.Start();
        _serving = Serve();
    }

    /// <summary>The address that guests reach it by.</summary>
    public string Address => $"10.0.2.2:{((IPEndPoint)_listener.LocalEndpoint).Port}";

    /// <summary>What the guest's own sha256sum has to say of a file.</summary>
    public static string Sha256(int file) => Convert.ToHexStringLower(SHA256.HashData(Content(file)));

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _serving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _listener.Dispose();
        _end.Dispose();
    }

    /// <summary>None of them ends where a frame does.</summary>
    private static byte[] Content(int file)
    {
        byte[] content = new byte[file * 123_457];
        new Random(file).NextBytes(content);
        return content;
    }

    private async Task Serve()
    {
        List<Task> clients = [];
        try
        {
            while (true)
                clients.Add(Serve(await _listener.AcceptSocketAsync(_end.Token)));
        }
        finally
        {
            await Task.WhenAll(clients).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task Serve(Socket client)
    {
        await using NetworkStream stream = new(client, ownsSocket: true);
        using MemoryStream request = new();
        byte[] buffer = new byte[65536];
        while (await stream.ReadAsync(buffer, _end.Token) is > 0 and int count)
        {
            request.Write(buffer, 0, count);
            ReadOnlySpan<byte> text = request.GetBuffer().AsSpan(0, (int)request.Length);
            if (text.StartsWith("GET /"u8) && text.EndsWith("\r\n\r\n"u8))
                break;
        }
        byte[] bytes = request.ToArray();
        if (bytes.AsSpan().StartsWith("GET /"u8))
        {
            byte[] content = Content(int.Parse(Encoding.ASCII.GetString(bytes[5..Array.IndexOf(bytes, (byte)' ', 5)])));
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.0 200 OK\r\nContent-Length: {content.Length}\r\n\r\n"), _end.Token);
            await stream.WriteAsync(content, _end.Token);
        }
        else if (bytes.AsSpan().StartsWith("SUM\n"u8))
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes(Convert.ToHexStringLower(SHA256.HashData(bytes.AsSpan(4))) + "\n"), _end.Token);
        }
    }
}
