using HyperOS.Abi.State;
using HyperOS.Core;
using HyperOS.Devices;
using HyperOS.Specs.Virtio;

namespace HyperOS.Tests.Fuzz.Devices;

/// <summary>Hostile guests at configuration space, base address registers, MSI-X and the virtio transport, and hostile saved records.</summary>
public class PciFuzz
{
    private const int Accesses = 120;

    // Where a guest looks: the places of registers as they are at start, their ends, and where it likes to move them.
    private static readonly ulong[] s_places =
    [
        0xC000_0000, 0xC000_0400, 0xC000_0800, 0xC000_1000, 0xC000_2000, 0xC000_3000, 0xC000_4000, 0xC000_8000, 0xD000_0000, 0xE000_0000, 0xE000_8000,
        0xE001_0000, 0xE00F_FFF0, 0xE010_0000, 0xFFFF_FFF8, 0x1_0000_0000, 0, ulong.MaxValue - 8,
    ];

    private static readonly int[] s_registers = [0x04, 0x10, 0x14, 0x18, 0x1C, 0x34, 0x3C, 0x40, 0x42, 0x48];

    [Fact]
    public void No_guest_breaks_the_bus() => FuzzRun.Run(random =>
    {
        PciBus bus = NewBus(out VirtioPciFunction[] functions);
        for (int i = 0; i < Accesses; i++)
        {
            int width = 1 << random.Next(3);
            uint value = Value(random);
            switch (random.Next(8))
            {
                case 0 or 1:
                    int register = random.Next(3) == 0 ? random.Next(256) : s_registers[random.Next(s_registers.Length)];
                    bus.WritePort(0xCF8, 4, 0x8000_0000 | (uint)random.Next(4) << 11 | (uint)register & 0xFC | (random.Next(16) == 0 ? Value(random) : 0));
                    bus.WritePort((ushort)(0xCFC + (register & 3)), width, value);
                    bus.ReadPort((ushort)(0xCFC + random.Next(4)), 1 << random.Next(3), out _);
                    break;
                case 2:
                    ushort port = (ushort)(random.Next(2) == 0 ? 0xC000 + random.Next(64) : random.Next(65536));
                    bus.WritePort(port, width, value);
                    bus.ReadPort(port, width, out _);
                    break;
                case 3:
                    Open(bus);
                    break;
                case 4:
                    functions[random.Next(functions.Length)].Msix!.Signal(random.Next(-1, 8));
                    break;
                default:
                    ulong place = unchecked(s_places[random.Next(s_places.Length)] + (ulong)random.Next(0x50));
                    int wide = 1 << random.Next(4);
                    bus.TryWriteMemory(place, wide, value | (ulong)value << 32);
                    bus.TryReadMemory(place, wide, out ulong read);
                    Assert.True(wide == 8 || read < 1ul << (8 * wide));
                    break;
            }
        }
        AssertRestores(bus, functions);
    });

    [Fact]
    public void No_record_breaks_a_function() => FuzzRun.Run(random =>
    {
        PciBus bus = NewBus(out VirtioPciFunction[] functions);
        functions[0].SaveFunction(out PciFunctionState state);
        functions[0].Save(out VirtioPciState transport);
        Span<byte> bytes = System.Runtime.InteropServices.MemoryMarshal.AsBytes(new Span<PciFunctionState>(ref state));
        for (int changes = random.Next(1, 6); changes > 0; changes--)
        {
            // BARs and command above all: most of the rest is refused.
            int at = random.Next(2) == 0 ? 8 + s_registers[random.Next(6)] + random.Next(4) : random.Next(bytes.Length);
            bytes[at] = (byte)Value(random);
        }
        transport.QueueSelect = (ushort)Value(random);
        transport.ConfigurationVector = (ushort)random.Next(4);
        RestoreStatus status = functions[0].RestoreFunction(state);
        FuzzRun.Saw(status);
        functions[0].Restore(transport);
        bus.Save(out PciBusState saved);
        Assert.Equal(RestoreStatus.Restored, bus.Restore(saved));
        for (int i = 0; i < 40; i++)
        {
            ulong place = unchecked(s_places[random.Next(s_places.Length)] + (ulong)random.Next(0x50));
            bus.TryWriteMemory(place, 4, Value(random));
            bus.TryReadMemory(place, 4, out _);
        }
    });

    private static uint Value(Random random) => random.Next(5) switch
    {
        0 => 0,
        1 => uint.MaxValue,
        2 => (uint)random.Next(16),
        3 => (uint)s_places[random.Next(s_places.Length - 1)],
        _ => (uint)random.NextInt64(1L << 32),
    };

    // All functions answer and may send.
    private static void Open(PciBus bus)
    {
        for (uint device = 0; device < 4; device++)
        {
            bus.WritePort(0xCF8, 4, 0x8000_0004 | device << 11);
            bus.WritePort(0xCFC, 2, 0x0007);
        }
    }

    private static void AssertRestores(PciBus bus, VirtioPciFunction[] functions)
    {
        PciBus other = NewBus(out VirtioPciFunction[] others);
        for (int i = 0; i < functions.Length; i++)
        {
            functions[i].SaveFunction(out PciFunctionState function);
            functions[i].Save(out VirtioPciState transport);
            Assert.Equal(RestoreStatus.Restored, others[i].RestoreFunction(function));
            Assert.Equal(RestoreStatus.Restored, others[i].Restore(transport));
        }
        bus.Save(out PciBusState state);
        Assert.Equal(RestoreStatus.Restored, other.Restore(state));
        foreach (ulong place in s_places)
        {
            // The configuration of both devices is the driver's to change, and not saved here.
            bool isThere = bus.TryReadMemory(place, 1, out _);
            Assert.Equal(isThere, other.TryReadMemory(place, 1, out _));
        }
    }

    private static PciBus NewBus(out VirtioPciFunction[] functions)
    {
        ApicBus apics = new(1, new NoKick(), new NoBroadcast());
        LocalApic apic = new(apics, 0, new uint[LocalApic.PageLength]);
        apic.EnterVirtualWireMode();
        PciBus bus = new(apics, new InterruptLines(null, null), 0);
        functions = [new VirtioPciFunction(new Device(), new Nobody()), new VirtioPciFunction(new Device(), new Nobody())];
        foreach (VirtioPciFunction function in functions)
            Assert.Equal(PciAddStatus.Added, bus.TryAdd(function));
        return bus;
    }

    private sealed class Device() : VirtioDevice(VirtioDeviceId.Console, 1, new NoRam(), 3, 256, 12)
    {
        protected override void OnReset() { }

        protected override void OnConfigurationWrite(int offset, ReadOnlySpan<byte> source) => source.CopyTo(Configuration[offset..]);

        protected override ServiceOutcome OnService(int index, Virtqueue queue, int budget) => ServiceOutcome.Idle;

        protected override ChainOutcome OnChain(int index, DescriptorChain chain, ref long budget, out uint written)
        {
            written = 0;
            return ChainOutcome.Used;
        }
    }

    private sealed class NoRam : GuestRam
    {
        public override bool Contains(GuestPhysicalAddress address, ulong length) => address.Value < 1 << 30 && length < 1 << 20;

        public override bool TryGetReadable(GuestPhysicalAddress address, uint length, out ReadOnlySpan<byte> bytes)
        {
            bytes = default;
            return false;
        }

        public override bool TryGetWritable(GuestPhysicalAddress address, uint length, out Span<byte> bytes)
        {
            bytes = default;
            return false;
        }

        public override Span<ushort> HalfWords(GuestPhysicalAddress address, int count) => default;

        public override Span<ulong> Words(GuestPhysicalAddress address, int count) => default;

        public override bool TryExchange(GuestPhysicalAddress address, uint value, out uint before)
        {
            before = 0;
            return false;
        }
    }

    private sealed class Nobody : VirtioNotifications
    {
        public override void Notified(VirtioDevice device, int queue) { }

        public override void BeginReset(VirtioDevice device) { }

        public override void ResetDone(VirtioDevice device) { }
    }

    private sealed class NoKick : VcpuKick
    {
        public override void Kick(int vcpu) { }
    }

    private sealed class NoBroadcast : EndOfInterruptListener
    {
        public override void EndOfInterrupt(int vector) { }
    }
}
