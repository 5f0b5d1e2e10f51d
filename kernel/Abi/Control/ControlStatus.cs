using System;

namespace HyperOS.Abi.Control;

/// <summary>What became of a request. <see cref="AnswerHeader.Detail"/> says more where it is named here.</summary>
public enum ControlStatus : uint
{
    Done = 0,

    /// <summary>The message is cut off, longer than it says, or its numbers contradict each other.</summary>
    Malformed = 1,

    /// <summary>Of another version than <see cref="ControlMessage.CurrentVersion"/>; the detail is the kernel's.</summary>
    WrongVersion = 2,
    UnknownOperation = 3,

    /// <summary>No such VM, image, network, port group or volume; the detail is the identity asked for.</summary>
    NotFound = 4,

    /// <summary>The definition is refused; the detail holds <see cref="VmDefinitionErrors"/>.</summary>
    BadVm = 5,

    /// <summary>The detail holds <see cref="NetworkErrors"/> and from bit 32 on the index of the NIC; for networks and port groups the errors alone.</summary>
    BadNetwork = 6,

    /// <summary>The detail holds <see cref="DiskErrors"/> and from bit 32 on the index of the disk.</summary>
    BadDisk = 7,

    /// <summary>The VM cannot do that now; the detail is a <see cref="VmOperationStatus"/>.</summary>
    Refused = 8,

    /// <summary>Something refers to it, or it runs.</summary>
    InUse = 9,

    /// <summary>Another has the name.</summary>
    NameTaken = 10,

    /// <summary>The name is empty or has characters that are not allowed.</summary>
    BadName = 11,

    /// <summary>Memory is short; the detail is how many bytes are free.</summary>
    NoMemory = 12,

    /// <summary>The disk is full; the detail is how many bytes are free.</summary>
    NoSpace = 13,

    /// <summary>There are as many as there can be; the detail is how many.</summary>
    TooMany = 14,

    /// <summary>The image's length is another than the offset says; the detail is its length.</summary>
    WrongOffset = 15,

    /// <summary>The image's contents do not have that SHA-256, or are not complete.</summary>
    WrongHash = 16,

    /// <summary>The image is sealed, or is not yet.</summary>
    WrongState = 17,

    /// <summary>There is no disk to keep it on.</summary>
    NoStorage = 18,

    /// <summary>A disk failed.</summary>
    InputOutput = 19,

    /// <summary>The size is 0 or beyond what there can be; the detail is the most.</summary>
    BadSize = 20,
}

/// <summary>Statuses in words.</summary>
public static class ControlStatuses
{
    /// <summary>For logs and reports; empty for what was done.</summary>
    public static ReadOnlySpan<byte> Describe(ControlStatus status) => status switch
    {
        ControlStatus.Done => default,
        ControlStatus.Malformed => "the message is malformed"u8,
        ControlStatus.WrongVersion => "the message is of another version"u8,
        ControlStatus.UnknownOperation => "the operation is unknown"u8,
        ControlStatus.NotFound => "there is no such thing"u8,
        ControlStatus.BadVm => "the VM's definition breaks a rule"u8,
        ControlStatus.BadNetwork => "a network's definition breaks a rule"u8,
        ControlStatus.BadDisk => "a disk's definition breaks a rule"u8,
        ControlStatus.Refused => "it cannot be done now"u8,
        ControlStatus.InUse => "it is in use"u8,
        ControlStatus.NameTaken => "another has the name"u8,
        ControlStatus.BadName => "the name is not allowed"u8,
        ControlStatus.NoMemory => "memory is short"u8,
        ControlStatus.NoSpace => "the disk is full"u8,
        ControlStatus.TooMany => "there are too many"u8,
        ControlStatus.WrongOffset => "the image has another length"u8,
        ControlStatus.WrongHash => "the contents do not have that hash"u8,
        ControlStatus.WrongState => "the image is sealed, or is not yet"u8,
        ControlStatus.NoStorage => "there is no disk to keep it on"u8,
        ControlStatus.InputOutput => "a disk failed"u8,
        ControlStatus.BadSize => "the size is not possible"u8,
        _ => "the status is unknown"u8,
    };
}
