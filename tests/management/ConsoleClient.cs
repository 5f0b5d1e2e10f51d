using System.Net;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;

namespace HyperOS.Tests.Management;

/// <summary>One who looks at a VM's console; reads in the order in which things come.</summary>
internal sealed class ConsoleClient : IDisposable
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(1);

    private readonly ClientWebSocket _socket = new();
    private readonly CancellationTokenSource _limit = new(s_limit);
    private readonly Queue<JsonObject> _notices = new();
    private readonly StringBuilder _output = new();
    private readonly byte[] _buffer = new byte[0x1_0000];

    private ConsoleClient(Api api, string? origin)
    {
        _socket.Options.RemoteCertificateValidationCallback = ManagementProcess.Accept;
        _socket.Options.CollectHttpResponseDetails = true;
        if (api.Token is string token)
            _socket.Options.SetRequestHeader("Authorization", $"Bearer {token}");
        if (api.Cookie is string cookie)
        {
            _socket.Options.SetRequestHeader("Cookie", cookie);
            _socket.Options.SetRequestHeader("Origin", origin ?? api.Process.Address.GetLeftPart(UriPartial.Authority));
        }
    }

    public static async Task<ConsoleClient> OpenAsync(Api api, string vm, string query = "")
    {
        ConsoleClient client = new(api, null);
        await client._socket.ConnectAsync(AddressOf(api, vm, query), client._limit.Token);
        return client;
    }

    public static async Task RefusedAsync(Api api, string vm, HttpStatusCode status, string query = "", string? origin = null)
    {
        using ConsoleClient client = new(api, origin);
        await Assert.ThrowsAsync<WebSocketException>(() => client._socket.ConnectAsync(AddressOf(api, vm, query), client._limit.Token));
        Assert.Equal(status, client._socket.HttpStatusCode);
    }

    public Task TypeAsync(string text) => TypeAsync(Encoding.ASCII.GetBytes(text));

    public Task TypeAsync(byte[] bytes) => _socket.SendAsync(bytes, WebSocketMessageType.Binary, endOfMessage: true, _limit.Token);

    public Task SendAsync(string text) => _socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, endOfMessage: true, _limit.Token);

    /// <summary>The next notice of a type; others before it are passed over.</summary>
    public async Task<JsonObject> ReadNoticeAsync(string type)
    {
        while (true)
        {
            while (_notices.TryDequeue(out JsonObject? notice))
            {
                if (notice["type"]!.GetValue<string>() == type)
                    return notice;
            }
            Assert.True(await ReceiveAsync(), $"The console ended before it said {type}.");
        }
    }

    /// <summary>The guest's output up to a text and with it.</summary>
    public async Task<string> ReadUntilAsync(string text)
    {
        int at;
        while ((at = _output.ToString().IndexOf(text, StringComparison.Ordinal)) < 0)
            Assert.True(await ReceiveAsync(), $"The console ended before \"{text}\".");
        string read = _output.ToString(0, at + text.Length);
        _output.Remove(0, at + text.Length);
        return read;
    }

    /// <summary>Waits for the end.</summary>
    public async Task<bool> IsClosedAsync()
    {
        while (await ReceiveAsync())
        {
        }
        return true;
    }

    public void Dispose()
    {
        _socket.Dispose();
        _limit.Dispose();
    }

    private static Uri AddressOf(Api api, string vm, string query) => new($"wss://{api.Process.Address.Authority}/api/v1/vms/{vm}/console{query}");

    // A message, with whatever parts it comes in.
    private async Task<bool> ReceiveAsync()
    {
        using MemoryStream message = new();
        WebSocketReceiveResult part;
        do
        {
            part = await _socket.ReceiveAsync(_buffer, _limit.Token);
            message.Write(_buffer, 0, part.Count);
        }
        while (!part.EndOfMessage);
        if (part.MessageType == WebSocketMessageType.Close)
            return false;
        string text = Encoding.UTF8.GetString(message.ToArray());
        if (part.MessageType == WebSocketMessageType.Text)
            _notices.Enqueue(JsonNode.Parse(text)!.AsObject());
        else
            _output.Append(text);
        return true;
    }
}
