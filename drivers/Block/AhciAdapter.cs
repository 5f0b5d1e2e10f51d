using System.Numerics;
using HyperOS.Core;
using HyperOS.Specs.Ata;

namespace HyperOS.Block;

/// <summary>A host bus adapter with its ports, as far as they share it. Serial ATA AHCI 1.3.1, "Software Initialization of HBA".</summary>
public sealed class AhciAdapter
{
    private const int HandoverPolls = 200;
    private const ulong HandoverPoll = 10_000_000, SpinUp = 10_000_000;
    private const uint AllOnes = uint.MaxValue;

    private readonly DeviceRegisters _registers;

    /// <param name="registers">Base address 5; as long as its ports want.</param>
    public AhciAdapter(DeviceRegisters registers) => _registers = registers;

    /// <summary>Ports that have something connected, one bit each.</summary>
    public uint Connected { get; private set; }

    /// <summary>Commands that a port can have at once.</summary>
    public int Slots => (int)(_registers.Read32(AhciRegisters.CAP) >> AhciControl.CAP_NCSShift & AhciControl.CAP_NCS) + 1;

    /// <summary>The ports can queue commands natively.</summary>
    public bool HasQueuing => (_registers.Read32(AhciRegisters.CAP) & AhciControl.CAP_SNCQ) != 0;

    /// <summary>It answers.</summary>
    public bool IsThere => _registers.Read32(AhciRegisters.GHC) != AllOnes;

    /// <summary>Takes it over from firmware and looks what is connected. Once, during start-up.</summary>
    public void Prepare(DeviceHost host)
    {
        if (!IsThere)
            return;
        if ((_registers.Read32(AhciRegisters.CAP2) & AhciControl.CAP2_BOH) != 0)
        {
            _registers.Write32(AhciRegisters.BOHC, _registers.Read32(AhciRegisters.BOHC) | AhciControl.BOHC_OOS);
            for (int i = 0; i < HandoverPolls && (_registers.Read32(AhciRegisters.BOHC) & AhciControl.BOHC_BOS) != 0; i++)
                host.Delay(HandoverPoll);
        }
        Enable();
        bool isWaiting = false;
        for (uint left = _registers.Read32(AhciRegisters.PI); left != 0; left &= left - 1)
        {
            uint command = AhciRegisters.Ports + (uint)BitOperations.TrailingZeroCount(left) * AhciRegisters.PortLength + AhciPortRegisters.CMD;
            if (command + AhciRegisters.PortLength > _registers.Length)
                break;
            uint was = _registers.Read32(command), wanted = was | AhciPortBits.CMD_SUD | AhciPortBits.CMD_POD;
            isWaiting |= was != wanted;
            _registers.Write32(command, wanted);
        }
        if (isWaiting)
            host.Delay(SpinUp);
        Connected = 0;
        for (uint left = _registers.Read32(AhciRegisters.PI); left != 0; left &= left - 1)
        {
            int port = BitOperations.TrailingZeroCount(left);
            uint status = AhciRegisters.Ports + (uint)port * AhciRegisters.PortLength + AhciPortRegisters.SSTS;
            if (status + AhciRegisters.PortLength > _registers.Length)
                break;
            if ((_registers.Read32(status) & AhciPortBits.SSTS_DET) != 0)
                Connected |= 1u << port;
        }
    }

    /// <summary>AHCI and interrupts on, as a reset of the adapter leaves them not.</summary>
    public void Enable()
    {
        _registers.Write32(AhciRegisters.GHC, _registers.Read32(AhciRegisters.GHC) | AhciControl.GHC_AE);
        _registers.Write32(AhciRegisters.GHC, _registers.Read32(AhciRegisters.GHC) | AhciControl.GHC_IE);
    }

    /// <summary>Forgets that a port has interrupted.</summary>
    public void Acknowledge(int port) => _registers.Write32(AhciRegisters.IS, 1u << port);

    public uint Read(int port, uint register) => _registers.Read32(AhciRegisters.Ports + (uint)port * AhciRegisters.PortLength + register);

    public void Write(int port, uint register, uint value) =>
        _registers.Write32(AhciRegisters.Ports + (uint)port * AhciRegisters.PortLength + register, value);
}
