using System;
using System.Runtime.CompilerServices;
using HyperOS.Core;

namespace HyperOS.Abi.Control;

/// <summary>A network of the host.</summary>
public struct NetworkRecord : IControlRecord<NetworkRecord>
{
    public ulong Id;

    /// <summary>Ports that are connected to it now, uplinks among them.</summary>
    public uint Ports;

    public NetworkDefinition Definition;

    public static int Size => 12 + NetworkDefinition.Size;

    public static NetworkRecord Read(ref LittleEndianReader reader)
    {
        NetworkRecord network = new() { Id = reader.ReadUInt64(), Ports = reader.ReadUInt32() };
        network.Definition = Definitions.ReadNetwork(ref reader);
        return network;
    }

    public readonly void Write(ref LittleEndianWriter writer)
    {
        writer.WriteUInt64(Id);
        writer.WriteUInt32(Ports);
        Definitions.Write(ref writer, in Definition);
    }
}

/// <summary>A port group of the host.</summary>
public struct PortGroupRecord : IControlRecord<PortGroupRecord>
{
    public ulong Id;
    public ulong Network;

    /// <summary>VMs' NICs that refer to it, whether they run or not.</summary>
    public uint Users;

    /// <summary>Its <see cref="PortGroupDefinition.Network"/> is 0.</summary>
    public PortGroupDefinition Definition;

    public static int Size => 20 + PortGroupDefinition.Size;

    public static PortGroupRecord Read(ref LittleEndianReader reader)
    {
        PortGroupRecord group = new() { Id = reader.ReadUInt64(), Network = reader.ReadUInt64(), Users = reader.ReadUInt32() };
        group.Definition = Definitions.ReadPortGroup(ref reader);
        return group;
    }

    public readonly void Write(ref LittleEndianWriter writer)
    {
        writer.WriteUInt64(Id);
        writer.WriteUInt64(Network);
        writer.WriteUInt32(Users);
        Definitions.Write(ref writer, in Definition);
    }
}

/// <summary>What is connected to a port.</summary>
public enum PortKind : byte
{
    None = 0,

    /// <summary>A VM's NIC.</summary>
    Vm = 1,

    /// <summary>A network card of the host.</summary>
    Uplink = 2,

    /// <summary>The management process.</summary>
    Management = 3,
}

/// <summary>A port of a network with its counters, which count from when it was connected. Their sums: see the switch's counters in docs/switching.md.</summary>
public struct PortRecord : IControlRecord<PortRecord>
{
    public ulong Id;
    public ulong Network;

    /// <summary>0 for an uplink.</summary>
    public ulong PortGroup;

    /// <summary>0 where no VM's NIC is connected.</summary>
    public ulong Vm;

    private ulong _address;

    /// <summary>Frames from the port's device.</summary>
    public ulong Received;
    public ulong ReceivedBytes;

    /// <summary>Of the received ones, those that had a destination.</summary>
    public ulong Forwarded;

    /// <summary>Frames for the port's device.</summary>
    public ulong Offered;

    /// <summary>Of the offered ones, those that it took.</summary>
    public ulong Delivered;
    public ulong DeliveredBytes;
    public PortKind Kind;

    /// <summary>What is connected can send and receive.</summary>
    public bool IsUp;

    /// <summary>Of the VM's NIC, or as in nic0.</summary>
    public DefinitionName Name;

    private DropCounts _drops;

    public static int Size => 92 + DefinitionName.Size + DropReasons.Count * sizeof(ulong);

    /// <summary>That of what is connected.</summary>
    public MacAddress Address
    {
        readonly get => new(_address);
        set => _address = value.Value;
    }

    /// <summary>Frames dropped for a reason.</summary>
    public readonly ulong Drops(DropReason reason) => (int)reason < DropReasons.Count ? ((ReadOnlySpan<ulong>)_drops)[(int)reason] : 0;

    public void SetDrops(DropReason reason, ulong frames)
    {
        if ((int)reason < DropReasons.Count)
            ((Span<ulong>)_drops)[(int)reason] = frames;
    }

    public static PortRecord Read(ref LittleEndianReader reader)
    {
        PortRecord port = new()
        {
            Id = reader.ReadUInt64(),
            Network = reader.ReadUInt64(),
            PortGroup = reader.ReadUInt64(),
            Vm = reader.ReadUInt64(),
            _address = reader.ReadUInt64(),
            Received = reader.ReadUInt64(),
            ReceivedBytes = reader.ReadUInt64(),
            Forwarded = reader.ReadUInt64(),
            Offered = reader.ReadUInt64(),
            Delivered = reader.ReadUInt64(),
            DeliveredBytes = reader.ReadUInt64(),
            Kind = (PortKind)reader.ReadByte(),
            IsUp = reader.ReadByte() != 0,
        };
        reader.Skip(2);
        port.Name = DefinitionName.Read(ref reader);
        Span<ulong> drops = port._drops;
        for (int i = 0; i < drops.Length; i++)
            drops[i] = reader.ReadUInt64();
        return port;
    }

    public readonly void Write(ref LittleEndianWriter writer)
    {
        writer.WriteUInt64(Id);
        writer.WriteUInt64(Network);
        writer.WriteUInt64(PortGroup);
        writer.WriteUInt64(Vm);
        writer.WriteUInt64(_address);
        writer.WriteUInt64(Received);
        writer.WriteUInt64(ReceivedBytes);
        writer.WriteUInt64(Forwarded);
        writer.WriteUInt64(Offered);
        writer.WriteUInt64(Delivered);
        writer.WriteUInt64(DeliveredBytes);
        writer.WriteByte((byte)Kind);
        writer.WriteByte(IsUp ? (byte)1 : (byte)0);
        writer.WriteUInt16(0);
        Name.Write(ref writer);
        ReadOnlySpan<ulong> drops = _drops;
        for (int i = 0; i < drops.Length; i++)
            writer.WriteUInt64(drops[i]);
    }

    [InlineArray(DropReasons.Count)]
    private struct DropCounts
    {
        private ulong _first;
    }
}
