using System;
using HyperOS.Core;

namespace HyperOS.Abi;

/// <summary>A network device of a VM and where it is connected, as one message of fixed size; as <see cref="NetworkDefinition"/>.</summary>
public struct NicDefinition
{
    /// <summary>Length of the message in bytes.</summary>
    public const int Size = 0x40;

    public const uint CurrentVersion = 1;

    /// <summary>Most NICs of a VM.</summary>
    public const int MaxPerVm = 8;

    /// <summary>Length of this message in bytes: <see cref="Size"/>.</summary>
    public uint Length;

    /// <summary><see cref="CurrentVersion"/>.</summary>
    public uint Version;

    /// <summary>Index of the VM's definition.</summary>
    public uint Vm;

    /// <summary>Index of the port group, and with it the network.</summary>
    public uint PortGroup;

    private ulong _address;
    public DefinitionName Name;
    private uint _padding;

    /// <summary>A message with this version's length and number, and everything else zero.</summary>
    public static NicDefinition Empty => new() { Length = Size, Version = CurrentVersion };

    /// <summary>The NIC's.</summary>
    public MacAddress Address
    {
        readonly get => new(_address);
        set => _address = value.Value;
    }

    internal readonly bool IsPaddingZero => _padding == 0 && _address >> 48 == 0 && Name.IsPaddingZero;

    /// <summary>Copies a message field by field; nothing is checked but that it is long enough.</summary>
    /// <returns>False if fewer than <see cref="Size"/> bytes are given.</returns>
    public static bool TryRead(ReadOnlySpan<byte> message, out NicDefinition definition)
    {
        definition = default;
        LittleEndianReader reader = new(message);
        definition.Length = reader.ReadUInt32();
        definition.Version = reader.ReadUInt32();
        definition.Vm = reader.ReadUInt32();
        definition.PortGroup = reader.ReadUInt32();
        definition._address = reader.ReadUInt64();
        definition.Name = DefinitionName.Read(ref reader);
        definition._padding = reader.ReadUInt32();
        return !reader.Overrun;
    }

    /// <returns>False if there is room for fewer than <see cref="Size"/> bytes.</returns>
    public readonly bool TryWrite(Span<byte> message)
    {
        LittleEndianWriter writer = new(message);
        writer.WriteUInt32(Length);
        writer.WriteUInt32(Version);
        writer.WriteUInt32(Vm);
        writer.WriteUInt32(PortGroup);
        writer.WriteUInt64(_address);
        Name.Write(ref writer);
        writer.WriteUInt32(_padding);
        return !writer.Overrun;
    }
}
