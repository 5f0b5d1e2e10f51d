using System.Net.Sockets;
using System.Text;

namespace HyperOS.Tests.Boot;

/// <summary>QEMU's monitor of a machine, on a socket of its own: what no console shows.</summary>
internal sealed class Monitor : IDisposable
{
    private const string Prompt = "(qemu) ";

    private readonly string _folder;
    private Socket? _socket;

    public Monitor() => _folder = Directory.CreateTempSubdirectory("hyperos-").FullName;

    /// <summary>For <see cref="MachineOptions.ExtraArguments"/>.</summary>
    public IReadOnlyList<string> Arguments => ["-monitor", $"unix:{SocketPath},server=on,wait=off"];

    private string SocketPath => Path.Combine(_folder, "monitor");

    /// <summary>What a command that writes a file, named where the braces stand, has written: <c>screendump {}</c>.</summary>
    public async Task<byte[]> Dump(string command, CancellationToken cancellation)
    {
        string file = Path.Combine(_folder, "dump");
        await Do(command.Replace("{}", $"\"{file}\"", StringComparison.Ordinal), cancellation);
        return await File.ReadAllBytesAsync(file, cancellation);
    }

    /// <summary>Gives a command and waits until it is done.</summary>
    public async Task Do(string command, CancellationToken cancellation)
    {
        if (_socket is null)
        {
            _socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await _socket.ConnectAsync(new UnixDomainSocketEndPoint(SocketPath), cancellation);
            await ReadPrompt(cancellation);
        }
        await _socket.SendAsync(Encoding.ASCII.GetBytes(command + "\n"), cancellation);
        await ReadPrompt(cancellation);
    }

    public void Dispose()
    {
        _socket?.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task ReadPrompt(CancellationToken cancellation)
    {
        StringBuilder answer = new();
        byte[] buffer = new byte[4096];
        while (!answer.ToString().EndsWith(Prompt, StringComparison.Ordinal))
        {
            int count = await _socket!.ReceiveAsync(buffer, cancellation);
            if (count == 0)
                throw new EndOfStreamException("the monitor ended");
            answer.Append(Encoding.ASCII.GetString(buffer, 0, count));
        }
    }
}
