using System;

namespace HyperOS.Management.KernelClient.Simulation;

/// <summary>The last bytes of an output, by offsets that count all that was ever written.</summary>
/// <param name="capacity">Bytes that are kept.</param>
internal sealed class OutputRing(int capacity)
{
    private byte[] _bytes = new byte[Math.Min(capacity, 0x1000)];

    public ulong End { get; private set; }

    public ulong Start => End - Math.Min(End, (ulong)_bytes.Length);

    public void Write(ReadOnlySpan<byte> bytes)
    {
        if (_bytes.Length < capacity && End + (ulong)bytes.Length > (ulong)_bytes.Length)
            Grow(bytes.Length);
        foreach (byte value in bytes)
            _bytes[(int)(End++ % (ulong)_bytes.Length)] = value;
    }

    /// <returns>How many bytes were copied from the offset on, or from the start where it lies before that.</returns>
    public int Read(ref ulong offset, Span<byte> buffer)
    {
        offset = Math.Clamp(offset, Start, End);
        int length = (int)Math.Min(End - offset, (ulong)buffer.Length);
        for (int i = 0; i < length; i++)
            buffer[i] = _bytes[(int)((offset + (ulong)i) % (ulong)_bytes.Length)];
        return length;
    }

    // Until it has its capacity nothing has been overwritten, so all bytes lie from the start on.
    private void Grow(int more)
    {
        int length = _bytes.Length;
        while (length < capacity && (ulong)length < End + (ulong)more)
            length = Math.Min(capacity, 2 * length);
        Array.Resize(ref _bytes, length);
    }
}
