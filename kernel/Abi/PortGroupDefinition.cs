using System;
using System.Runtime.CompilerServices;
using HyperOS.Core;

namespace HyperOS.Abi;

/// <summary>How frames at the ports of a group tell their VLAN.</summary>
public enum PortGroupMode : byte
{
    /// <summary>They do not: all are of the group's VLAN.</summary>
    Access = 1,

    /// <summary>By tags; those without are of the group's VLAN, the native one.</summary>
    Trunk = 2,
}

/// <summary>What the ports of a group accept; what is not accepted is rejected.</summary>
[Flags]
public enum PortGroupPolicies : byte
{
    None = 0,

    /// <summary>Guests that hear all frames of their VLANs.</summary>
    Promiscuous = 1 << 0,

    /// <summary>Guests that give their NICs other addresses.</summary>
    MacChanges = 1 << 1,

    /// <summary>Frames whose source is not the NIC's address.</summary>
    ForgedTransmits = 1 << 2,
}

/// <summary>What ports of a network have in common, as one message of fixed size; as <see cref="NetworkDefinition"/>.</summary>
public struct PortGroupDefinition
{
    /// <summary>Length of the message in bytes.</summary>
    public const int Size = 0x50 + VlanBits.Words * sizeof(ulong);

    public const uint CurrentVersion = 1;

    /// <summary>The highest number of a VLAN; 0 stands for the frames of none.</summary>
    public const ushort MaxVlan = 4094;

    /// <summary>100 Gbit/s.</summary>
    public const ulong MaxBytesPerSecond = 12_500_000_000;

    /// <summary>The shortest burst: an ordinary link's longest frame, in bytes.</summary>
    public const uint MinBurst = 1514;

    /// <summary>1 GiB.</summary>
    public const uint MaxBurst = 1u << 30;

    /// <summary>Length of this message in bytes: <see cref="Size"/>.</summary>
    public uint Length;

    /// <summary><see cref="CurrentVersion"/>.</summary>
    public uint Version;

    /// <summary>Index of the network to which the group belongs.</summary>
    public uint Network;

    /// <summary>0 to <see cref="MaxVlan"/>; of a trunk the native one.</summary>
    public ushort Vlan;

    public PortGroupMode Mode;
    public PortGroupPolicies Policies;

    /// <summary>From each guest into the network, on the average, in bytes; 0: as much as there is.</summary>
    public ulong TransmitBytesPerSecond;

    /// <summary>From the network to each guest, on the average, in bytes; 0: as much as there is.</summary>
    public ulong ReceiveBytesPerSecond;

    /// <summary>What may pass at once after a pause, in bytes; 0 where there is no limit.</summary>
    public uint TransmitBurst;

    /// <summary>As <see cref="TransmitBurst"/>.</summary>
    public uint ReceiveBurst;

    public DefinitionName Name;

    private uint _padding;
    private VlanBits _vlans;

    /// <summary>A message with this version's length and number, of access ports, and everything else zero.</summary>
    public static PortGroupDefinition Empty => new() { Length = Size, Version = CurrentVersion, Mode = PortGroupMode.Access };

    internal readonly bool IsPaddingZero => _padding == 0 && Name.IsPaddingZero;

    /// <summary>Whether there are VLANs among those of the trunk at all, and none where none can be.</summary>
    internal readonly bool HasVlans
    {
        get
        {
            ulong any = 0;
            foreach (ulong word in (ReadOnlySpan<ulong>)_vlans)
                any |= word;
            return any != 0;
        }
    }

    /// <summary>The VLAN is one of the trunk's.</summary>
    /// <param name="vlan">Any number; the message has bits up to 4095, which is no VLAN.</param>
    public readonly bool HasVlan(uint vlan) => vlan / 64 < VlanBits.Words && (((ReadOnlySpan<ulong>)_vlans)[(int)(vlan / 64)] >> (int)(vlan % 64) & 1) != 0;

    /// <summary>Makes a VLAN one of the trunk's; numbers above 4095 have no place and are left out.</summary>
    public void AddVlan(uint vlan)
    {
        if (vlan / 64 < VlanBits.Words)
            ((Span<ulong>)_vlans)[(int)(vlan / 64)] |= 1ul << (int)(vlan % 64);
    }

    /// <summary>Copies a message field by field; nothing is checked but that it is long enough.</summary>
    /// <returns>False if fewer than <see cref="Size"/> bytes are given.</returns>
    public static bool TryRead(ReadOnlySpan<byte> message, out PortGroupDefinition definition)
    {
        definition = default;
        LittleEndianReader reader = new(message);
        definition.Length = reader.ReadUInt32();
        definition.Version = reader.ReadUInt32();
        definition.Network = reader.ReadUInt32();
        definition.Vlan = reader.ReadUInt16();
        definition.Mode = (PortGroupMode)reader.ReadByte();
        definition.Policies = (PortGroupPolicies)reader.ReadByte();
        definition.TransmitBytesPerSecond = reader.ReadUInt64();
        definition.ReceiveBytesPerSecond = reader.ReadUInt64();
        definition.TransmitBurst = reader.ReadUInt32();
        definition.ReceiveBurst = reader.ReadUInt32();
        definition.Name = DefinitionName.Read(ref reader);
        definition._padding = reader.ReadUInt32();
        Span<ulong> vlans = definition._vlans;
        for (int i = 0; i < vlans.Length; i++)
            vlans[i] = reader.ReadUInt64();
        return !reader.Overrun;
    }

    /// <returns>False if there is room for fewer than <see cref="Size"/> bytes.</returns>
    public readonly bool TryWrite(Span<byte> message)
    {
        LittleEndianWriter writer = new(message);
        writer.WriteUInt32(Length);
        writer.WriteUInt32(Version);
        writer.WriteUInt32(Network);
        writer.WriteUInt16(Vlan);
        writer.WriteByte((byte)Mode);
        writer.WriteByte((byte)Policies);
        writer.WriteUInt64(TransmitBytesPerSecond);
        writer.WriteUInt64(ReceiveBytesPerSecond);
        writer.WriteUInt32(TransmitBurst);
        writer.WriteUInt32(ReceiveBurst);
        Name.Write(ref writer);
        writer.WriteUInt32(_padding);
        ReadOnlySpan<ulong> vlans = _vlans;
        foreach (ref readonly ulong word in vlans)
            writer.WriteUInt64(word);
        return !writer.Overrun;
    }

    [InlineArray(Words)]
    private struct VlanBits
    {
        public const int Words = 4096 / 64;

        private ulong _first;
    }
}
