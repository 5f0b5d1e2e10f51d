using HyperOS.Abi;
using HyperOS.Core;
using HyperOS.Specs.Net;

namespace HyperOS.Switching;

/// <summary>What a lane knows of a frame, from bytes that nobody else can change. All lengths and offsets are of the frame without tag.</summary>
internal struct LaneFrame
{
    /// <summary>What is wrong with the frame by itself.</summary>
    public DropReason Fault;

    public MacAddress Destination;
    public MacAddress Source;
    public FrameOffload Offload;

    /// <summary>Has a customer's tag, with <see cref="ControlInformation"/>.</summary>
    public bool IsTagged;
    public ushort ControlInformation;

    /// <summary>In bytes.</summary>
    public int Length;

    /// <summary>Bytes that the lane has copied.</summary>
    public int HeadLength;

    /// <summary>Where the sender's frame goes on behind the head.</summary>
    public int BodyOffset;

    /// <summary>What counts for rates: with the headers of all segments.</summary>
    public int LinkLength;

    /// <summary>Set by the decision.</summary>
    public ushort Vlan;

    /// <summary>From and to the same addresses in the same VLAN as another, neither of them wrong by itself: the same is decided of both.</summary>
    public readonly bool IsLike(ref readonly LaneFrame other) => Fault == DropReason.None && other.Fault == DropReason.None
        && Destination.Value == other.Destination.Value && Source.Value == other.Source.Value
        && IsTagged == other.IsTagged && ControlInformation == other.ControlInformation;

    /// <summary>The tag with which the frame leaves a trunk.</summary>
    public readonly int Tag => Vlan | ControlInformation & VlanTag.PriorityMask;
}
