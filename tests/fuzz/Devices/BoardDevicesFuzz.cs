using HyperOS.Abi.State;
using HyperOS.Core;
using HyperOS.Devices;

namespace HyperOS.Tests.Fuzz.Devices;

/// <summary>Hostile guests at the devices of a microvm board, and hostile saved records: nothing may throw, and what holds must hold.</summary>
public class BoardDevicesFuzz
{
    private const int Accesses = 60;

    /// <summary>Guest time goes on by nothing, by little, by seconds or by days.</summary>
    private static ulong Step(Random random) => random.Next(5) switch
    {
        0 => 0,
        1 => (ulong)random.Next(2000),
        2 => (ulong)random.Next(20_000_000),
        3 => (ulong)random.NextInt64(5_000_000_000),
        _ => (ulong)random.NextInt64(400_000_000_000_000),
    };

    private static byte Value(Random random) => random.Next(3) switch { 0 => 0, 1 => 0xFF, _ => (byte)random.Next(256) };

    private static InterruptLines Lines() => new(null, null);

    [Fact]
    public void No_guest_breaks_the_uart() => FuzzRun.Run(random =>
    {
        Uart16550 uart = new(Lines(), 4);
        byte[] buffer = new byte[64];
        ulong now = 0;
        for (int i = 0; i < Accesses; i++, now += Step(random))
        {
            switch (random.Next(6))
            {
                case 0: uart.EnqueueInput(buffer.AsSpan(random.Next(64)), now); break;
                case 1: uart.DequeueOutput(buffer.AsSpan(random.Next(64)), now); break;
                case 2: uart.Advance(now); break;
                case 3: uart.Read(random.Next(8), now); break;
                default: uart.Write(random.Next(8), Value(random), now); break;
            }
            // The transmitter is never busy, so no guest waits for it.
            Assert.Equal(0x60, uart.Read(5, now) & 0x60);
        }
        uart.Save(out Uart16550State state);
        Assert.Equal(RestoreStatus.Restored, new Uart16550(Lines(), 4).Restore(state, now));
    });

    [Fact]
    public void No_guest_breaks_the_pit() => FuzzRun.Run(random =>
    {
        Pit8254 pit = new(Lines(), random.Next(2) == 0 ? TickCatchUp.None : TickCatchUp.Delayed);
        ulong now = 0;
        for (int i = 0; i < Accesses; i++, now += Step(random))
        {
            switch (random.Next(6))
            {
                case 0: pit.Read(random.Next(4), now); break;
                case 1: pit.ReadPortB(now); break;
                case 2: pit.WritePortB(Value(random), now); break;
                case 3: pit.Advance(now); break;
                default: pit.Write(random.Next(4), Value(random), now); break;
            }
            pit.Advance(now);
            Assert.True(pit.NextEvent > now);
        }
        pit.Save(out Pit8254State state);
        Assert.Equal(RestoreStatus.Restored, new Pit8254(Lines(), TickCatchUp.None).Restore(state, now));
    });

    [Fact]
    public void No_guest_breaks_the_clock() => FuzzRun.Run(random =>
    {
        CmosRtc rtc = new(Lines(), random.NextInt64(long.MinValue, long.MaxValue), (ulong)random.NextInt64(), (ulong)random.NextInt64());
        ulong now = 0;
        for (int i = 0; i < Accesses; i++, now += Step(random))
        {
            rtc.WriteIndex((byte)(random.Next(4) == 0 ? 0x32 : random.Next(16)));
            if (random.Next(3) == 0)
                rtc.ReadData(now);
            else
                rtc.WriteData(Value(random), now);
            rtc.Advance(now);
            Assert.True(rtc.NextEvent > now);
        }
        rtc.Save(out CmosRtcState state);
        Assert.Equal(RestoreStatus.Restored, new CmosRtc(Lines(), 0, 0, 0).Restore(state, now));
    });

    [Fact]
    public void No_guest_breaks_power_management() => FuzzRun.Run(random =>
    {
        BoardEvents events = new();
        AcpiPowerManagement device = new(Lines(), events);
        ulong now = 0;
        for (int i = 0; i < Accesses; i++, now += Step(random))
        {
            int width = 1 << random.Next(3);
            int offset = random.Next(AcpiPowerManagement.PortCount - width + 1);
            uint value = random.Next(2) == 0 ? uint.MaxValue : (uint)random.NextInt64();
            switch (random.Next(4))
            {
                case 0: Assert.True(device.Read(offset, width, now) <= uint.MaxValue >> (32 - 8 * width)); break;
                case 1: device.PressPowerButton(now); break;
                default: device.Write(offset, width, value, now); break;
            }
            device.Advance(now);
            Assert.True(device.NextEvent > now);
            Assert.Equal(1u, device.Read(4, 1, now) & 1);
        }
        device.Save(out AcpiPowerManagementState state);
        Assert.Equal(RestoreStatus.Restored, new AcpiPowerManagement(Lines(), events).Restore(state, now));
    });

    [Fact]
    public void No_guest_breaks_fw_cfg() => FuzzRun.Run(random =>
    {
        FirmwareConfig device = new((ushort)random.Next(ushort.MaxValue), (ulong)random.NextInt64());
        byte[] name = new byte[random.Next(60)];
        random.NextBytes(name);
        device.TryAddFile(name, new byte[random.Next(8)]);
        device.Restore(new FirmwareConfigState { Version = 1, Selector = (ushort)random.Next(65536), Offset = (uint)random.NextInt64() });
        for (int i = 0; i < Accesses; i++)
        {
            if (random.Next(4) == 0)
                device.Select((ushort)(random.Next(2) == 0 ? random.Next(0x40) : random.Next(65536)));
            device.ReadData();
        }
    });

    [Fact]
    public void No_guest_breaks_the_board() => FuzzRun.Run(random =>
    {
        MicrovmBoard board = NewBoard();
        ushort[] bases = [0x20, 0x40, 0x60, 0x70, 0xA0, 0xF0, 0x3F8, 0x4D0, 0x510, 0x600, 0xCF8, 0xFFFC];
        ulong now = 0;
        for (int i = 0; i < Accesses; i++, now += Step(random))
        {
            ushort port = (ushort)(random.Next(8) == 0 ? random.Next(65536) : bases[random.Next(bases.Length)] + random.Next(4) * random.Next(6));
            int width = random.Next(16) == 0 ? random.Next(9) : 1 << random.Next(3);
            GuestPhysicalAddress register = new(IoApic.BaseAddress + (ulong)random.Next(5) * 0x10 + (ulong)random.Next(4) / 3);
            board.TryWriteMmio(register, width, random.Next(2) == 0 ? (uint)random.Next(0x40) : (uint)random.NextInt64());
            board.TryReadMmio(register, width, out _);
            if (random.Next(2) == 0)
            {
                board.ReadPort(port, width, now, out uint value);
                Assert.True(width is not (1 or 2) || value < 1u << (8 * width));
            }
            else
            {
                board.WritePort(port, width, random.Next(3) == 0 ? uint.MaxValue : (uint)random.NextInt64(), now);
            }
            board.Advance(now);
            Assert.True(board.NextEvent > now);
            board.Events.Take(out _);
        }
        board.Save(out MicrovmBoardState state);
        Assert.Equal(RestoreStatus.Restored, NewBoard().Restore(state, now));
    });

    [Fact]
    public void No_record_breaks_a_restore() => FuzzRun.Run(random =>
    {
        MicrovmBoard board = NewBoard();
        board.Save(out MicrovmBoardState state);
        ulong now = Step(random) + 1000;
        Span<byte> bytes = System.Runtime.InteropServices.MemoryMarshal.AsBytes(new Span<MicrovmBoardState>(ref state));
        for (int changes = random.Next(1, 30); changes > 0; changes--)
            bytes[random.Next(bytes.Length)] = Value(random);
        // Most versions stay right, or little would be looked at.
        if (random.Next(8) != 0)
        {
            state.Com1.Version = state.Pit.Version = state.Rtc.Version = state.FirmwareConfig.Version = state.PowerManagement.Version = 1;
            state.Pic.Version = state.IoApic.Version = state.Pci.Version = 1;
            state.Rtc.Registers[0x0D] = 0x80;
        }
        RestoreStatus status = board.Restore(state, now);
        FuzzRun.Saw(status);
        if (status != RestoreStatus.Restored)
            return;
        for (int i = 0; i < Accesses; i++, now += Step(random))
        {
            ushort port = (ushort)(random.Next(3) switch { 0 => 0x40, 1 => 0x70, _ => 0x3F8 } + random.Next(8));
            board.ReadPort(port, 1, now, out _);
            board.WritePort(port, 1, Value(random), now);
            board.Advance(now);
        }
    });

    [Fact]
    public void No_size_breaks_the_tables() => FuzzRun.Run(random =>
    {
        byte[] space = new byte[random.Next(4096)];
        AcpiTablesStatus status = GuestAcpiTables.Build(random.Next(-2, 64), random.Next(2) == 0 ? null : NewBoard().Pci, (uint)random.Next(0x11_0000) & ~(uint)random.Next(64), space, out int length);
        FuzzRun.Saw(status);
        Assert.True(status == AcpiTablesStatus.Built ? length <= space.Length : length == 0);
    });

    private sealed class NoKick : VcpuKick
    {
        public override void Kick(int vcpu) { }
    }

    private sealed class NoBroadcast : EndOfInterruptListener
    {
        public override void EndOfInterrupt(int vector) { }
    }

    private static MicrovmBoard NewBoard()
    {
        ApicBus bus = new(1, new NoKick(), new NoBroadcast());
        MicrovmBoardConfiguration configuration = new()
        {
            Vcpus = 1,
            LowRamBytes = 0x2000_0000,
            RtcBaseSeconds = 1_700_000_000,
            PitCatchUp = TickCatchUp.Delayed,
            HasTestExit = true,
            HasPci = true,
        };
        return new MicrovmBoard(configuration, bus, new LocalApic(bus, 0, new uint[LocalApic.PageLength]));
    }
}
