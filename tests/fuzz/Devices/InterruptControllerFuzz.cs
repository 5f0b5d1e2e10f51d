using System.Numerics;
using System.Runtime.InteropServices;
using HyperOS.Abi.State;
using HyperOS.Core;
using HyperOS.Devices;

namespace HyperOS.Tests.Fuzz.Devices;

/// <summary>
/// A machine of local APICs, I/O APIC and 8259A pair under random register accesses, pin changes, messages and time steps: no access fails
/// a check, and what the manuals promise holds after each.
/// </summary>
public class InterruptControllerFuzz
{
    private const int Steps = 40;

    private sealed class Kicks(int vcpus) : VcpuKick
    {
        public override void Kick(int vcpu) => Assert.InRange(vcpu, 0, vcpus - 1);
    }

    private sealed class Broadcasts : EndOfInterruptListener
    {
        public IoApic? IoApic { get; set; }

        public override void EndOfInterrupt(int vector) => IoApic!.EndOfInterrupt(vector);
    }

    // So small that records often reach beyond it.
    private sealed class SmallRam : GuestRam
    {
        public const int Size = 256;

        public byte[] Bytes { get; } = new byte[Size];

        public override bool Contains(GuestPhysicalAddress address, ulong length) => address.Value <= Size && length <= Size - address.Value;

        public override bool TryGetReadable(GuestPhysicalAddress address, uint length, out ReadOnlySpan<byte> bytes)
        {
            bool found = TryGetWritable(address, length, out Span<byte> writable);
            bytes = writable;
            return found;
        }

        public override bool TryGetWritable(GuestPhysicalAddress address, uint length, out Span<byte> bytes)
        {
            bool found = address.Value < Size;
            bytes = found ? Bytes.AsSpan((int)address.Value, (int)Math.Min(length, Size - address.Value)) : default;
            return found;
        }

        public override Span<ushort> HalfWords(GuestPhysicalAddress address, int count) => default;

        public override Span<ulong> Words(GuestPhysicalAddress address, int count) => default;

        public override bool TryExchange(GuestPhysicalAddress address, uint value, out uint before)
        {
            before = 0;
            if (!Contains(address, sizeof(uint)))
                return false;
            before = Interlocked.Exchange(ref MemoryMarshal.AsRef<uint>(Bytes.AsSpan((int)address.Value)), value);
            return true;
        }
    }

    private sealed class Machine
    {
        private readonly Random _random;
        private readonly ApicBus _bus;
        private readonly LocalApic[] _apics;
        private readonly uint[][] _pages;
        private readonly SmallRam _ram = new();
        private readonly KvmRecords[] _records;
        private readonly IoApic _ioApic;
        private readonly ProgrammableInterruptController _pic;
        private readonly InterruptLines _lines;
        private ulong _now;
        private ulong _tsc;

        public Machine(Random random)
        {
            _random = random;
            int vcpus = random.Next(64) == 0 ? random.Next(1, ApicBus.MaxVcpus + 1) : random.Next(1, 4);
            var broadcasts = new Broadcasts();
            _bus = new ApicBus(vcpus, new Kicks(vcpus), broadcasts);
            _apics = new LocalApic[vcpus];
            _pages = new uint[vcpus][];
            _records = new KvmRecords[vcpus];
            for (int i = 0; i < vcpus; i++)
            {
                _pages[i] = new uint[LocalApic.PageLength];
                _apics[i] = new LocalApic(_bus, i, _pages[i]);
                _records[i] = new KvmRecords(_ram, _apics[i]);
            }
            _ioApic = new IoApic(_bus);
            broadcasts.IoApic = _ioApic;
            _pic = new ProgrammableInterruptController(_apics[0]);
            _lines = new InterruptLines(_pic, _ioApic);
            // Most runs begin with APICs that accept something.
            foreach (LocalApic apic in _apics)
            {
                if (random.Next(4) != 0)
                    apic.WriteMmio(0xF0, 4, 0x1FF, 0, 0);
                if (random.Next(2) != 0)
                    apic.WriteApicBase(apic.ApicBase | 0xC00);
            }
        }

        public void Step()
        {
            LocalApic apic = _apics[_random.Next(_apics.Length)];
            switch (_random.Next(18))
            {
                case 0: apic.WriteMmio(Offset(), _random.Next(4) == 0 ? 1 << _random.Next(4) : 4, Value(), _now, _tsc); break;
                case 1: apic.ReadMmio(Offset(), _now, _tsc); break;
                case 2: apic.WriteMsr(0x800 + Offset() / 16, Msr(), _now, _tsc); break;
                case 3: apic.ReadMsr(_random.Next(8) == 0 ? Value() : 0x800 + Offset() / 16, _now, _tsc, out _); break;
                case 4: apic.WriteApicBase(_random.Next(3) == 0 ? Msr() : LocalApic.BaseAddress | (uint)_random.Next(16) << 8); break;
                case 5: apic.WriteTscDeadline(_random.Next(2) == 0 ? Msr() : _tsc + (ulong)_random.Next(2000), _tsc); break;
                case 6: Sleep(); break;
                case 7: _ioApic.Write(_random.Next(8) == 0 ? Value() : (uint)(_random.Next(3) * 0x10 & 0x50), Value()); break;
                case 8:
                    _ioApic.Write(0, (uint)_random.Next(0x42));
                    _ioApic.Write(0x10, Value());
                    _ioApic.Read(0x10);
                    break;
                case 9: _pic.Write(Port(), (byte)_random.Next(256)); break;
                case 10: _pic.Read(Port()); break;
                case 11: _lines.Set(_random.Next(InterruptLines.Count), _random.Next(2) == 0); break;
                case 12: _bus.DeliverMsi(_random.Next(8) == 0 ? Msr() : LocalApic.BaseAddress | (uint)_random.Next(1 << 20), Value()); break;
                case 13: apic.SetLint1(_random.Next(2) == 0); break;
                case 14: apic.Cr8 = Value(); break;
                case 15: apic.TrySendToMany(Msr(), Msr(), _random.Next(2) == 0 ? 32 : 64, _random.Next(2) == 0 ? (uint)_random.Next(70) : Value(), Value(), out _); break;
                case 16: StepRecords(_random.Next(_apics.Length)); break;
                default: RunGuest(_random.Next(_apics.Length)); break;
            }
            for (int i = 0; i < _apics.Length; i++)
                CheckInvariants(_apics[i], _pages[i]);
        }

        /// <summary>Saving, restoring into the same machine and saving again gives the same record.</summary>
        public void CheckSavedState()
        {
            _ioApic.Save(out IoApicState ioApic);
            _pic.Save(out ProgrammableInterruptControllerState pic);
            Assert.Equal(RestoreStatus.Restored, _ioApic.Restore(in ioApic));
            Assert.Equal(RestoreStatus.Restored, _pic.Restore(in pic));
            foreach (LocalApic apic in _apics)
            {
                apic.Save(out LocalApicState before);
                Assert.Equal(RestoreStatus.Restored, apic.Restore(in before));
                apic.Save(out LocalApicState after);
                Assert.Equal(MemoryMarshal.AsBytes(new ReadOnlySpan<LocalApicState>(in before)), MemoryMarshal.AsBytes(new ReadOnlySpan<LocalApicState>(in after)));
            }
        }

        /// <summary>A damaged record is refused, or gives a device that still keeps its promises.</summary>
        public void RestoreDamaged()
        {
            _ioApic.Save(out IoApicState ioApic);
            Damage(ref ioApic);
            _ioApic.Restore(in ioApic);
            _pic.Save(out ProgrammableInterruptControllerState pic);
            Damage(ref pic);
            _pic.Restore(in pic);
            foreach (LocalApic apic in _apics)
            {
                apic.Save(out LocalApicState state);
                Damage(ref state);
                apic.Restore(in state);
            }
        }

        private void Damage<T>(ref T record) where T : unmanaged
        {
            byte[] mutant = FuzzRun.Mutate(_random, MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in record)).ToArray());
            mutant.CopyTo(MemoryMarshal.AsBytes(new Span<T>(ref record)));
        }

        // The KVM interface's records, wherever the guest puts them and whatever it writes there.
        private void StepRecords(int vcpu)
        {
            KvmRecords records = _records[vcpu];
            switch (_random.Next(6))
            {
                case 0: records.TryWriteEndOfInterruptMsr(_random.Next(4) == 0 ? Msr() : (ulong)_random.Next(SmallRam.Size + 8) & ~2ul); break;
                case 1: records.TryWriteStealTimeMsr(_random.Next(4) == 0 ? Msr() : (ulong)_random.Next(SmallRam.Size + 64) & ~0x3Eul, Msr()); break;
                case 2: records.MarkPreempted(); break;
                case 3: records.UpdateStealTime(Msr()); break;
                case 4: _random.NextBytes(_ram.Bytes); break;
                default:
                    records.Save(out KvmRecordsState state);
                    Assert.Equal(RestoreStatus.Restored, records.Restore(in state, 0));
                    Damage(ref state);
                    records.Restore(in state, Msr());
                    break;
            }
        }

        private void RunGuest(int vcpu)
        {
            LocalApic apic = _apics[vcpu];
            KvmRecords records = _records[vcpu];
            records.WithdrawEndOfInterrupt();
            Assert.False(records.IsEndOfInterruptOffered);
            ApicEvents events = apic.Poll(out int vector);
            if ((events & ApicEvents.Init) != 0)
                Assert.True(apic.TakeInit());
            if ((events & ApicEvents.StartUp) != 0)
                apic.TakeStartUp(out _);
            if ((events & ApicEvents.Nmi) != 0)
                apic.TakeNmi();
            if ((events & ApicEvents.ExternalInterrupt) != 0)
            {
                apic.AcknowledgeExternalInterrupt();
                if (_pic.TryAcknowledge(out int external))
                    Assert.InRange(external, 0, 255);
            }
            if (apic.TryGetPending(out vector))
            {
                apic.Acknowledge(vector);
                records.OfferEndOfInterrupt();
                if (_random.Next(2) == 0)
                    _random.NextBytes(_ram.Bytes);
                records.CollectEndOfInterrupt();
                if (apic.CanSkipEndOfInterrupt || _random.Next(2) == 0)
                    apic.EndOfInterrupt();
            }
        }

        private void Sleep()
        {
            _now += (ulong)_random.NextInt64(_random.Next(2) == 0 ? 1000 : 1L << 42);
            _tsc += (ulong)_random.NextInt64(_random.Next(2) == 0 ? 1000 : 1L << 42);
            foreach (LocalApic apic in _apics)
            {
                apic.Advance(_now, _tsc);
                if (apic.TryGetDeadline(out ulong deadline, out bool isTsc))
                    Assert.True(deadline > (isTsc ? _tsc : _now));
            }
        }

        private uint Offset() => _random.Next(8) == 0 ? (uint)_random.Next(0x1000) : (uint)_random.Next(0x40) << 4;

        private uint Value() => _random.Next(4) switch
        {
            0 => (uint)_random.NextInt64(1L << 32),
            1 => (uint)_random.Next(0x80000),
            2 => 1u << _random.Next(32),
            _ => (uint)_random.Next(256),
        };

        private ulong Msr() => _random.Next(4) switch
        {
            0 => (ulong)_random.NextInt64(),
            1 => Value() | (ulong)_random.Next(_apics.Length + 1) << 32,
            2 => 0,
            _ => Value(),
        };

        private ushort Port() => (ushort)(_random.Next(3) switch { 0 => 0x20, 1 => 0xA0, _ => 0x4D0 } + _random.Next(2));

        private static void CheckInvariants(LocalApic apic, uint[] page)
        {
            uint highestInService = 0;
            for (int word = 0; word < 8; word++)
            {
                uint bits = page[0x40 + word * 4];
                Assert.True(BitOperations.PopCount(bits & 0xFFFF) <= 1 && BitOperations.PopCount(bits >> 16) <= 1, "Two vectors of one class are in service.");
                if (bits != 0)
                    highestInService = (uint)(word * 32 + 31 - BitOperations.LeadingZeroCount(bits));
            }
            uint task = page[0x20];
            uint expected = task >> 4 >= highestInService >> 4 ? task : highestInService & 0xF0;
            Assert.Equal(expected, page[0x28]);
            Assert.Equal(0u, (page[0x40] | page[0x80]) & 0xFFFF);

            int highestRequest = -1;
            for (int word = 0; word < 8; word++)
            {
                if (page[0x80 + word * 4] != 0)
                    highestRequest = word * 32 + 31 - BitOperations.LeadingZeroCount(page[0x80 + word * 4]);
            }
            bool isDeliverable = highestRequest >> 4 > (int)expected >> 4;
            // Looking may serve a pin, which adds requests and takes none away.
            if (isDeliverable)
            {
                Assert.True(apic.TryGetPending(out int vector), "A deliverable vector is lost.");
                Assert.True(vector >= highestRequest);
            }
        }
    }

    [Fact]
    public void Random_accesses_keep_the_invariants() => FuzzRun.Run(random =>
    {
        var machine = new Machine(random);
        for (int step = 0; step < Steps; step++)
            machine.Step();
        machine.CheckSavedState();
    });

    [Fact]
    public void Damaged_records_are_refused_or_harmless() => FuzzRun.Run(random =>
    {
        var machine = new Machine(random);
        for (int step = 0; step < Steps / 4; step++)
            machine.Step();
        machine.RestoreDamaged();
        for (int step = 0; step < Steps / 4; step++)
            machine.Step();
    });
}
