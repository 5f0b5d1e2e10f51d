using HyperOS.Core;
using HyperOS.Emulation;
using HyperOS.Specs.X86;

namespace HyperOS.Tests.Fuzz.Emulation;

/// <summary>Random code in a random state, in memory that holds random page tables: every run ends with an outcome.</summary>
public class InstructionEmulatorFuzz
{
    private static readonly byte[] s_likely =
        [0x66, 0x67, 0xF0, 0xF2, 0xF3, 0x48, 0x4C, 0x64, 0x0F, 0x88, 0x89, 0x8B, 0xA4, 0xA5, 0xAB, 0x6D, 0x6F, 0xF7, 0xFF, 0xC7, 0xB1, 0xD3, 0x38];

    [Fact]
    public void Random_bytes_decode_to_at_most_fifteen_bytes_or_to_nothing() => FuzzRun.Run(random =>
    {
        byte[] bytes = RandomCode(random);
        CodeSize codeSize = (CodeSize)random.Next(3);
        if (InstructionDecoder.Decode(bytes, codeSize, out Instruction instruction) == DecodeResult.Decoded)
            Assert.InRange(instruction.Length, 1, Math.Min(bytes.Length, 15));
        if (InterceptedInstructionDecoder.Decode(bytes, codeSize, out InterceptedInstruction intercepted) == DecodeResult.Decoded)
            Assert.InRange(intercepted.Length, 1, Math.Min(bytes.Length, 15));
    });

    [Fact]
    public void Random_code_in_a_random_state_always_ends_with_an_outcome() => FuzzRun.Run(random =>
    {
        FuzzBus bus = new(random);
        InstructionEmulator emulator = new(bus);
        ref GuestCpuState state = ref emulator.State;
        for (int i = 0; i < 16; i++)
            state.Registers[i] = Value(random);
        state.RIP = Value(random);
        state.RFLAGS = (Rflags)Value(random);
        state.CR0 = (Cr0)Value(random) | (random.Next(4) == 0 ? Cr0.PG : 0);
        state.CR3 = Value(random);
        state.CR4 = (Cr4)Value(random);
        state.EFER = (Efer)Value(random);
        state.CPL = (byte)random.Next(4);
        state.PhysicalAddressBits = (byte)random.Next(32, 53);
        state.CS = Segment(random);
        state.SS = Segment(random);
        state.DS = Segment(random);
        state.ES = Segment(random);
        state.FS = Segment(random);
        state.GS = Segment(random);
        if (random.Next(4) == 0)
            emulator.UseNestedFault(new GuestPhysicalAddress(Value(random)), random.Next(2) == 0);

        for (int run = 0; run < 4; run++)
        {
            ulong rip = state.RIP;
            EmulationOutcome outcome = random.Next(4) == 0 ? emulator.Run(8) : emulator.Run(RandomCode(random), random.Next(-1, 8));
            FuzzRun.Saw(outcome);
            Assert.True(Enum.IsDefined(outcome));
            Assert.InRange(emulator.Code.Length, 0, 15);
            if (outcome != EmulationOutcome.Completed)
                Assert.Equal(rip, state.RIP);
            emulator.DecodeIntercepted(out _);
        }
    });

    [Fact]
    public void Random_tables_are_walked_to_an_answer() => FuzzRun.Run(random =>
    {
        FuzzBus bus = new(random);
        GuestCpuState state = new()
        {
            CR0 = Cr0.PE | Cr0.PG | (Cr0)Value(random),
            CR3 = Value(random),
            CR4 = (Cr4)Value(random),
            EFER = (Efer)Value(random),
            RFLAGS = (Rflags)Value(random),
            CPL = (byte)random.Next(4),
            PhysicalAddressBits = (byte)random.Next(32, 53),
        };
        for (int walk = 0; walk < 8; walk++)
        {
            PageWalkResult result = GuestPageWalker.Translate(bus, in state, Value(random), (PageAccess)random.Next(3), out _, out PageFaultErrorCode code);
            FuzzRun.Saw(result);
            FuzzRun.Saw(code);
        }
    });

    private static byte[] RandomCode(Random random)
    {
        byte[] bytes = new byte[random.Next(0, 17)];
        random.NextBytes(bytes);
        for (int i = 0; i < Math.Min(bytes.Length, random.Next(4)); i++)
            bytes[i] = s_likely[random.Next(s_likely.Length)];
        return bytes;
    }

    private static SegmentState Segment(Random random) => new()
    {
        Attributes = (SegmentAttributes)(random.Next(3) == 0 ? random.Next(0x1000) : 0x293),
        Limit = random.Next(2) == 0 ? uint.MaxValue : (uint)Value(random),
        Base = random.Next(2) == 0 ? 0 : Value(random),
    };

    /// <summary>Small, large, at a power of two or anywhere.</summary>
    private static ulong Value(Random random) => random.Next(6) switch
    {
        0 => (ulong)random.Next(0x4000),
        1 => unchecked((ulong)-random.Next(0x40)),
        2 => unchecked((1ul << random.Next(64)) - (ulong)random.Next(16)),
        3 => (uint)random.NextInt64(),
        _ => unchecked((ulong)random.NextInt64() * 2),
    };

    /// <summary>4 KiB of random memory repeated over the whole address space; now and then it refuses or changes.</summary>
    private sealed class FuzzBus : GuestBus
    {
        private readonly Random _random;
        private readonly byte[] _memory = new byte[0x1000];

        public FuzzBus(Random random)
        {
            _random = random;
            new Random(random.Next()).NextBytes(_memory);
            // Entries that are present, without reserved bits, make walks go deep.
            for (int i = 0; i < _memory.Length; i += 8)
            {
                _memory[i] |= 0x07;
                if (random.Next(8) != 0)
                    _memory.AsSpan(i + 4, 4).Clear();
            }
        }

        public override BusResult Read(GuestPhysicalAddress address, int size, out ulong value)
        {
            AssertAccess(address, size);
            value = 0;
            for (int i = 0; i < size; i++)
                value |= (ulong)_memory[(int)((address.Value + (ulong)i) % (ulong)_memory.Length)] << (i * 8);
            return Result();
        }

        public override BusResult Write(GuestPhysicalAddress address, int size, ulong value)
        {
            AssertAccess(address, size);
            for (int i = 0; i < size; i++)
                _memory[(int)((address.Value + (ulong)i) % (ulong)_memory.Length)] = (byte)(value >> (i * 8));
            return Result();
        }

        public override BusResult CompareExchange(GuestPhysicalAddress address, int size, ulong expected, ulong replacement) =>
            _random.Next(8) == 0 ? BusResult.Changed : Write(address, size, replacement);

        public override BusResult Read16(GuestPhysicalAddress address, out ulong low, out ulong high)
        {
            AssertAccess(address, 16);
            low = (ulong)_random.NextInt64();
            high = low;
            return Result();
        }

        public override BusResult Write16(GuestPhysicalAddress address, ulong low, ulong high)
        {
            AssertAccess(address, 16);
            return Result();
        }

        public override BusResult CompareExchange16(
            GuestPhysicalAddress address, ulong expectedLow, ulong expectedHigh, ulong replacementLow, ulong replacementHigh) =>
            Write16(address, replacementLow, replacementHigh);

        public override bool ReadCode(GuestPhysicalAddress address, Span<byte> destination)
        {
            Assert.InRange((int)(address.Value & 0xFFF) + destination.Length, 1, 4096);
            _random.NextBytes(destination);
            return _random.Next(16) != 0;
        }

        public override BusResult Input(ushort port, int size, out uint value)
        {
            Assert.True(size is 1 or 2 or 4);
            value = (uint)_random.NextInt64() >> (32 - (size * 8));
            return Result();
        }

        public override BusResult Output(ushort port, int size, uint value)
        {
            Assert.True(size is 1 or 2 or 4);
            return Result();
        }

        public override void ReadVector(int register, out ulong low, out ulong high)
        {
            Assert.InRange(register, 0, 15);
            low = high = 0;
        }

        public override void WriteVector(int register, ulong low, ulong high) => Assert.InRange(register, 0, 15);

        private BusResult Result() => _random.Next(32) == 0 ? BusResult.Refused : BusResult.Completed;

        private static void AssertAccess(GuestPhysicalAddress address, int size)
        {
            Assert.True(size is 1 or 2 or 4 or 8 or 16);
            Assert.InRange((int)(address.Value & 0xFFF) + size, 1, 4096);
        }
    }
}
