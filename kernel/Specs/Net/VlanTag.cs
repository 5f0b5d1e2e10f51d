namespace HyperOS.Specs.Net;

/// <summary>The four bytes between addresses and EtherType of a tagged frame: IEEE 802.1Q, section "VLAN Tag Control Information".</summary>
public static class VlanTag
{
    /// <summary>In bytes: TPID and TCI.</summary>
    public const int Length = 4;

    /// <summary>The TCI's offset in a tagged frame, in bytes.</summary>
    public const int ControlInformation = 14;

    /// <summary>VID in the TCI.</summary>
    public const ushort IdentifierMask = 0x0FFF;

    /// <summary>PCP and DEI in the TCI.</summary>
    public const ushort PriorityMask = 0xF000;

    /// <summary>VID of a frame that has a priority but belongs to no VLAN by its tag.</summary>
    public const ushort PriorityOnly = 0;

    /// <summary>The highest VID of a VLAN.</summary>
    public const ushort MaxIdentifier = 4094;
}
