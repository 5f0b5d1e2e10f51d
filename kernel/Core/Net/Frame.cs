using System;
using System.Runtime.CompilerServices;

namespace HyperOS.Core;

/// <summary>
/// An Ethernet frame without FCS on its way to a receiver: first what the port keeps itself, because it decided by it or changed it, then the rest
/// where the sender has it. The receiver copies it once, to where it shall lie.
/// </summary>
public readonly ref struct Frame
{
    /// <summary>IP's longest packet behind an Ethernet header with a tag, in bytes.</summary>
    public const int MaxLength = 18 + 65535;

    private readonly ReadOnlySpan<byte> _head;
    private readonly FrameBatch? _body;
    private readonly int _frame;
    private readonly int _bodyOffset;
    private readonly FrameOffload _offload;

    /// <param name="head">The frame's first bytes.</param>
    /// <param name="body">Holds the rest; null where <paramref name="bodyLength"/> is 0.</param>
    /// <param name="frame">Which of the body's frames.</param>
    /// <param name="bodyOffset">Where in that frame the rest begins.</param>
    /// <param name="bodyLength">Bytes of the rest, all of which the body has.</param>
    /// <param name="offload">What is left to do to this frame.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Frame(ReadOnlySpan<byte> head, FrameBatch? body, int frame, int bodyOffset, int bodyLength, scoped in FrameOffload offload)
    {
        _head = head;
        _body = body;
        _frame = frame;
        _bodyOffset = bodyOffset;
        Length = unchecked(head.Length + bodyLength);
        _offload = offload;
    }

    /// <summary>In bytes, from the destination address on.</summary>
    public int Length { get; }

    /// <summary>Checked, and no more than the receiver said that it takes.</summary>
    public FrameOffload Offload => _offload;

    /// <summary>Nothing is left to do to it, and nothing to be said of its checksum.</summary>
    public bool IsPlain => _offload.IsNone;

    /// <summary>The bytes that lie together from an offset on; empty from the frame's end on. The sender may change them at any time.</summary>
    public ReadOnlySpan<byte> From(int offset)
    {
        if (offset < 0 || offset >= Length)
            return default;
        if (offset < _head.Length)
            return _head.Slice(offset);
        if (_body is null)
            return default;
        ReadOnlySpan<byte> part = _body.From(_frame, _bodyOffset + offset - _head.Length);
        return part.Slice(0, Math.Min(part.Length, Length - offset));
    }

    /// <summary>Copies the whole frame, or as much of it as its sender still has.</summary>
    /// <param name="destination">Of at least <see cref="Length"/> bytes.</param>
    public void CopyTo(Span<byte> destination)
    {
        _head.CopyTo(destination);
        destination = destination.Slice(_head.Length);
        if (_body is null)
            return;
        unchecked
        {
            int left = Length - _head.Length;
            for (int offset = _bodyOffset; left > 0;)
            {
                ReadOnlySpan<byte> part = _body.From(_frame, offset);
                if (part.Length > left)
                    part = part.Slice(0, left);
                if (part.IsEmpty)
                    return;
                part.CopyTo(destination);
                destination = destination.Slice(part.Length);
                left -= part.Length;
                offset += part.Length;
            }
        }
    }

    /// <summary>Copies the bytes from an offset on, as many as there are and as fit.</summary>
    /// <returns>How many.</returns>
    public int CopyTo(int offset, Span<byte> destination)
    {
        int copied = 0;
        while (copied < destination.Length)
        {
            ReadOnlySpan<byte> part = From(offset + copied);
            if (part.IsEmpty)
                break;
            int count = Math.Min(part.Length, destination.Length - copied);
            part.Slice(0, count).CopyTo(destination.Slice(copied));
            copied += count;
        }
        return copied;
    }
}
