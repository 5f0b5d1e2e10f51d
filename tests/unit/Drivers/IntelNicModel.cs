using System.Buffers.Binary;
using HyperOS.Core;
using HyperOS.Ethernet;
using HyperOS.Specs.IntelEthernet;

namespace HyperOS.Tests.Unit.Drivers;

/// <summary>Registers and rings of Intel's cards, as far as their driver uses them.</summary>
internal sealed class IntelNicModel : DeviceRegisters, INicModel
{
    private readonly Dictionary<uint, uint> _registers = [];
    private readonly IntelNicFamily _family;

    public IntelNicModel(IntelNicFamily family, bool hasAddressInEeprom = false)
    {
        _family = family;
        HasAddressInEeprom = hasAddressInEeprom;
        Memory = new FakeDma(IntelNic.Pages);
        Driver = new IntelNic(this, Memory, family);
        Reset();
    }

    public FakeDma Memory { get; }

    public NicDevice Driver { get; }

    public List<byte[]> Transmitted { get; } = [];

    public bool IsLinkUp { get; set; } = true;

    public bool IsUnplugged { get; set; }

    public bool IsHung { get; set; }

    /// <summary>A reset that never ends.</summary>
    public bool IsStuckInReset { get; set; }

    public bool HasAddressInEeprom { get; }

    /// <summary>Its rings are overwritten: it transmits nothing, for they lead anywhere.</summary>
    public bool IsWild { get; init; }

    public int Resets { get; private set; }

    /// <summary>Errors said of the next frame received, as the legacy descriptor has them; and whether it is its end.</summary>
    public byte NextErrors { get; set; }

    public bool NextIsEnd { get; set; } = true;

    public bool InterruptsAreMasked => this[ControllerRegisters.IMS] == 0;

    public override uint Length => ControllerRegisters.Length;

    private bool IsAdvanced => _family == IntelNicFamily.Igb;

    private uint this[uint register]
    {
        get => _registers.GetValueOrDefault(register);
        set => _registers[register] = value;
    }

    public override byte Read8(uint offset) => throw new InvalidOperationException();

    public override ushort Read16(uint offset) => throw new InvalidOperationException();

    public override void Write8(uint offset, byte value) => throw new InvalidOperationException();

    public override void Write16(uint offset, ushort value) => throw new InvalidOperationException();

    public override uint Read32(uint offset)
    {
        Assert.InRange(offset, 0u, Length - 4);
        if (IsUnplugged)
            return uint.MaxValue;
        return offset switch
        {
            ControllerRegisters.STATUS => IsLinkUp ? DeviceStatus.LU : 0,
            ControllerRegisters.CTRL when IsStuckInReset => this[offset] | DeviceControl.RST,
            _ => this[offset],
        };
    }

    public override void Write32(uint offset, uint value)
    {
        Assert.InRange(offset, 0u, Length - 4);
        if (IsUnplugged)
            return;
        switch (offset)
        {
            case ControllerRegisters.CTRL when (value & DeviceControl.RST) != 0:
                Reset();
                break;
            case ControllerRegisters.IMC:
                this[ControllerRegisters.IMS] &= ~value;
                break;
            case ControllerRegisters.EERD:
                bool isOld = _family == IntelNicFamily.E1000;
                int word = (int)(value >> (isOld ? EepromRead.ADDR_8254x : EepromRead.ADDR_82574) & 0xFF);
                byte[] address = new byte[MacAddress.Length];
                NicBench.Mac.TryWrite(address);
                this[offset] = (uint)BinaryPrimitives.ReadUInt16LittleEndian(address.AsSpan(2 * word)) << EepromRead.DATA
                    | (isOld ? EepromRead.DONE_8254x : EepromRead.DONE_82574);
                break;
            case ControllerRegisters.MDIC:
                this[offset] = value | ManagementInterface.R;
                break;
            default:
                this[offset] = value;
                break;
        }
    }

    public bool Receive(byte[] frame)
    {
        if (!TryNextReceive(out ulong descriptor))
            return false;
        ulong buffer = BinaryPrimitives.ReadUInt64LittleEndian(Memory.At(descriptor, 8));
        frame.CopyTo(Memory.At(buffer, frame.Length));
        Complete(descriptor, (uint)frame.Length);
        return true;
    }

    public void ClaimLength(uint length)
    {
        if (TryNextReceive(out ulong descriptor))
            Complete(descriptor, length & ushort.MaxValue);
    }

    public void Run()
    {
        if (IsWild || IsHung || IsUnplugged || (this[ControllerRegisters.TCTL] & TransmitControl.EN) == 0)
            return;
        for (uint head = this[ControllerRegisters.TDH]; head != this[ControllerRegisters.TDT]; this[ControllerRegisters.TDH] = head)
        {
            ulong descriptor = Ring(ControllerRegisters.TDBAL, ControllerRegisters.TDBAH) + 16 * head;
            ulong buffer = BinaryPrimitives.ReadUInt64LittleEndian(Memory.At(descriptor, 8));
            ulong word = BinaryPrimitives.ReadUInt64LittleEndian(Memory.At(descriptor + 8, 8));
            Transmitted.Add(Memory.At(buffer, (int)(word & ushort.MaxValue)).ToArray());
            BinaryPrimitives.WriteUInt64LittleEndian(Memory.At(descriptor + 8, 8), word | LegacyDescriptor.TransmitDone);
            head = (head + 1) % (this[ControllerRegisters.TDLEN] / 16);
        }
    }

    private void Reset()
    {
        Resets++;
        _registers.Clear();
        if (HasAddressInEeprom)
            return;
        byte[] address = new byte[MacAddress.Length];
        NicBench.Mac.TryWrite(address);
        this[ControllerRegisters.RAL0] = BinaryPrimitives.ReadUInt32LittleEndian(address);
        this[ControllerRegisters.RAH0] = BinaryPrimitives.ReadUInt16LittleEndian(address.AsSpan(4)) | QueueControl.AV;
    }

    private ulong Ring(uint low, uint high) => this[low] | (ulong)this[high] << 32;

    private bool TryNextReceive(out ulong descriptor)
    {
        uint head = this[ControllerRegisters.RDH];
        descriptor = Ring(ControllerRegisters.RDBAL, ControllerRegisters.RDBAH) + 16 * head;
        if (IsUnplugged || (this[ControllerRegisters.RCTL] & ReceiveControl.EN) == 0 || head == this[ControllerRegisters.RDT])
            return false;
        this[ControllerRegisters.RDH] = (head + 1) % (this[ControllerRegisters.RDLEN] / 16);
        return true;
    }

    private void Complete(ulong descriptor, uint length)
    {
        ulong word = IsAdvanced
            ? AdvancedDescriptor.ReceiveDone | (NextIsEnd ? AdvancedDescriptor.ReceiveEndOfPacket : 0)
                | (NextErrors != 0 ? AdvancedDescriptor.ReceiveErrors : 0) | (ulong)length << AdvancedDescriptor.LengthShift
            : LegacyDescriptor.ReceiveDone | (NextIsEnd ? LegacyDescriptor.ReceiveEndOfPacket : 0) | (ulong)NextErrors << LegacyDescriptor.ErrorsShift | length;
        BinaryPrimitives.WriteUInt64LittleEndian(Memory.At(descriptor + 8, 8), word);
    }
}
