using System;
using System.IO;
using System.Threading;
using System.Threading.Tasks;

namespace HyperOS.Management.TcpIp;

/// <summary>A connection as a Stream: what HttpClient's connect callback returns, and what PipeReader.Create and PipeWriter.Create wrap. It owns the connection.</summary>
public class TcpStream(TcpConnection connection) : Stream
{
    /// <summary>The connection.</summary>
    public TcpConnection Connection { get; } = connection;

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Reads what is there, or waits; no bytes are read at once when something is there, so that a buffer need not wait.</summary>
    /// <exception cref="IOException">The connection ended before its time.</exception>
    /// <exception cref="ObjectDisposedException">The stream was disposed of, before or meanwhile.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            if (!buffer.IsEmpty && Connection.Read(buffer.Span) is > 0 and int count)
                return count;
            ThrowIfFailed();
            if (Connection.IsInputEnded)
                return 0;
            await Connection.WaitForInputAsync(cancellationToken).ConfigureAwait(false);
            if (buffer.IsEmpty)
                return 0;
        }
    }

    /// <summary>Gives bytes to the connection, waiting for room.</summary>
    /// <exception cref="IOException">The connection ended before its time.</exception>
    /// <exception cref="ObjectDisposedException">The stream was disposed of, before or meanwhile.</exception>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (!buffer.IsEmpty)
        {
            int written = Connection.Write(buffer.Span);
            buffer = buffer[written..];
            if (buffer.IsEmpty)
                return;
            ThrowIfFailed();
            await Connection.WaitForOutputAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => ReadAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => WriteAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            Connection.Dispose();
        base.Dispose(disposing);
    }

    /// <summary>What is thrown when the connection has ended before its time.</summary>
    protected virtual Exception Failure(TcpError error) => new IOException($"The connection to {Connection.Remote} has ended: {error}.");

    private void ThrowIfFailed()
    {
        ObjectDisposedException.ThrowIf(Connection.IsDisposed, this);
        if (Connection.Error is not TcpError.None and TcpError error)
            throw Failure(error);
    }
}
