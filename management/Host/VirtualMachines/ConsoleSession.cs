using System;
using System.Buffers;
using System.Collections.Concurrent;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Net.WebSockets;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Threading;
using System.Threading.Channels;
using System.Threading.Tasks;
using HyperOS.Abi.Control;
using HyperOS.Core;
using HyperOS.Management.Api;
using HyperOS.Management.Identity;
using HyperOS.Management.KernelClient;
using Microsoft.AspNetCore.Http;

namespace HyperOS.Management.VirtualMachines;

/// <summary>What the host says on a console's WebSocket beside the bytes.</summary>
internal sealed record ConsoleNotice
{
    /// <summary>hello, writer, lag, state or error.</summary>
    public required string Type { get; init; }

    /// <summary>Of hello and lag: the offset of the next byte.</summary>
    public ulong? Offset { get; init; }

    /// <summary>Of hello: where the output ends.</summary>
    public ulong? End { get; init; }

    /// <summary>Of lag: how many bytes are lost.</summary>
    public ulong? Lost { get; init; }

    /// <summary>Of hello and writer: whether this one may type.</summary>
    public bool? Writer { get; init; }

    /// <summary>Of hello and state.</summary>
    public VmStateChoice? State { get; init; }

    public string? Detail { get; init; }
}

/// <summary>What a client says there beside the bytes.</summary>
internal sealed record ConsoleRequest
{
    /// <summary>takeover: to be the one who types.</summary>
    public string Type { get; set; } = "";
}

/// <summary>
/// A VM's console as a WebSocket: binary frames are bytes, text frames JSON. All read; one types, the last that asked to. It stays over restarts of the
/// VM, and ends with the VM.
/// </summary>
internal sealed class ConsoleSession
{
    public const int MaxViewers = 64, MaxViewersPerVm = 16;

    private const int MaxMessage = 0x1_0000;
    private const int ReadLength = 0x8000;
    private const int QueuedParts = 4;

    private static readonly ConcurrentDictionary<ConsoleSession, Vm> s_viewers = new();

    private readonly Vm _vm;
    private readonly WebSocket _socket;
    private readonly bool _mayType;
    private readonly SemaphoreSlim _sending = new(1);
    private readonly CancellationTokenSource _end;
    private volatile bool _isWriter;

    private ConsoleSession(Vm vm, WebSocket socket, bool mayType, CancellationTokenSource end) => (_vm, _socket, _mayType, _end) = (vm, socket, mayType, end);

    public static async Task<IResult> ServeAsync(string vm, HttpContext context, VirtualMachines machines, KernelConnection kernel)
    {
        if (VmApi.Find(context, machines, vm) is not Vm found || found.KernelId == 0)
            return ApiProblem.NotFound("VM", vm).Answer();
        if (!context.WebSockets.IsWebSocketRequest)
        {
            context.Response.Headers.Upgrade = "websocket";
            return new ApiProblem { Status = StatusCodes.Status426UpgradeRequired, Code = "webSocketOnly", Title = "A console is a WebSocket" }.Answer();
        }
        bool wantsToType = context.Request.Query["write"] == "true";
        bool mayType = Authentication.CallerOf(context)!.Role >= Role.Operator;
        if (wantsToType && !mayType)
            return (ApiProblem.Of(StatusCodes.Status403Forbidden) with { Code = "roleTooLow", Detail = "To type needs the role operator." }).Answer();
        Outcome<ulong> start = ReadStart(context.Request, found.Record.ConsoleEnd);
        if (start.Problem is ApiProblem problem)
            return problem.Answer();
        if (s_viewers.Count >= MaxViewers || s_viewers.Values.Count(other => other == found) >= MaxViewersPerVm)
            return (ApiProblem.Of(StatusCodes.Status503ServiceUnavailable) with { Code = "tooManyViewers", Detail = "Too many consoles are open." }).Answer();
        using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync();
        using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        ConsoleSession console = new(found, socket, mayType, end);
        s_viewers[console] = found;
        try
        {
            await console.RunAsync(kernel, start.Value, wantsToType);
        }
        finally
        {
            s_viewers.TryRemove(console, out _);
        }
        return TypedResults.Empty;
    }

    private static Outcome<ulong> ReadStart(HttpRequest request, ulong end)
    {
        string from = request.Query["from"].ToString(), tail = request.Query["tail"].ToString();
        if (from.Length > 0)
            return ulong.TryParse(from, NumberStyles.None, CultureInfo.InvariantCulture, out ulong offset) ? offset : ApiProblem.BadField("from", "outOfRange", "from is no offset.");
        if (tail.Length == 0)
            return 0ul;
        return ulong.TryParse(tail, NumberStyles.None, CultureInfo.InvariantCulture, out ulong length) ? end - Math.Min(end, length) : ApiProblem.BadField("tail", "outOfRange", "tail is no length.");
    }

    private async Task RunAsync(KernelConnection kernel, ulong start, bool wantsToType)
    {
        IDeviceFile file;
        try
        {
            file = kernel.Kernel.Open(DevicePaths.Console + _vm.Name);
        }
        catch (IOException)
        {
            await _socket.CloseAsync(WebSocketCloseStatus.EndpointUnavailable, "the VM is gone", _end.Token);
            return;
        }
        Channel<byte[]> output = Channel.CreateBounded<byte[]>(QueuedParts);
        Thread reader = new(() => Read(file, start, output.Writer), 0x4_0000) { IsBackground = true, Name = $"console {_vm.Name}" };
        try
        {
            if (wantsToType)
                await TakeOverAsync();
            await SendAsync(new ConsoleNotice { Type = "hello", Offset = start, End = _vm.Record.ConsoleEnd, Writer = _isWriter, State = _vm.Runtime(default, 0).State });
            reader.Start();
            await Task.WhenAny(SendOutputAsync(output.Reader, start), SendStatesAsync(), ReceiveAsync(file));
            await _end.CancelAsync();
            await CloseAsync();
        }
        catch (Exception exception) when (exception is OperationCanceledException or WebSocketException or IOException)
        {
            // The client has gone.
        }
        finally
        {
            await _end.CancelAsync();
            output.Writer.TryComplete();
            if (reader.ThreadState.HasFlag(ThreadState.Unstarted))
                file.Dispose();
        }
    }

    private async Task CloseAsync()
    {
        using CancellationTokenSource limit = new(TimeSpan.FromSeconds(5));
        if (_socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
            await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, limit.Token);
    }

    // On a thread of its own: the kernel's reads wait, at most a second.
    private void Read(IDeviceFile file, ulong offset, ChannelWriter<byte[]> output)
    {
        byte[] buffer = new byte[ReadLength];
        using (file)
        {
            try
            {
                while (!_end.IsCancellationRequested)
                {
                    int length = file.Read(buffer, offset);
                    LittleEndianReader reader = new(buffer.AsSpan(0, length));
                    OutputChunk chunk = OutputChunk.Read(ref reader);
                    if (reader.Overrun)
                        break;
                    if (length == OutputChunk.Size)
                        continue;
                    offset = chunk.Start + (ulong)(length - OutputChunk.Size);
                    if (!output.TryWrite(buffer[..length]) && !WaitToWrite(output, buffer[..length]))
                        break;
                }
            }
            catch (Exception exception) when (exception is IOException or OperationCanceledException)
            {
                // The VM or the client has gone.
            }
        }
        output.TryComplete();
    }

    private bool WaitToWrite(ChannelWriter<byte[]> output, byte[] part)
    {
        while (output.WaitToWriteAsync(_end.Token).AsTask().GetAwaiter().GetResult())
        {
            if (output.TryWrite(part))
                return true;
        }
        return false;
    }

    private async Task SendOutputAsync(ChannelReader<byte[]> output, ulong expected)
    {
        await foreach (byte[] part in output.ReadAllAsync(_end.Token))
        {
            ulong start = StartOf(part);
            if (start != expected)
                await SendAsync(new ConsoleNotice { Type = "lag", Offset = start, Lost = start - Math.Min(start, expected) });
            expected = start + (ulong)(part.Length - OutputChunk.Size);
            await SendAsync(part.AsMemory(OutputChunk.Size), WebSocketMessageType.Binary);
        }
    }

    private static ulong StartOf(byte[] part)
    {
        LittleEndianReader reader = new(part);
        return OutputChunk.Read(ref reader).Start;
    }

    private async Task SendStatesAsync()
    {
        VmState last = _vm.Record.State;
        while (true)
        {
            last = (await _vm.WaitAsync(record => record.State != last, _end.Token)).State;
            await SendAsync(new ConsoleNotice { Type = "state", State = _vm.Runtime(default, 0).State });
        }
    }

    private async Task ReceiveAsync(IDeviceFile file)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(MaxMessage);
        try
        {
            while (true)
            {
                int length = 0;
                ValueWebSocketReceiveResult part;
                do
                {
                    if (length == MaxMessage)
                    {
                        await SendAsync(new ConsoleNotice { Type = "error", Detail = "The message is too long." });
                        return;
                    }
                    part = await _socket.ReceiveAsync(buffer.AsMemory(length, MaxMessage - length), _end.Token);
                    length += part.Count;
                }
                while (!part.EndOfMessage);
                if (part.MessageType == WebSocketMessageType.Close)
                    return;
                if (part.MessageType == WebSocketMessageType.Text)
                    await AnswerAsync(buffer.AsMemory(0, length));
                else if (_isWriter && length > 0)
                    await Task.Run(() => file.Write(buffer.AsSpan(0, length)));
                else if (length > 0)
                    await SendAsync(new ConsoleNotice { Type = "error", Detail = "Somebody else types here; take over first." });
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async Task AnswerAsync(ReadOnlyMemory<byte> text)
    {
        ConsoleRequest? request = null;
        try
        {
            request = JsonSerializer.Deserialize(text.Span, ApiJson.Default.ConsoleRequest);
        }
        catch (JsonException)
        {
            // Answered below.
        }
        if (request?.Type == "takeover" && _mayType)
            await TakeOverAsync();
        else
            await SendAsync(new ConsoleNotice { Type = "error", Detail = request?.Type == "takeover" ? "To type needs the role operator." : "The message is unknown." });
    }

    private async Task TakeOverAsync()
    {
        foreach ((ConsoleSession other, _) in s_viewers.Where(viewer => viewer.Value == _vm && viewer.Key != this && viewer.Key._isWriter))
        {
            other._isWriter = false;
            await other.TrySendAsync(new ConsoleNotice { Type = "writer", Writer = false });
        }
        _isWriter = true;
        await SendAsync(new ConsoleNotice { Type = "writer", Writer = true });
    }

    private async Task TrySendAsync(ConsoleNotice notice)
    {
        try
        {
            await SendAsync(notice);
        }
        catch (Exception exception) when (exception is OperationCanceledException or WebSocketException or ObjectDisposedException or IOException)
        {
            // That one has gone.
        }
    }

    private Task SendAsync(ConsoleNotice notice) => SendAsync(JsonSerializer.SerializeToUtf8Bytes(notice, ApiJson.Default.ConsoleNotice), WebSocketMessageType.Text);

    private async Task SendAsync(ReadOnlyMemory<byte> bytes, WebSocketMessageType type)
    {
        await _sending.WaitAsync(_end.Token);
        try
        {
            await _socket.SendAsync(bytes, type, endOfMessage: true, _end.Token);
        }
        finally
        {
            _sending.Release();
        }
    }
}
