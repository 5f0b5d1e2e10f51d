using System;

namespace HyperOS.Abi;

/// <summary>
/// Why a frame was dropped. Up to <see cref="NoDestination"/>: once a frame, where it came in. From <see cref="MacChanged"/> on: once a copy, at the port
/// for which it was meant.
/// </summary>
public enum DropReason : byte
{
    None,

    /// <summary>Shorter than its headers.</summary>
    Malformed,

    /// <summary>Longer than the link's frames, as a whole or in segments.</summary>
    TooLong,

    /// <summary>What it says of its checksum and segments does not fit its headers.</summary>
    BadOffload,

    /// <summary>Its source is a group or zero.</summary>
    BadSource,

    /// <summary>Its source is not the guest's address, and the policy rejects that.</summary>
    ForgedTransmit,

    /// <summary>It has a VLAN's tag at an access port.</summary>
    TaggedAtAccessPort,

    /// <summary>It has a tag behind its tag.</summary>
    DoubleTagged,

    /// <summary>It has a tag of another kind than a customer's.</summary>
    ForeignTag,

    /// <summary>Its VLAN is 4095, which none is.</summary>
    InvalidVlan,

    /// <summary>Its VLAN is not allowed on the trunk.</summary>
    VlanNotAllowed,

    /// <summary>Its destination is one that no bridge forwards.</summary>
    ReservedAddress,

    /// <summary>An uplink brought it back from where one of the switch's own ports had sent it.</summary>
    ReversePath,

    /// <summary>Its destination is where it came from.</summary>
    Hairpin,

    /// <summary>Nobody in its VLAN is to get it.</summary>
    NoDestination,

    /// <summary>The guest chose another address, and the policy rejects that.</summary>
    MacChanged,

    /// <summary>Above the port's rate.</summary>
    ReceiveLimit,

    /// <summary>The receiver had no buffer free.</summary>
    NoBuffer,

    /// <summary>No buffer of the receiver is long enough.</summary>
    BufferTooShort,

    /// <summary>The receiver's device is not running.</summary>
    NotReady,

    /// <summary>The receiver's own filters do not want it.</summary>
    Filtered,

    /// <summary>The receiver's machine ended in a fault.</summary>
    ReceiverFault,

    /// <summary>The sender's machine ended before the frame was copied.</summary>
    SenderFault,

    /// <summary>The port was disconnected or assigned to another group meanwhile.</summary>
    PortChanged,
}

/// <summary>About drop reasons.</summary>
public static class DropReasons
{
    public const int Count = (int)DropReason.PortChanged + 1;

    /// <summary>Whether the reason is counted where the frame was to go, not where it came from.</summary>
    public static bool IsAtReceiver(DropReason reason) => reason >= DropReason.MacChanged;

    /// <summary>For reports.</summary>
    public static ReadOnlySpan<byte> Describe(DropReason reason) => reason switch
    {
        DropReason.Malformed => "malformed"u8,
        DropReason.TooLong => "too long"u8,
        DropReason.BadOffload => "bad offload"u8,
        DropReason.BadSource => "bad source"u8,
        DropReason.ForgedTransmit => "forged transmit"u8,
        DropReason.TaggedAtAccessPort => "tagged at an access port"u8,
        DropReason.DoubleTagged => "double-tagged"u8,
        DropReason.ForeignTag => "foreign tag"u8,
        DropReason.InvalidVlan => "invalid VLAN"u8,
        DropReason.VlanNotAllowed => "VLAN not allowed"u8,
        DropReason.ReservedAddress => "reserved address"u8,
        DropReason.ReversePath => "reverse path"u8,
        DropReason.Hairpin => "hairpin"u8,
        DropReason.NoDestination => "no destination"u8,
        DropReason.MacChanged => "MAC changed"u8,
        DropReason.ReceiveLimit => "receive limit"u8,
        DropReason.NoBuffer => "no buffer"u8,
        DropReason.BufferTooShort => "buffer too short"u8,
        DropReason.NotReady => "not ready"u8,
        DropReason.Filtered => "filtered"u8,
        DropReason.ReceiverFault => "receiver fault"u8,
        DropReason.SenderFault => "sender fault"u8,
        DropReason.PortChanged => "port changed"u8,
        _ => "none"u8,
    };
}
