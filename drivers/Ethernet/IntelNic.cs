using HyperOS.Core;
using HyperOS.Specs.IntelEthernet;

namespace HyperOS.Ethernet;

/// <summary>Where Intel's cards differ.</summary>
public enum IntelNicFamily : byte
{
    /// <summary>82540EM and its kin.</summary>
    E1000,

    /// <summary>82574L.</summary>
    E1000e,

    /// <summary>82576: advanced descriptors, queues that are to be enabled.</summary>
    Igb,
}

/// <summary>
/// Intel's gigabit cards, from the 8254x on. The rings are the driver's: the card only reports what is done, descriptor by descriptor, so a card that
/// lies about anything but a length can do no more than hang. PCI/PCI-X Family of Gigabit Ethernet Controllers Software Developer's Manual, "General
/// Initialization and Reset Operation", "Receive Descriptor Queue Structure", "Transmit Descriptor Ring Structure".
/// </summary>
public sealed class IntelNic : NicDevice
{
    private const int RingSize = MaximumQueue;
    private const int ReceiveRing = 0, TransmitRing = DmaMemory.PageBytes;
    private const uint Causes = InterruptCause.LSC | InterruptCause.RXDMT0 | InterruptCause.RXO | InterruptCause.RXT0;
    private const uint AllOnes = uint.MaxValue;
    private const int ResetPolls = 100, ResetPoll = 100_000, ResetDelay = 1_000_000;

    // A descriptor is kept back, so that a full ring differs from an empty one.
    private const int MostPending = RingSize - 1;

    private readonly DeviceRegisters _registers;
    private readonly IntelNicFamily _family;

    // Receive ring: the next to be filled by the card, and the first that was not given back to it.
    private int _next, _toRecycle;
    private bool _isInPieces;

    // Transmit ring: the oldest that is not out, the next to be written, and how far the card was told.
    private int _clean, _tail, _told;

    /// <param name="registers">Base address 0; at least <see cref="ControllerRegisters.Length"/>.</param>
    /// <param name="memory">At least <see cref="Pages"/>.</param>
    /// <param name="family">Which kind.</param>
    public IntelNic(DeviceRegisters registers, DmaMemory memory, IntelNicFamily family)
        : base(memory)
    {
        _registers = registers;
        _family = family;
    }

    /// <summary>Pages of memory that each needs.</summary>
    public static int Pages => PagesFor(2, 2 * RingSize);

    public override int Pending => _tail - _clean & RingSize - 1;

    protected override int RingPages => 2;

    private bool IsAdvanced => _family == IntelNicFamily.Igb;

    private ulong ReceiveDone => IsAdvanced ? AdvancedDescriptor.ReceiveDone : LegacyDescriptor.ReceiveDone;

    private ulong ReceiveEnd => IsAdvanced ? AdvancedDescriptor.ReceiveEndOfPacket : LegacyDescriptor.ReceiveEndOfPacket;

    private ulong ReceiveErrorBits => IsAdvanced ? AdvancedDescriptor.ReceiveErrors : LegacyDescriptor.ReceiveErrors;

    private int ReceiveLengthShift => IsAdvanced ? AdvancedDescriptor.LengthShift : LegacyDescriptor.LengthShift;

    public override void LookAtLink()
    {
        uint status = _registers.Read32(ControllerRegisters.STATUS);
        if (status == AllOnes)
            Blame(NicFault.Gone);
        IsLinkUp = status != AllOnes && (status & DeviceStatus.LU) != 0;
    }

    public override bool HasReceived => (ReceiveWord(_next) & ReceiveDone) != 0;

    public override void Receive(NicBatch batch)
    {
        while (!batch.IsFull)
        {
            ulong word = ReceiveWord(_next);
            if ((word & ReceiveDone) == 0)
                return;
            int index = _next;
            _next = _next + 1 & RingSize - 1;
            int length = (int)(word >> ReceiveLengthShift & ushort.MaxValue);
            bool isEnd = (word & ReceiveEnd) != 0;
            bool isWhole = isEnd && !_isInPieces;
            _isInPieces = !isEnd;
            if (length is 0 or > BufferBytes)
                CountLie();
            else if (!isWhole || (word & ReceiveErrorBits) != 0)
                ReceiveErrors += isEnd ? 1u : 0;
            else
                batch.Add(BufferAt(index), length);
            // All that are done may be bad: the card gets them back in the end.
            if ((_next - _toRecycle & RingSize - 1) >= RingSize / 2)
                return;
        }
    }

    public override void Recycle()
    {
        if (_toRecycle == _next)
            return;
        for (; _toRecycle != _next; _toRecycle = _toRecycle + 1 & RingSize - 1)
            Offer(_toRecycle);
        // The card may fill up to the one before its tail: one is always ours.
        _registers.Write32(ControllerRegisters.RDT, (uint)(_next - 1 & RingSize - 1));
    }

    public override DeliveryStatus TryTransmit(in Frame frame)
    {
        if (frame.Length > MaximumFrame)
            return DeliveryStatus.TooLong;
        if (Pending == MostPending)
            Reap();
        if (Pending == MostPending)
            return DeliveryStatus.NoBuffer;
        int length = frame.CopyTo(0, Memory.Bytes(BufferAt(RingSize + _tail), MaximumFrame));
        int at = TransmitRing + _tail * LegacyDescriptor.Bytes;
        Memory.Write64(at, Memory.DeviceAddress(BufferAt(RingSize + _tail)));
        Memory.Write64(at + LegacyDescriptor.SecondWord, IsAdvanced
            ? AdvancedDescriptor.TransmitCommand | (uint)length | (ulong)length << AdvancedDescriptor.PayloadLengthShift
            : LegacyDescriptor.TransmitCommand | (uint)length);
        _tail = _tail + 1 & RingSize - 1;
        return DeliveryStatus.Delivered;
    }

    public override void Flush()
    {
        if (_told == _tail)
            return;
        _told = _tail;
        _registers.Write32(ControllerRegisters.TDT, (uint)_tail);
    }

    public override void Reap()
    {
        while (_clean != _told && (Memory.Read64(TransmitRing + _clean * LegacyDescriptor.Bytes + LegacyDescriptor.SecondWord) & LegacyDescriptor.TransmitDone) != 0)
        {
            _clean = _clean + 1 & RingSize - 1;
            Completed = unchecked(Completed + 1);
        }
    }

    public override void MaskInterrupts() => _registers.Write32(ControllerRegisters.IMC, AllOnes);

    public override void UnmaskInterrupts()
    {
        _registers.Read32(ControllerRegisters.ICR); // forgets what was seen since
        _registers.Write32(ControllerRegisters.IMS, Causes);
    }

    public override void Stop(NicHost host)
    {
        MaskInterrupts();
        _registers.Write32(ControllerRegisters.RCTL, 0);
        _registers.Write32(ControllerRegisters.TCTL, 0);
        _registers.Write32(ControllerRegisters.CTRL, _registers.Read32(ControllerRegisters.CTRL) | DeviceControl.RST);
        host.Delay(ResetDelay);
    }

    protected override NicStart OnStart(NicHost host)
    {
        if (_registers.Read32(ControllerRegisters.STATUS) == AllOnes)
            return NicStart.Gone;
        Stop(host);
        if (!TryWait(host, ControllerRegisters.CTRL, DeviceControl.RST, 0))
            return NicStart.NoReset;
        MaskInterrupts();
        _registers.Read32(ControllerRegisters.ICR);
        if (!TryReadAddress(host))
            return NicStart.Unusable;
        uint control = _registers.Read32(ControllerRegisters.CTRL);
        control &= ~(DeviceControl.LRST | DeviceControl.ILOS | DeviceControl.PHY_RST | DeviceControl.VME);
        _registers.Write32(ControllerRegisters.CTRL, control | DeviceControl.SLU | DeviceControl.ASDE);
        for (uint i = 0; i < ControllerRegisters.MulticastWords; i++)
            _registers.Write32(ControllerRegisters.MTA + 4 * i, 0);
        if (_family == IntelNicFamily.Igb)
            NegotiateLink(host);
        return TryStartReceiving(host) && TryStartTransmitting(host) ? NicStart.Ok : NicStart.Unusable;
    }

    // The 82576's reset leaves the PHY as it was: without a link, if nobody has asked it for one.
    private void NegotiateLink(NicHost host)
    {
        _registers.Write32(ControllerRegisters.MDIC, ManagementInterface.OP_Write | ManagementInterface.InternalPhy << ManagementInterface.PHYADD
            | ManagementInterface.ControlRegister << ManagementInterface.REGADD
            | ManagementInterface.AutoNegotiationEnable | ManagementInterface.RestartAutoNegotiation);
        TryWait(host, ControllerRegisters.MDIC, ManagementInterface.R, ManagementInterface.R);
    }

    private bool TryStartReceiving(NicHost host)
    {
        _next = _toRecycle = 0;
        _isInPieces = false;
        for (int i = 0; i < RingSize; i++)
            Offer(i);
        SetRing(ControllerRegisters.RDBAL, ControllerRegisters.RDBAH, ControllerRegisters.RDLEN, ReceiveRing);
        if (IsAdvanced)
            _registers.Write32(ControllerRegisters.SRRCTL, QueueControl.BSIZEPACKET_2K | QueueControl.DESCTYPE_Advanced);
        _registers.Write32(ControllerRegisters.RDH, 0);
        if (IsAdvanced && !TryEnableQueue(host, ControllerRegisters.RXDCTL))
            return false;
        // All frames, for the switch has more addresses behind it than the card has filters.
        _registers.Write32(ControllerRegisters.RCTL,
            ReceiveControl.EN | ReceiveControl.UPE | ReceiveControl.MPE | ReceiveControl.BAM | ReceiveControl.SECRC);
        _registers.Write32(ControllerRegisters.RDT, RingSize - 1);
        return true;
    }

    private bool TryStartTransmitting(NicHost host)
    {
        _clean = _tail = _told = 0;
        for (int i = 0; i < RingSize; i++)
            Memory.Write64(TransmitRing + i * LegacyDescriptor.Bytes + LegacyDescriptor.SecondWord, 0);
        SetRing(ControllerRegisters.TDBAL, ControllerRegisters.TDBAH, ControllerRegisters.TDLEN, TransmitRing);
        _registers.Write32(ControllerRegisters.TDH, 0);
        _registers.Write32(ControllerRegisters.TDT, 0);
        if (IsAdvanced && !TryEnableQueue(host, ControllerRegisters.TXDCTL))
            return false;
        if (_family == IntelNicFamily.E1000)
            _registers.Write32(ControllerRegisters.TIPG, QueueControl.TIPG_Copper);
        if (_family == IntelNicFamily.E1000e)
            _registers.Write32(ControllerRegisters.TXDCTL, _registers.Read32(ControllerRegisters.TXDCTL) | QueueControl.GRAN);
        _registers.Write32(ControllerRegisters.TCTL,
            TransmitControl.EN | TransmitControl.PSP | TransmitControl.CT_802_3 | TransmitControl.COLD_FullDuplex);
        return true;
    }

    private bool TryEnableQueue(NicHost host, uint register)
    {
        _registers.Write32(register, _registers.Read32(register) | QueueControl.ENABLE);
        return TryWait(host, register, QueueControl.ENABLE, QueueControl.ENABLE);
    }

    private void SetRing(uint low, uint high, uint length, int offset)
    {
        ulong address = Memory.DeviceAddress(offset);
        _registers.Write32(low, unchecked((uint)address));
        _registers.Write32(high, (uint)(address >> 32));
        _registers.Write32(length, RingSize * LegacyDescriptor.Bytes);
    }

    // The first receive address, which the card fills from its EEPROM; else the EEPROM itself.
    private bool TryReadAddress(NicHost host)
    {
        uint low = _registers.Read32(ControllerRegisters.RAL0), high = _registers.Read32(ControllerRegisters.RAH0);
        if ((high & QueueControl.AV) == 0)
        {
            if (!TryReadEeprom(host, 0, out ushort first) || !TryReadEeprom(host, 1, out ushort second) || !TryReadEeprom(host, 2, out ushort third))
                return false;
            low = first | (uint)second << 16;
            high = third;
            _registers.Write32(ControllerRegisters.RAL0, low);
            _registers.Write32(ControllerRegisters.RAH0, high | QueueControl.AV);
        }
        // Octets in the order of transmission, the first in the lowest bits.
        ulong value = 0;
        ulong octets = low | (ulong)(high & ushort.MaxValue) << 32;
        for (int i = 0; i < MacAddress.Length; i++)
            value = value << 8 | octets >> 8 * i & byte.MaxValue;
        Address = new MacAddress(value);
        return !Address.IsZero && !Address.IsGroup;
    }

    private bool TryReadEeprom(NicHost host, uint word, out ushort value)
    {
        bool isOld = _family == IntelNicFamily.E1000;
        uint done = isOld ? EepromRead.DONE_8254x : EepromRead.DONE_82574;
        _registers.Write32(ControllerRegisters.EERD, EepromRead.START | word << (isOld ? EepromRead.ADDR_8254x : EepromRead.ADDR_82574));
        bool isRead = TryWait(host, ControllerRegisters.EERD, done, done);
        value = (ushort)(_registers.Read32(ControllerRegisters.EERD) >> EepromRead.DATA);
        return isRead;
    }

    private bool TryWait(NicHost host, uint register, uint mask, uint wanted)
    {
        for (int i = 0; i < ResetPolls; i++)
        {
            if ((_registers.Read32(register) & mask) == wanted)
                return true;
            host.Delay(ResetPoll);
        }
        return false;
    }

    private ulong ReceiveWord(int index) => Memory.Read64(ReceiveRing + index * LegacyDescriptor.Bytes + LegacyDescriptor.SecondWord);

    private void Offer(int index)
    {
        int at = ReceiveRing + index * LegacyDescriptor.Bytes;
        Memory.Write64(at + LegacyDescriptor.SecondWord, 0);
        Memory.Write64(at, Memory.DeviceAddress(BufferAt(index)));
    }
}
