using HyperOS.Abi;

namespace HyperOS.Switching;

/// <summary>What the ports of a group have in common. It does not change: a group that is edited is another one, which its ports are assigned to.</summary>
public sealed class PortGroup
{
    /// <summary>
    /// True: frames come and go with the tags of their VLANs, but for those of <see cref="Vlan"/>. False: without tags, all of <see cref="Vlan"/>.
    /// </summary>
    public bool IsTrunk { get; init; }

    /// <summary>0 to 4094; of a trunk, the native VLAN. 0 stands for the frames of no VLAN.</summary>
    public ushort Vlan { get; init; }

    /// <summary>The VLANs of a trunk, the native one among them if it is to pass; null: none.</summary>
    public VlanSet? Allowed { get; init; }

    /// <summary>A guest that asks for it hears all frames of the port's VLANs. Else its asking has no effect.</summary>
    public bool AcceptsPromiscuous { get; init; }

    /// <summary>
    /// The guest's address is the one that it chose. Else a guest that chose another than the one it was given hears nothing until it has the given one
    /// again, and what it sends is judged by the given one.
    /// </summary>
    public bool AcceptsMacChanges { get; init; }

    /// <summary>
    /// Frames may have any source. Then others are behind the port, so their addresses are learned, and frames for unknown addresses flood to it.
    /// Else frames whose source is not the guest's address are dropped.
    /// </summary>
    public bool AcceptsForgedTransmits { get; init; }

    /// <summary>From the device into the switch: what is above it stays in the device's queue.</summary>
    public RateLimit Transmit { get; init; }

    /// <summary>From the switch to the device: what is above it is dropped.</summary>
    public RateLimit Receive { get; init; }

    /// <summary>All VLANs with tags, all other frames without: the group of uplinks.</summary>
    public static PortGroup Uplink() => new()
    {
        IsTrunk = true, Allowed = new VlanSet().AddRange(0, ushort.MaxValue), AcceptsForgedTransmits = true, AcceptsMacChanges = true,
    };

    /// <summary>The group of a definition that the validator has passed.</summary>
    public static PortGroup From(in PortGroupDefinition definition)
    {
        bool isTrunk = definition.Mode == PortGroupMode.Trunk;
        VlanSet allowed = new();
        for (uint vlan = 0; isTrunk && vlan <= PortGroupDefinition.MaxVlan; vlan++)
        {
            if (definition.HasVlan(vlan))
                allowed.Add(vlan);
        }
        return new PortGroup
        {
            IsTrunk = isTrunk,
            Vlan = definition.Vlan,
            Allowed = allowed,
            AcceptsPromiscuous = (definition.Policies & PortGroupPolicies.Promiscuous) != 0,
            AcceptsMacChanges = (definition.Policies & PortGroupPolicies.MacChanges) != 0,
            AcceptsForgedTransmits = (definition.Policies & PortGroupPolicies.ForgedTransmits) != 0,
            Transmit = new RateLimit(definition.TransmitBytesPerSecond, definition.TransmitBurst),
            Receive = new RateLimit(definition.ReceiveBytesPerSecond, definition.ReceiveBurst),
        };
    }

    /// <summary>
    /// Whether frames of a VLAN come to the port. A trunk with a native VLAN has no place for those of none: they would arrive as the native VLAN's.
    /// </summary>
    public bool IsMember(ushort vlan) => IsTrunk ? (vlan != 0 || Vlan == 0) && Allowed is not null && Allowed.Contains(vlan) : vlan == Vlan;

    /// <summary>Whether frames of a VLAN, of which the group is a member, have its tag at the port.</summary>
    public bool IsTagged(ushort vlan) => IsTrunk && vlan != Vlan;
}
