using HyperOS.Core;
using HyperOS.Switching;

namespace HyperOS.Virtualization;

/// <summary>What there is of a machine's NIC whether the machine runs or not. Made at start-up and never freed.</summary>
internal sealed class NicSlot
{
    public readonly NetworkSwitch Network;
    public readonly PortGroup Group;
    public readonly MacAddress Address;

    /// <summary>The machine's next NIC.</summary>
    public readonly NicSlot? Next;

    /// <summary>Where it is connected; null while the machine does not run. The manager's thread.</summary>
    public SwitchPort? Port;

    public NicSlot(NetworkSwitch network, PortGroup group, MacAddress address, NicSlot? next)
    {
        Network = network;
        Group = group;
        Address = address;
        Next = next;
    }

    /// <summary>Takes it off its switch: its queues are not served any more. Senders may be delivering to it until every processor was quiescent.</summary>
    public void Disconnect()
    {
        if (Port is not null)
            Network.Switch.Disconnect(Port);
        Port = null;
    }
}
