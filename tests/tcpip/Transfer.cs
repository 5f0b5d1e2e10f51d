using HyperOS.Management.TcpIp;

namespace HyperOS.Tests.TcpIp;

/// <summary>Sends a stream that a seed makes over one connection, and checks at the other end that every byte comes and none else.</summary>
internal sealed class Transfer(TcpConnection from, TcpConnection to, long length, int seed)
{
    private const int Piece = 8192;

    private readonly Random _written = new(seed);
    private readonly Random _expected = new(seed);
    private readonly byte[] _piece = new byte[Piece];
    private readonly byte[] _buffer = new byte[Piece];
    private readonly byte[] _want = new byte[Piece];
    private int _pieceAt = Piece;
    private int _wantAt = Piece;
    private long _sent;

    public long Received { get; private set; }

    public bool IsDone => Received == length && to.IsInputEnded;

    /// <summary>Reads and writes all that can be now.</summary>
    public void Pump()
    {
        Assert.Equal((TcpError.None, TcpError.None), (from.Error, to.Error));
        while (_sent < length)
        {
            if (_pieceAt == Piece)
            {
                _written.NextBytes(_piece);
                _pieceAt = 0;
            }
            int written = from.Write(_piece.AsSpan(_pieceAt, (int)Math.Min(Piece - _pieceAt, length - _sent)));
            if (written == 0)
                break;
            _pieceAt += written;
            _sent += written;
            if (_sent == length)
                from.CloseOutput();
        }
        int count;
        while ((count = to.Read(_buffer)) != 0)
            Check(_buffer.AsSpan(0, count));
    }

    private void Check(ReadOnlySpan<byte> bytes)
    {
        Received += bytes.Length;
        while (!bytes.IsEmpty)
        {
            if (_wantAt == Piece)
            {
                _expected.NextBytes(_want);
                _wantAt = 0;
            }
            int count = Math.Min(bytes.Length, Piece - _wantAt);
            Assert.True(bytes[..count].SequenceEqual(_want.AsSpan(_wantAt, count)), $"other bytes before {Received}");
            _wantAt += count;
            bytes = bytes[count..];
        }
    }
}
