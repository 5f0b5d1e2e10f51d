using System;
using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

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
[StructLayout(LayoutKind.Explicit, Size = Size)]
public struct PortGroupDefinition
{
    /// <summary>Length of the message in bytes.</summary>
    public const int Size = VlansOffset + VlanBits.Words * sizeof(ulong);

    public const uint CurrentVersion = 1;

    /// <summary>The highest number of a VLAN; 0 stands for the frames of none.</summary>
    public const ushort MaxVlan = 4094;

    /// <summary>100 Gbit/s.</summary>
    public const ulong MaxBytesPerSecond = 12_500_000_000;

    /// <summary>The shortest burst: an ordinary link's longest frame, in bytes.</summary>
    public const uint MinBurst = 1514;

    /// <summary>1 GiB.</summary>
    public const uint MaxBurst = 1u << 30;

    private const int LengthOffset = 0x00;
    private const int VersionOffset = 0x04;
    private const int NetworkOffset = 0x08;
    private const int VlanOffset = 0x0C;
    private const int ModeOffset = 0x0E;
    private const int PoliciesOffset = 0x0F;
    private const int TransmitRateOffset = 0x10;
    private const int ReceiveRateOffset = 0x18;
    private const int TransmitBurstOffset = 0x20;
    private const int ReceiveBurstOffset = 0x24;
    private const int NameOffset = 0x28;
    private const int PaddingOffset = NameOffset + DefinitionName.Size;
    private const int VlansOffset = 0x50;

    /// <summary>Length of this message in bytes: <see cref="Size"/>.</summary>
    [FieldOffset(LengthOffset)] public uint Length;

    /// <summary><see cref="CurrentVersion"/>.</summary>
    [FieldOffset(VersionOffset)] public uint Version;

    /// <summary>Index of the network to which the group belongs.</summary>
    [FieldOffset(NetworkOffset)] public uint Network;

    /// <summary>0 to <see cref="MaxVlan"/>; of a trunk the native one.</summary>
    [FieldOffset(VlanOffset)] public ushort Vlan;

    [FieldOffset(ModeOffset)] public PortGroupMode Mode;
    [FieldOffset(PoliciesOffset)] public PortGroupPolicies Policies;

    /// <summary>From each guest into the network, on the average, in bytes; 0: as much as there is.</summary>
    [FieldOffset(TransmitRateOffset)] public ulong TransmitBytesPerSecond;

    /// <summary>From the network to each guest, on the average, in bytes; 0: as much as there is.</summary>
    [FieldOffset(ReceiveRateOffset)] public ulong ReceiveBytesPerSecond;

    /// <summary>What may pass at once after a pause, in bytes; 0 where there is no limit.</summary>
    [FieldOffset(TransmitBurstOffset)] public uint TransmitBurst;

    /// <summary>As <see cref="TransmitBurst"/>.</summary>
    [FieldOffset(ReceiveBurstOffset)] public uint ReceiveBurst;

    [FieldOffset(NameOffset)] public DefinitionName Name;

    [FieldOffset(PaddingOffset)] private uint _padding;
    [FieldOffset(VlansOffset)] private VlanBits _vlans;

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
        if (message.Length < Size)
            return false;
        definition.Length = BinaryPrimitives.ReadUInt32LittleEndian(message.Slice(LengthOffset));
        definition.Version = BinaryPrimitives.ReadUInt32LittleEndian(message.Slice(VersionOffset));
        definition.Network = BinaryPrimitives.ReadUInt32LittleEndian(message.Slice(NetworkOffset));
        definition.Vlan = BinaryPrimitives.ReadUInt16LittleEndian(message.Slice(VlanOffset));
        definition.Mode = (PortGroupMode)message[ModeOffset];
        definition.Policies = (PortGroupPolicies)message[PoliciesOffset];
        definition.TransmitBytesPerSecond = BinaryPrimitives.ReadUInt64LittleEndian(message.Slice(TransmitRateOffset));
        definition.ReceiveBytesPerSecond = BinaryPrimitives.ReadUInt64LittleEndian(message.Slice(ReceiveRateOffset));
        definition.TransmitBurst = BinaryPrimitives.ReadUInt32LittleEndian(message.Slice(TransmitBurstOffset));
        definition.ReceiveBurst = BinaryPrimitives.ReadUInt32LittleEndian(message.Slice(ReceiveBurstOffset));
        definition.Name = DefinitionName.Read(message.Slice(NameOffset));
        definition._padding = BinaryPrimitives.ReadUInt32LittleEndian(message.Slice(PaddingOffset));
        Span<ulong> vlans = definition._vlans;
        for (int i = 0; i < vlans.Length; i++)
            vlans[i] = BinaryPrimitives.ReadUInt64LittleEndian(message.Slice(VlansOffset + i * sizeof(ulong)));
        return true;
    }

    /// <returns>False if there is room for fewer than <see cref="Size"/> bytes.</returns>
    public readonly bool TryWrite(Span<byte> message)
    {
        if (message.Length < Size)
            return false;
        BinaryPrimitives.WriteUInt32LittleEndian(message.Slice(LengthOffset), Length);
        BinaryPrimitives.WriteUInt32LittleEndian(message.Slice(VersionOffset), Version);
        BinaryPrimitives.WriteUInt32LittleEndian(message.Slice(NetworkOffset), Network);
        BinaryPrimitives.WriteUInt16LittleEndian(message.Slice(VlanOffset), Vlan);
        message[ModeOffset] = (byte)Mode;
        message[PoliciesOffset] = (byte)Policies;
        BinaryPrimitives.WriteUInt64LittleEndian(message.Slice(TransmitRateOffset), TransmitBytesPerSecond);
        BinaryPrimitives.WriteUInt64LittleEndian(message.Slice(ReceiveRateOffset), ReceiveBytesPerSecond);
        BinaryPrimitives.WriteUInt32LittleEndian(message.Slice(TransmitBurstOffset), TransmitBurst);
        BinaryPrimitives.WriteUInt32LittleEndian(message.Slice(ReceiveBurstOffset), ReceiveBurst);
        Name.Write(message.Slice(NameOffset));
        BinaryPrimitives.WriteUInt32LittleEndian(message.Slice(PaddingOffset), _padding);
        ReadOnlySpan<ulong> vlans = _vlans;
        for (int i = 0; i < vlans.Length; i++)
            BinaryPrimitives.WriteUInt64LittleEndian(message.Slice(VlansOffset + i * sizeof(ulong)), vlans[i]);
        return true;
    }

    [InlineArray(Words)]
    private struct VlanBits
    {
        public const int Words = 4096 / 64;

        private ulong _first;
    }
}
