using System;
using HyperOS.Core;

namespace HyperOS.Abi.Control;

/// <summary>
/// Messages between the management process and the kernel: one write to <see cref="DevicePaths.Control"/> is one request, the read that follows is
/// its answer. Integers are little-endian; nothing is aligned.
/// <code>
///   request:  RequestHeader (8)   body
///   answer:   AnswerHeader (24)   body, if the status is Done
/// </code>
/// </summary>
public static class ControlMessage
{
    public const ushort CurrentVersion = 1;

    /// <summary>The longest message, either way, in bytes.</summary>
    public const int MaxLength = 0x1_1000;

    /// <summary>The most bytes that one <see cref="ControlOperation.ImageAppend"/> carries.</summary>
    public const int MaxAppend = 0x1_0000;
}

/// <summary>A structure of the control messages, of fixed size.</summary>
/// <typeparam name="TSelf">The structure itself.</typeparam>
public interface IControlRecord<TSelf>
    where TSelf : struct, IControlRecord<TSelf>
{
    /// <summary>In bytes.</summary>
    static abstract int Size { get; }

    /// <summary>Takes the fields one after another; what is not there is zero, as the reader tells.</summary>
    static abstract TSelf Read(ref LittleEndianReader reader);

    /// <summary>Appends the fields one after another.</summary>
    void Write(ref LittleEndianWriter writer);
}

/// <summary>The start of a request.</summary>
public struct RequestHeader : IControlRecord<RequestHeader>
{
    public const int Length = 8;

    /// <summary>Of the whole message, in bytes.</summary>
    public uint MessageLength;

    /// <summary><see cref="ControlMessage.CurrentVersion"/>.</summary>
    public ushort Version;

    public ControlOperation Operation;

    public static int Size => Length;

    public static RequestHeader Read(ref LittleEndianReader reader) =>
        new() { MessageLength = reader.ReadUInt32(), Version = reader.ReadUInt16(), Operation = (ControlOperation)reader.ReadUInt16() };

    public readonly void Write(ref LittleEndianWriter writer)
    {
        writer.WriteUInt32(MessageLength);
        writer.WriteUInt16(Version);
        writer.WriteUInt16((ushort)Operation);
    }

    /// <summary>Reads a request's header and gives its body; what is refused here never reaches an operation.</summary>
    /// <param name="message">All that was written.</param>
    /// <param name="header">The header, as far as there is one.</param>
    /// <param name="body">What follows it; empty if the status is not <see cref="ControlStatus.Done"/>.</param>
    public static ControlStatus TryOpen(ReadOnlySpan<byte> message, out RequestHeader header, out ReadOnlySpan<byte> body)
    {
        body = default;
        LittleEndianReader reader = new(message);
        header = Read(ref reader);
        if (reader.Overrun || message.Length > ControlMessage.MaxLength || header.MessageLength != message.Length)
            return ControlStatus.Malformed;
        if (header.Version != ControlMessage.CurrentVersion)
            return ControlStatus.WrongVersion;
        body = message.Slice(Length);
        return ControlStatus.Done;
    }
}

/// <summary>The start of an answer.</summary>
public struct AnswerHeader : IControlRecord<AnswerHeader>
{
    public const int Length = 24;

    /// <summary>Of the whole message, in bytes.</summary>
    public uint MessageLength;

    /// <summary><see cref="ControlMessage.CurrentVersion"/>.</summary>
    public ushort Version;

    /// <summary>That of the request.</summary>
    public ControlOperation Operation;

    public ControlStatus Status;

    /// <summary>Records that follow.</summary>
    public uint Count;

    /// <summary>What the status has to add; 0 if it is <see cref="ControlStatus.Done"/>, or 1 if a list goes on after its last record.</summary>
    public ulong Detail;

    public static int Size => Length;

    public static AnswerHeader Read(ref LittleEndianReader reader) => new()
    {
        MessageLength = reader.ReadUInt32(),
        Version = reader.ReadUInt16(),
        Operation = (ControlOperation)reader.ReadUInt16(),
        Status = (ControlStatus)reader.ReadUInt32(),
        Count = reader.ReadUInt32(),
        Detail = reader.ReadUInt64(),
    };

    public readonly void Write(ref LittleEndianWriter writer)
    {
        writer.WriteUInt32(MessageLength);
        writer.WriteUInt16(Version);
        writer.WriteUInt16((ushort)Operation);
        writer.WriteUInt32((uint)Status);
        writer.WriteUInt32(Count);
        writer.WriteUInt64(Detail);
    }
}

/// <summary>Makes a request in a buffer: the operation, then the body, then <see cref="TryFinish"/>.</summary>
public ref struct RequestWriter
{
    private readonly Span<byte> _message;
    private readonly ControlOperation _operation;

    /// <summary>Where the body goes.</summary>
    public LittleEndianWriter Body;

    public RequestWriter(Span<byte> message, ControlOperation operation)
    {
        _message = message;
        _operation = operation;
        Body = new LittleEndianWriter(message);
        Body.Skip(RequestHeader.Length);
    }

    /// <param name="length">Of the message, in bytes.</param>
    /// <returns>False if it did not fit.</returns>
    public readonly bool TryFinish(out int length)
    {
        length = Body.Position;
        LittleEndianWriter writer = new(_message);
        new RequestHeader { MessageLength = (uint)length, Version = ControlMessage.CurrentVersion, Operation = _operation }.Write(ref writer);
        return !Body.Overrun;
    }
}

/// <summary>
/// Makes an answer in a buffer: a status alone (<see cref="Finish"/> at once), or records, as many as there is room for, with the remark that there are
/// more.
/// </summary>
public ref struct AnswerWriter
{
    private readonly Span<byte> _message;
    private readonly ControlOperation _operation;
    private uint _count;
    private bool _isFull;

    /// <summary>Where bytes that are no records go, behind the records.</summary>
    public LittleEndianWriter Body;

    /// <param name="message">Room for at least <see cref="AnswerHeader.Length"/> bytes.</param>
    /// <param name="operation">The request's.</param>
    public AnswerWriter(Span<byte> message, ControlOperation operation)
    {
        _message = message;
        _operation = operation;
        _count = 0;
        _isFull = false;
        Body = new LittleEndianWriter(message);
        Body.Skip(AnswerHeader.Length);
    }

    /// <returns>False if there is no room: the list ends here, and its reader asks for the rest.</returns>
    public bool TryAdd<T>(in T record)
        where T : struct, IControlRecord<T>
    {
        if (_isFull || T.Size > _message.Length - Body.Position)
        {
            _isFull = true;
            return false;
        }
        record.Write(ref Body);
        _count++;
        return true;
    }

    /// <returns>The length of the answer in bytes; of one that is not <see cref="ControlStatus.Done"/> without what was added.</returns>
    public readonly int Finish(ControlStatus status, ulong detail = 0)
    {
        bool isDone = status == ControlStatus.Done;
        int length = isDone ? Body.Position : AnswerHeader.Length;
        LittleEndianWriter writer = new(_message);
        new AnswerHeader
        {
            MessageLength = (uint)length,
            Version = ControlMessage.CurrentVersion,
            Operation = _operation,
            Status = status,
            Count = isDone ? _count : 0,
            Detail = isDone ? (_isFull ? 1ul : 0) : detail,
        }.Write(ref writer);
        return length;
    }
}

/// <summary>Reads an answer: its header, then records one after another, or bytes.</summary>
public ref struct AnswerReader
{
    public readonly AnswerHeader Header;

    /// <summary>What follows the header.</summary>
    public LittleEndianReader Body;

    private AnswerReader(AnswerHeader header, ReadOnlySpan<byte> body)
    {
        Header = header;
        Body = new LittleEndianReader(body);
    }

    /// <returns>False if it is no answer to this operation, or not as long as it says.</returns>
    public static bool TryOpen(ReadOnlySpan<byte> message, ControlOperation operation, out AnswerReader answer)
    {
        LittleEndianReader reader = new(message);
        AnswerHeader header = AnswerHeader.Read(ref reader);
        answer = default;
        if (reader.Overrun || header.MessageLength != message.Length || header.Version != ControlMessage.CurrentVersion || header.Operation != operation)
            return false;
        answer = new AnswerReader(header, message.Slice(AnswerHeader.Length));
        return true;
    }

    /// <summary>The next record.</summary>
    /// <returns>False if there are fewer bytes than it takes.</returns>
    public bool TryRead<T>(out T record)
        where T : struct, IControlRecord<T>
    {
        record = T.Read(ref Body);
        return !Body.Overrun;
    }
}
