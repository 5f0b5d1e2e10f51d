using System;
using HyperOS.Specs.Net;

namespace HyperOS.Switching;

/// <summary>A set of VLANs, 0 to 4094; 0 stands for the frames of no VLAN.</summary>
public sealed class VlanSet
{
    private readonly ulong[] _bits = new ulong[(VlanTag.IdentifierMask + 1) / 64];

    /// <summary>Adds a VLAN; numbers above 4094 are no VLANs and are left out.</summary>
    public VlanSet Add(uint vlan)
    {
        if (vlan <= VlanTag.MaxIdentifier)
            _bits[(int)(vlan / 64)] |= 1ul << (int)(vlan % 64);
        return this;
    }

    /// <summary>Adds all from <paramref name="first"/> to <paramref name="last"/>.</summary>
    public VlanSet AddRange(uint first, uint last)
    {
        last = Math.Min(last, VlanTag.MaxIdentifier);
        for (uint vlan = first; vlan <= last; vlan++)
            Add(vlan);
        return this;
    }

    public bool Contains(uint vlan) => vlan <= VlanTag.MaxIdentifier && (_bits[(int)(vlan / 64)] >> (int)(vlan % 64) & 1) != 0;
}
