using System.Numerics;
using HyperOS.Emulation;
using HyperOS.Specs.X86;

namespace HyperOS.Tests.Unit.Emulation;

/// <summary>Results and flags of memory operations against a reference that works bit by bit or on whole numbers.</summary>
public class ArithmeticTests
{
    private const ulong CF = 1, PF = 4, AF = 0x10, ZF = 0x40, SF = 0x80, OF = 0x800, All = CF | PF | AF | ZF | SF | OF;
    private const ulong Operand = 0x8000;

    private static readonly int[] s_sizes = [1, 2, 4, 8];

    [Theory]
    [InlineData(0), InlineData(1), InlineData(2), InlineData(3), InlineData(4), InlineData(5), InlineData(6), InlineData(7)]
    public void Two_operand_arithmetic_sets_result_and_flags(int operation)
    {
        ForEachCase((size, left, right, flags) =>
        {
            (BigInteger wide, BigInteger signed, bool isLogic) = operation switch
            {
                0 => ((BigInteger)left + right, Signed(left, size) + Signed(right, size), false),
                1 => (left | right, 0, true),
                2 => ((BigInteger)left + right + (flags & CF), Signed(left, size) + Signed(right, size) + (flags & CF), false),
                3 => ((BigInteger)left - right - (flags & CF), Signed(left, size) - Signed(right, size) - (flags & CF), false),
                4 => (left & right, 0, true),
                6 => (left ^ right, 0, true),
                _ => ((BigInteger)left - right, Signed(left, size) - Signed(right, size), false),
            };
            ulong result = Truncate(wide, size);
            ulong expected = ResultFlags(result, size);
            if (!isLogic)
            {
                bool subtract = operation is 3 or 5 or 7;
                ulong carryIn = operation is 2 or 3 ? flags & CF : 0;
                int low = subtract ? (int)(left & 15) - (int)(right & 15) - (int)carryIn : (int)(left & 15) + (int)(right & 15) + (int)carryIn;
                expected |= (low is < 0 or > 15 ? AF : 0) | (wide < 0 || wide > Largest(size) ? CF : 0) | (signed != Signed(result, size) ? OF : 0);
            }
            ulong defined = isLogic ? All & ~AF : All;
            ulong stored = operation == 7 ? left : result;
            foreach (bool registerIsDestination in new[] { false, true })
            {
                TestMachine machine = Prepare(left, right, size, flags);
                if (registerIsDestination)
                {
                    machine.Bus.Poke(Operand, right, size);
                    machine[GeneralRegister.RCX] = left;
                }
                machine.Run(Encode(size, (byte)(operation * 8 | (registerIsDestination ? 2 : 0)), 0x0F));
                Assert.Equal(stored, registerIsDestination ? Truncate(machine[GeneralRegister.RCX], size) : machine.Bus.Peek(Operand, size));
                Assert.Equal(expected & defined, (ulong)machine.State.RFLAGS & defined);
            }
        });
    }

    [Fact]
    public void Increment_decrement_negate_and_complement()
    {
        ForEachCase((size, value, _, flags) =>
        {
            ulong incremented = Truncate((BigInteger)value + 1, size);
            AssertUnary(size, 0xFE, 0, value, flags, incremented,
                ResultFlags(incremented, size) | (flags & CF) | ((value & 15) == 15 ? AF : 0) | (Signed(value, size) == (Largest(size) >> 1) ? OF : 0), All);

            ulong decremented = Truncate((BigInteger)value - 1, size);
            AssertUnary(size, 0xFE, 1, value, flags, decremented,
                ResultFlags(decremented, size) | (flags & CF) | ((value & 15) == 0 ? AF : 0)
                    | (Signed(decremented, size) == (Largest(size) >> 1) ? OF : 0), All);

            ulong negated = Truncate(-(BigInteger)value, size);
            AssertUnary(size, 0xF6, 3, value, flags, negated,
                ResultFlags(negated, size) | (value != 0 ? CF : 0) | ((value & 15) != 0 ? AF : 0) | (value != 0 && negated == value ? OF : 0), All);

            AssertUnary(size, 0xF6, 2, value, flags, Truncate(~value, size), flags & All, All);
        });
    }

    [Theory]
    [InlineData(0), InlineData(1), InlineData(2), InlineData(3), InlineData(4), InlineData(5), InlineData(6), InlineData(7)]
    public void Shifts_and_rotates_move_bit_by_bit(int operation)
    {
        ForEachCase((size, value, random, flags) =>
        {
            int bits = size * 8;
            int count = (int)(random & 0xFF);
            int masked = count & (size == 8 ? 63 : 31);
            ulong result = value;
            ulong carry = flags & CF;
            for (int i = 0; i < masked; i++)
            {
                ulong top = result >> (bits - 1) & 1;
                ulong bottom = result & 1;
                (result, carry) = operation switch
                {
                    0 => (result << 1 | top, top),
                    1 => (result >> 1 | bottom << (bits - 1), bottom),
                    2 => (result << 1 | carry, top),
                    3 => (result >> 1 | carry << (bits - 1), bottom),
                    4 or 6 => (result << 1, top),
                    5 => (result >> 1, bottom),
                    _ => (result >> 1 | top << (bits - 1), bottom),
                };
                result = Truncate(result, size);
            }
            bool isShift = operation >= 4;
            ulong expected = isShift ? ResultFlags(result, size) : flags & (PF | AF | ZF | SF);
            expected |= carry;
            if ((value ^ result) >> (bits - 1) != 0)
                expected |= OF;
            ulong defined = masked == 0 ? All : All & ~OF;
            if (masked == 0)
                expected = flags & All;
            else if (isShift)
                defined &= masked >= bits && operation != 7 ? ~(AF | CF) : ~AF;
            if (masked == 1)
                defined |= OF;

            TestMachine machine = Prepare(value, (ulong)count, size, flags);
            machine.Run(Encode(size, 0xD2, (byte)(operation << 3 | 7)));
            Assert.Equal(result, machine.Bus.Peek(Operand, size));
            Assert.Equal(expected & defined, (ulong)machine.State.RFLAGS & defined);

            machine = Prepare(value, 0, size, flags);
            machine.Run([.. Encode(size, 0xC0, (byte)(operation << 3 | 7)), (byte)count]);
            Assert.Equal(result, machine.Bus.Peek(Operand, size));
        });
    }

    [Fact]
    public void Multiplication_gives_both_halves()
    {
        ForEachCase((size, left, right, flags) =>
        {
            foreach (bool signed in new[] { false, true })
            {
                BigInteger product = signed ? Signed(left, size) * Signed(right, size) : (BigInteger)left * right;
                TestMachine machine = Prepare(left, 0, size, flags);
                machine[GeneralRegister.RAX] = right;
                machine.Run(Encode(size, 0xF6, (byte)(signed ? 0x2F : 0x27)));
                ulong low = Truncate(product, size);
                ulong high = Truncate(product >> (size * 8), size);
                if (size == 1)
                {
                    Assert.Equal(high << 8 | low, machine[GeneralRegister.RAX] & 0xFFFF);
                }
                else
                {
                    Assert.Equal(low, Truncate(machine[GeneralRegister.RAX], size));
                    Assert.Equal(high, Truncate(machine[GeneralRegister.RDX], size));
                }
                bool fits = signed ? product == Signed(low, size) : high == 0;
                Assert.Equal(fits ? 0 : CF | OF, (ulong)machine.State.RFLAGS & (CF | OF));

                if (signed && size > 1)
                {
                    machine = Prepare(left, right, size, flags);
                    machine.Run([.. Encode(size, 0x0F, 0xAF, 0x0F)]);
                    Assert.Equal(low, Truncate(machine[GeneralRegister.RCX], size));
                    Assert.Equal(fits ? 0 : CF | OF, (ulong)machine.State.RFLAGS & (CF | OF));
                }
            }
        });
    }

    [Fact]
    public void Division_gives_quotient_and_remainder_or_a_divide_error()
    {
        int divided = 0;
        ForEachCase((size, low, divisor, flags) =>
        {
            foreach (ulong high in new ulong[] { 0, Truncate(divisor / 3, size), Truncate(ulong.MaxValue, size), low })
            {
                foreach (bool signed in new[] { false, true })
                {
                    BigInteger dividend = ((BigInteger)high << (size * 8)) + low;
                    BigInteger by = divisor;
                    if (signed)
                    {
                        dividend = (Signed(high, size) << (size * 8)) + low;
                        by = Signed(divisor, size);
                    }
                    TestMachine machine = Prepare(divisor, 0, size, flags);
                    machine[GeneralRegister.RAX] = size == 1 ? high << 8 | low : low;
                    machine[GeneralRegister.RDX] = high;
                    EmulationOutcome outcome = machine.Run(Encode(size, 0xF6, (byte)(signed ? 0x3F : 0x37)));
                    BigInteger quotient = by == 0 ? 0 : BigInteger.Divide(dividend, by);
                    bool fits = by != 0 && (signed ? quotient == Signed(Truncate(quotient, size), size) : quotient <= Largest(size));
                    if (!fits)
                    {
                        machine.AssertException(outcome, ExceptionVector.DE);
                        continue;
                    }
                    divided++;
                    Assert.Equal(EmulationOutcome.Completed, outcome);
                    ulong remainder = Truncate(BigInteger.Remainder(dividend, by), size);
                    Assert.Equal(Truncate(quotient, size), Truncate(machine[GeneralRegister.RAX], size));
                    Assert.Equal(remainder, size == 1 ? machine[GeneralRegister.RAX] >> 8 & 0xFF : Truncate(machine[GeneralRegister.RDX], size));
                }
            }
        });
        Assert.True(divided > 1000);
    }

    [Theory]
    [InlineData(0xA3, 0), InlineData(0xAB, 1), InlineData(0xB3, 2), InlineData(0xBB, 3)]
    public void A_bit_test_by_register_reaches_around_its_operand(byte opcode, int operation)
    {
        foreach (int size in s_sizes[1..])
        {
            for (int bit = -300; bit < 300; bit += 7)
            {
                TestMachine machine = Prepare(0, Truncate((BigInteger)bit, size), size, 0);
                int byteOffset = (int)Math.Floor(bit / 8.0);
                byte before = (byte)(0xA5 ^ bit);
                machine.Bus.Memory[(int)Operand + byteOffset] = before;
                machine.Run([.. Encode(size, 0x0F, opcode, 0x0F)]);
                byte mask = (byte)(1 << (bit & 7));
                Assert.Equal((before & mask) != 0, ((ulong)machine.State.RFLAGS & CF) != 0);
                int after = operation switch { 0 => before, 1 => before | mask, 2 => before & ~mask, _ => before ^ mask };
                Assert.Equal((byte)after, machine.Bus.Memory[(int)Operand + byteOffset]);
            }
        }
    }

    [Fact]
    public void A_bit_test_by_immediate_stays_within_its_operand()
    {
        TestMachine machine = Prepare(0, 0, 4, 0);
        machine.Run("0F BA 2F 21");
        Assert.Equal(2ul, machine.Bus.Peek(Operand, 4));
        Assert.Equal(0ul, machine.Bus.Peek(Operand + 4, 4));
    }

    [Fact]
    public void Bit_scans_leave_the_destination_alone_when_there_is_no_bit()
    {
        TestMachine machine = Prepare(0, 0x1122334455667788, 4, 0);
        machine.Run("0F BC 0F");
        Assert.Equal(0x1122334455667788ul, machine[GeneralRegister.RCX]);
        Assert.Equal(ZF, (ulong)machine.State.RFLAGS & ZF);

        machine = Prepare(0x00F0_0000, ulong.MaxValue, 4, ZF);
        machine.Run("0F BC 0F");
        Assert.Equal(20ul, machine[GeneralRegister.RCX]);
        Assert.Equal(0ul, (ulong)machine.State.RFLAGS & ZF);

        machine = Prepare(0x00F0_0000, ulong.MaxValue, 4, ZF);
        machine.Run("0F BD 0F");
        Assert.Equal(23ul, machine[GeneralRegister.RCX]);
    }

    [Fact]
    public void Conditions_follow_the_flags()
    {
        for (int condition = 0; condition < 16; condition++)
        {
            for (int combination = 0; combination < 32; combination++)
            {
                bool c = (combination & 1) != 0, p = (combination & 2) != 0, z = (combination & 4) != 0;
                bool s = (combination & 8) != 0, o = (combination & 16) != 0;
                ulong flags = (c ? CF : 0) | (p ? PF : 0) | (z ? ZF : 0) | (s ? SF : 0) | (o ? OF : 0);
                bool expected = condition switch
                {
                    0 => o, 1 => !o, 2 => c, 3 => !c, 4 => z, 5 => !z, 6 => c || z, 7 => !c && !z,
                    8 => s, 9 => !s, 10 => p, 11 => !p, 12 => s != o, 13 => s == o, 14 => z || s != o, _ => !z && s == o,
                };
                TestMachine machine = Prepare(0x55, 0, 1, flags);
                machine.Run([0x0F, (byte)(0x90 + condition), 0x07]);
                Assert.Equal(expected ? 1ul : 0, machine.Bus.Peek(Operand, 1));

                machine = Prepare(0x1234_5678, ulong.MaxValue, 4, flags);
                machine.Run([0x0F, (byte)(0x40 + condition), 0x0F]);
                Assert.Equal(expected ? 0x1234_5678ul : 0xFFFF_FFFF, machine[GeneralRegister.RCX]);
            }
        }
    }

    private static void AssertUnary(int size, byte opcode, int group, ulong value, ulong flags, ulong result, ulong expected, ulong defined)
    {
        TestMachine machine = Prepare(value, 0, size, flags);
        machine.Run(Encode(size, opcode, (byte)(group << 3 | 7)));
        Assert.Equal(result, machine.Bus.Peek(Operand, size));
        Assert.Equal(expected & defined, (ulong)machine.State.RFLAGS & defined);
    }

    /// <summary>Memory at [rDI] and rCX.</summary>
    private static TestMachine Prepare(ulong memory, ulong register, int size, ulong flags)
    {
        TestMachine machine = TestMachine.Long();
        machine[GeneralRegister.RDI] = Operand;
        machine[GeneralRegister.RCX] = register;
        machine.State.RFLAGS |= (Rflags)flags;
        machine.Bus.Poke(Operand, memory, size);
        return machine;
    }

    /// <summary>The even opcode for bytes, the odd one with prefixes for the other sizes.</summary>
    private static byte[] Encode(int size, byte opcode, byte modRm) => size switch
    {
        1 => [opcode, modRm],
        2 => [0x66, (byte)(opcode + 1), modRm],
        4 => [(byte)(opcode + 1), modRm],
        _ => [0x48, (byte)(opcode + 1), modRm],
    };

    private static byte[] Encode(int size, byte escape, byte opcode, byte modRm) => size switch
    {
        2 => [0x66, escape, opcode, modRm],
        4 => [escape, opcode, modRm],
        _ => [0x48, escape, opcode, modRm],
    };

    private static void ForEachCase(Action<int, ulong, ulong, ulong> test)
    {
        Random random = new(3);
        foreach (int size in s_sizes)
        {
            ulong top = 1ul << ((size * 8) - 1);
            ulong[] edges = [0, 1, 2, 0xF, 0x10, top - 1, top, top + 1, Truncate(ulong.MaxValue, size)];
            foreach (ulong left in edges)
            {
                foreach (ulong right in edges)
                    test(size, left, right, (ulong)random.NextInt64() & All);
            }
            for (int i = 0; i < 300; i++)
                test(size, Truncate((ulong)random.NextInt64() * 3, size), Truncate((ulong)random.NextInt64() * 3, size), (ulong)random.NextInt64() & All);
        }
    }

    private static BigInteger Largest(int size) => (BigInteger.One << (size * 8)) - 1;

    private static ulong Truncate(BigInteger value, int size) => (ulong)(value & Largest(size));

    private static BigInteger Signed(ulong value, int size) => value > (ulong)(Largest(size) >> 1) ? value - Largest(size) - 1 : value;

    private static ulong ResultFlags(ulong result, int size) =>
        (result == 0 ? ZF : 0) | (Signed(result, size) < 0 ? SF : 0) | (BitOperations.PopCount(result & 0xFF) % 2 == 0 ? PF : 0);
}
