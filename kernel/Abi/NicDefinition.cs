using System;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using HyperOS.Core;

namespace HyperOS.Abi;

/// <summary>A network device of a VM and where it is connected, as one message of fixed size; as <see cref="NetworkDefinition"/>.</summary>
[StructLayout(LayoutKind.Explicit, Size = Size)]
public struct NicDefinition
{
    /// <summary>Length of the message in bytes.</summary>
    public const int Size = 0x40;

    public const uint CurrentVersion = 1;

    /// <summary>Most NICs of a VM.</summary>
    public const int MaxPerVm = 8;

    private const int LengthOffset = 0x00;
    private const int VersionOffset = 0x04;
    private const int VmOffset = 0x08;
    private const int PortGroupOffset = 0x0C;
    private const int AddressOffset = 0x10;
    private const int NameOffset = 0x18;
    private const int PaddingOffset = NameOffset + DefinitionName.Size;

    /// <summary>Length of this message in bytes: <see cref="Size"/>.</summary>
    [FieldOffset(LengthOffset)] public uint Length;

    /// <summary><see cref="CurrentVersion"/>.</summary>
    [FieldOffset(VersionOffset)] public uint Version;

    /// <summary>Index of the VM's definition.</summary>
    [FieldOffset(VmOffset)] public uint Vm;

    /// <summary>Index of the port group, and with it the network.</summary>
    [FieldOffset(PortGroupOffset)] public uint PortGroup;

    [FieldOffset(AddressOffset)] private ulong _address;
    [FieldOffset(NameOffset)] public DefinitionName Name;
    [FieldOffset(PaddingOffset)] private uint _padding;

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
        if (message.Length < Size)
            return false;
        definition.Length = BinaryPrimitives.ReadUInt32LittleEndian(message.Slice(LengthOffset));
        definition.Version = BinaryPrimitives.ReadUInt32LittleEndian(message.Slice(VersionOffset));
        definition.Vm = BinaryPrimitives.ReadUInt32LittleEndian(message.Slice(VmOffset));
        definition.PortGroup = BinaryPrimitives.ReadUInt32LittleEndian(message.Slice(PortGroupOffset));
        definition._address = BinaryPrimitives.ReadUInt64LittleEndian(message.Slice(AddressOffset));
        definition.Name = DefinitionName.Read(message.Slice(NameOffset));
        definition._padding = BinaryPrimitives.ReadUInt32LittleEndian(message.Slice(PaddingOffset));
        return true;
    }

    /// <returns>False if there is room for fewer than <see cref="Size"/> bytes.</returns>
    public readonly bool TryWrite(Span<byte> message)
    {
        if (message.Length < Size)
            return false;
        BinaryPrimitives.WriteUInt32LittleEndian(message.Slice(LengthOffset), Length);
        BinaryPrimitives.WriteUInt32LittleEndian(message.Slice(VersionOffset), Version);
        BinaryPrimitives.WriteUInt32LittleEndian(message.Slice(VmOffset), Vm);
        BinaryPrimitives.WriteUInt32LittleEndian(message.Slice(PortGroupOffset), PortGroup);
        BinaryPrimitives.WriteUInt64LittleEndian(message.Slice(AddressOffset), _address);
        Name.Write(message.Slice(NameOffset));
        BinaryPrimitives.WriteUInt32LittleEndian(message.Slice(PaddingOffset), _padding);
        return true;
    }
}
