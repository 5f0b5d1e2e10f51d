using System;
using System.Numerics;
using HyperOS.Specs.X86;

namespace HyperOS.Emulation;

/// <summary>
/// Results and status flags of the integer instructions (AMD APM vol. 3, "General-Purpose Instruction Reference"). Operands are zero-extended and
/// <c>size</c> bytes wide; flags that the manual leaves undefined are cleared by logic and shifts and kept by the rest.
/// </summary>
internal static class Arithmetic
{
    private const Rflags StatusFlags = Rflags.CF | Rflags.PF | Rflags.AF | Rflags.ZF | Rflags.SF | Rflags.OF;

    public static ulong Mask(int size) => ulong.MaxValue >> (64 - (size * 8));

    public static ulong SignExtend(ulong value, int size)
    {
        int unused = 64 - (size * 8);
        return unchecked((ulong)((long)(value << unused) >> unused));
    }

    /// <summary>Operations that turn a destination and a source (ignored by those with one operand) into a new destination and flags.</summary>
    public static ulong Compute(Operation operation, ulong destination, ulong source, int size, ref Rflags flags)
    {
        switch (operation)
        {
            case Operation.ADD or Operation.XADD: return Add(destination, source, 0, size, ref flags);
            case Operation.ADC: return Add(destination, source, Carry(flags), size, ref flags);
            case Operation.SUB or Operation.CMP: return Subtract(destination, source, 0, size, ref flags);
            case Operation.SBB: return Subtract(destination, source, Carry(flags), size, ref flags);
            case Operation.NEG: return Subtract(0, destination, 0, size, ref flags);
            case Operation.AND or Operation.TEST: return Logic(destination & source, size, ref flags);
            case Operation.OR: return Logic(destination | source, size, ref flags);
            case Operation.XOR: return Logic(destination ^ source, size, ref flags);
            case Operation.INC:
            {
                Rflags carry = flags & Rflags.CF;
                ulong result = Add(destination, 1, 0, size, ref flags);
                flags = (flags & ~Rflags.CF) | carry;
                return result;
            }
            case Operation.DEC:
            {
                Rflags carry = flags & Rflags.CF;
                ulong result = Subtract(destination, 1, 0, size, ref flags);
                flags = (flags & ~Rflags.CF) | carry;
                return result;
            }
            case Operation.NOT: return ~destination & Mask(size);
            case Operation.ROL or Operation.ROR: return Rotate(operation, destination, source, size, ref flags);
            case Operation.RCL or Operation.RCR: return RotateThroughCarry(operation, destination, source, size, ref flags);
            case Operation.SHL or Operation.SAL or Operation.SHR or Operation.SAR: return Shift(operation, destination, source, size, ref flags);
            case Operation.BT or Operation.BTS or Operation.BTR or Operation.BTC: return BitTest(operation, destination, source, size, ref flags);
            default: return source;
        }
    }

    /// <summary>IMUL with two or three operands.</summary>
    public static ulong MultiplySigned(ulong left, ulong right, int size, ref Rflags flags)
    {
        ulong high = MultiplySigned(SignExtend(left, size), SignExtend(right, size), out ulong low);
        SetMultiplyFlags(FitsSigned(high, low, size), ref flags);
        return low & Mask(size);
    }

    /// <summary>MUL and IMUL with one operand: the product, twice as wide as the operands, in two halves of <paramref name="size"/> bytes.</summary>
    public static void Multiply(bool signed, ulong left, ulong right, int size, out ulong low, out ulong high, ref Rflags flags)
    {
        ulong productLow;
        ulong productHigh = signed
            ? MultiplySigned(SignExtend(left, size), SignExtend(right, size), out productLow)
            : Math.BigMul(left, right, out productLow);
        low = productLow & Mask(size);
        high = size == 8 ? productHigh : productLow >> (size * 8) & Mask(size);
        SetMultiplyFlags(signed ? FitsSigned(productHigh, productLow, size) : high == 0, ref flags);
    }

    /// <summary>DIV and IDIV: a dividend in two halves of <paramref name="size"/> bytes. Flags stay as they are: undefined.</summary>
    /// <returns>False for #DE: divisor zero, or a quotient that is too large.</returns>
    public static bool TryDivide(bool signed, ulong high, ulong low, ulong divisor, int size, out ulong quotient, out ulong remainder)
    {
        unchecked
        {
            if (size < 8)
            {
                low |= high << (size * 8);
                high = 0;
            }
            if (!signed)
                return TryDivide(high, low, divisor, out quotient, out remainder) && quotient <= Mask(size);

            if (size < 8)
            {
                low = SignExtend(low, size * 2);
                high = (ulong)((long)low >> 63);
            }
            bool negativeDividend = (long)high < 0;
            divisor = SignExtend(divisor, size);
            bool negativeDivisor = (long)divisor < 0;
            if (negativeDividend)
            {
                low = 0 - low;
                high = ~high + (low == 0 ? 1ul : 0);
            }
            if (!TryDivide(high, low, negativeDivisor ? 0 - divisor : divisor, out quotient, out remainder))
                return false;

            bool negativeQuotient = negativeDividend != negativeDivisor;
            ulong largest = Mask(size) >> 1;
            if (quotient > (negativeQuotient ? largest + 1 : largest))
                return false;
            quotient = (negativeQuotient ? 0 - quotient : quotient) & Mask(size);
            remainder = (negativeDividend ? 0 - remainder : remainder) & Mask(size);
            return true;
        }
    }

    /// <summary>BSF and BSR of a value that is not zero.</summary>
    public static ulong BitScan(Operation operation, ulong value) =>
        (ulong)(operation == Operation.BSF ? BitOperations.TrailingZeroCount(value) : BitOperations.Log2(value));

    /// <summary>AMD APM vol. 3, "rFLAGS Condition Codes": odd conditions are the even ones negated.</summary>
    public static bool IsMet(Condition condition, Rflags flags)
    {
        bool met = (Condition)((int)condition & ~1) switch
        {
            Condition.O => (flags & Rflags.OF) != 0,
            Condition.B => (flags & Rflags.CF) != 0,
            Condition.Z => (flags & Rflags.ZF) != 0,
            Condition.BE => (flags & (Rflags.CF | Rflags.ZF)) != 0,
            Condition.S => (flags & Rflags.SF) != 0,
            Condition.P => (flags & Rflags.PF) != 0,
            Condition.L => ((flags & Rflags.SF) != 0) != ((flags & Rflags.OF) != 0),
            _ => (flags & Rflags.ZF) != 0 || ((flags & Rflags.SF) != 0) != ((flags & Rflags.OF) != 0),
        };
        return met != (((int)condition & 1) != 0);
    }

    /// <summary>0 or 1.</summary>
    private static ulong Carry(Rflags flags) => (ulong)(flags & Rflags.CF);

    private static ulong Add(ulong left, ulong right, ulong carry, int size, ref Rflags flags)
    {
        ulong result = unchecked(left + right + carry) & Mask(size);
        ulong carries = (left & right) | ((left | right) & ~result);
        SetAddFlags(left ^ right ^ result, carries, (left ^ result) & (right ^ result), result, size, ref flags);
        return result;
    }

    private static ulong Subtract(ulong left, ulong right, ulong borrow, int size, ref Rflags flags)
    {
        ulong result = unchecked(left - right - borrow) & Mask(size);
        ulong borrows = (~left & right) | ((~left | right) & result);
        SetAddFlags(left ^ right ^ result, borrows, (left ^ right) & (left ^ result), result, size, ref flags);
        return result;
    }

    /// <summary>Carry and overflow are the top bits of their operands, the auxiliary carry is bit 4 of its.</summary>
    private static void SetAddFlags(ulong auxiliary, ulong carries, ulong overflow, ulong result, int size, ref Rflags flags)
    {
        int top = (size * 8) - 1;
        flags = (flags & ~StatusFlags) | ResultFlags(result, size) | ((Rflags)auxiliary & Rflags.AF);
        if ((carries >> top & 1) != 0)
            flags |= Rflags.CF;
        if ((overflow >> top & 1) != 0)
            flags |= Rflags.OF;
    }

    private static ulong Logic(ulong result, int size, ref Rflags flags)
    {
        flags = (flags & ~StatusFlags) | ResultFlags(result, size);
        return result;
    }

    private static ulong Shift(Operation operation, ulong value, ulong source, int size, ref Rflags flags)
    {
        int bits = size * 8;
        int count = (int)(source & (size == 8 ? 0x3Fu : 0x1Fu));
        if (count == 0)
            return value;
        ulong top = 1ul << (bits - 1);
        ulong result;
        bool carry;
        bool overflow;
        if (operation == Operation.SHR)
        {
            result = value >> count;
            carry = (value >> (count - 1) & 1) != 0;
            overflow = (value & top) != 0;
        }
        else if (operation == Operation.SAR)
        {
            ulong extended = SignExtend(value, size);
            result = unchecked((ulong)((long)extended >> count)) & Mask(size);
            carry = (unchecked((ulong)((long)extended >> (count - 1))) & 1) != 0;
            overflow = false;
        }
        else
        {
            result = (value << count) & Mask(size);
            carry = count <= bits && (value >> (bits - count) & 1) != 0;
            overflow = carry != ((result & top) != 0);
        }
        flags = (flags & ~StatusFlags) | ResultFlags(result, size);
        if (carry)
            flags |= Rflags.CF;
        if (overflow)
            flags |= Rflags.OF;
        return result;
    }

    private static ulong Rotate(Operation operation, ulong value, ulong source, int size, ref Rflags flags)
    {
        int bits = size * 8;
        int masked = (int)(source & (size == 8 ? 0x3Fu : 0x1Fu));
        if (masked == 0)
            return value;
        int count = masked % bits;
        int left = operation == Operation.ROL ? count : (bits - count) % bits;
        ulong result = left == 0 ? value : ((value << left) | (value >> (bits - left))) & Mask(size);
        ulong topBit = result >> (bits - 1) & 1;
        ulong carry = operation == Operation.ROL ? result & 1 : topBit;
        ulong overflow = operation == Operation.ROL ? topBit ^ carry : topBit ^ (result >> (bits - 2) & 1);
        SetRotateFlags(carry, overflow, ref flags);
        return result;
    }

    private static ulong RotateThroughCarry(Operation operation, ulong value, ulong source, int size, ref Rflags flags)
    {
        int bits = size * 8;
        int count = (int)(source & (size == 8 ? 0x3Fu : 0x1Fu)) % (bits + 1);
        if (count == 0)
            return value;
        ulong carry = Carry(flags);
        for (; count > 0; count--)
        {
            ulong topBit = value >> (bits - 1) & 1;
            if (operation == Operation.RCL)
            {
                value = (value << 1 | carry) & Mask(size);
                carry = topBit;
            }
            else
            {
                ulong out0 = value & 1;
                value = value >> 1 | carry << (bits - 1);
                carry = out0;
            }
        }
        ulong resultTop = value >> (bits - 1) & 1;
        ulong overflow = operation == Operation.RCL ? resultTop ^ carry : resultTop ^ (value >> (bits - 2) & 1);
        SetRotateFlags(carry, overflow, ref flags);
        return value;
    }

    private static void SetRotateFlags(ulong carry, ulong overflow, ref Rflags flags)
    {
        flags = (flags & ~(Rflags.CF | Rflags.OF)) | (Rflags)carry;
        if (overflow != 0)
            flags |= Rflags.OF;
    }

    /// <summary>The bit's number is taken modulo the operand's width.</summary>
    private static ulong BitTest(Operation operation, ulong value, ulong source, int size, ref Rflags flags)
    {
        ulong bit = 1ul << (int)(source & (ulong)((size * 8) - 1));
        flags &= ~Rflags.CF;
        if ((value & bit) != 0)
            flags |= Rflags.CF;
        return operation switch
        {
            Operation.BTS => value | bit,
            Operation.BTR => value & ~bit,
            Operation.BTC => value ^ bit,
            _ => value,
        };
    }

    /// <summary>PF, ZF and SF.</summary>
    private static Rflags ResultFlags(ulong result, int size)
    {
        Rflags flags = 0;
        uint parity = (uint)(result & 0xFF);
        parity ^= parity >> 4;
        // Bit n of the constant: n has an even number of ones.
        if ((0x9669u >> (int)(parity & 0xF) & 1) != 0)
            flags |= Rflags.PF;
        if (result == 0)
            flags |= Rflags.ZF;
        if ((result >> ((size * 8) - 1) & 1) != 0)
            flags |= Rflags.SF;
        return flags;
    }

    private static ulong MultiplySigned(ulong left, ulong right, out ulong low)
    {
        unchecked
        {
            ulong high = Math.BigMul(left, right, out low);
            if ((long)left < 0)
                high -= right;
            if ((long)right < 0)
                high -= left;
            return high;
        }
    }

    /// <summary>The product is its own lower half sign-extended.</summary>
    private static bool FitsSigned(ulong high, ulong low, int size) => low == SignExtend(low, size) && high == unchecked((ulong)((long)low >> 63));

    private static void SetMultiplyFlags(bool fits, ref Rflags flags)
    {
        flags &= ~(Rflags.CF | Rflags.OF);
        if (!fits)
            flags |= Rflags.CF | Rflags.OF;
    }

    /// <summary>128 by 64 bits; false if the quotient needs more than 64.</summary>
    private static bool TryDivide(ulong high, ulong low, ulong divisor, out ulong quotient, out ulong remainder)
    {
        quotient = 0;
        remainder = 0;
        if (high >= divisor)
            return false;
        if (high == 0)
        {
            quotient = low / divisor;
            remainder = low % divisor;
            return true;
        }
        for (int bit = 0; bit < 64; bit++)
        {
            bool overflow = high >> 63 != 0;
            high = high << 1 | low >> 63;
            low <<= 1;
            if (overflow || high >= divisor)
            {
                high = unchecked(high - divisor);
                low |= 1;
            }
        }
        quotient = low;
        remainder = high;
        return true;
    }
}
