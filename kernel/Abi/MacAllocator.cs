using System;
using HyperOS.Core;

namespace HyperOS.Abi;

/// <summary>
/// Chooses addresses for NICs that were given none: from the names of VM and NIC alone, so that they stay the same from build to build and start to
/// start. They are locally administered, so none is a vendor's.
/// </summary>
public static class MacAllocator
{
    // FNV-1a, 64 bits.
    private const ulong OffsetBasis = 0xCBF2_9CE4_8422_2325;
    private const ulong Prime = 0x0000_0100_0000_01B3;

    private const ulong LocalBit = 1ul << 41;
    private const ulong GroupBit = 1ul << 40;

    /// <param name="vm">The VM's name.</param>
    /// <param name="nic">The NIC's name, unique in its VM.</param>
    /// <param name="taken">Addresses that others have. Where one is that of the names, the next choice is taken, and so on.</param>
    public static MacAddress Choose(ReadOnlySpan<byte> vm, ReadOnlySpan<byte> nic, ReadOnlySpan<MacAddress> taken)
    {
        for (uint choice = 0; ; choice++)
        {
            MacAddress address = Choice(vm, nic, choice);
            if (!Contains(taken, address))
                return address;
        }
    }

    /// <summary>An address of the names.</summary>
    /// <param name="vm">The VM's name.</param>
    /// <param name="nic">The NIC's name.</param>
    /// <param name="choice">From 0 on.</param>
    public static MacAddress Choice(ReadOnlySpan<byte> vm, ReadOnlySpan<byte> nic, uint choice)
    {
        unchecked
        {
            // No name has a '/', so different pairs of names are different texts.
            ulong hash = (Hash((Hash(OffsetBasis, vm) ^ '/') * Prime, nic) ^ choice) * Prime;
            hash ^= hash >> 32;
            hash *= Prime;
            return new MacAddress((hash >> 16 | LocalBit) & ~GroupBit);
        }
    }

    private static ulong Hash(ulong hash, ReadOnlySpan<byte> bytes)
    {
        foreach (byte value in bytes)
            hash = unchecked((hash ^ value) * Prime);
        return hash;
    }

    private static bool Contains(ReadOnlySpan<MacAddress> addresses, MacAddress address)
    {
        foreach (MacAddress other in addresses)
        {
            if (other.Value == address.Value)
                return true;
        }
        return false;
    }
}
