using System.Runtime.CompilerServices;

namespace System
{
    public static class Math
    {
        public static int Min(int left, int right) => left < right ? left : right;
        public static uint Min(uint left, uint right) => left < right ? left : right;
        public static long Min(long left, long right) => left < right ? left : right;
        public static ulong Min(ulong left, ulong right) => left < right ? left : right;
        public static int Max(int left, int right) => left > right ? left : right;
        public static uint Max(uint left, uint right) => left > right ? left : right;
        public static long Max(long left, long right) => left > right ? left : right;
        public static ulong Max(ulong left, ulong right) => left > right ? left : right;

        // ILC wants these to exist wherever a checked conversion is compiled; only one from floating point would call them, and there is none.
        private static int ConvertToInt32Checked(double value) => (int)NoFloatingPoint();
        private static uint ConvertToUInt32Checked(double value) => (uint)NoFloatingPoint();
        private static long ConvertToInt64Checked(double value) => NoFloatingPoint();
        private static ulong ConvertToUInt64Checked(double value) => (ulong)NoFloatingPoint();

        private static long NoFloatingPoint()
        {
            Failure.Fail(FailureKind.InvalidProgram);
            return 0;
        }

        /// <returns>The upper 64 bits of the 128-bit product.</returns>
        public static ulong BigMul(ulong left, ulong right, out ulong low)
        {
            ulong leftLow = (uint)left, leftHigh = left >> 32, rightLow = (uint)right, rightHigh = right >> 32;
            ulong lowLow = leftLow * rightLow;
            ulong middle = leftHigh * rightLow + (lowLow >> 32);
            ulong other = leftLow * rightHigh + (uint)middle;
            low = other << 32 | (uint)lowLow;
            return leftHigh * rightHigh + (middle >> 32) + (other >> 32);
        }
    }
}

namespace System.Numerics
{
    public static class BitOperations
    {
        public static bool IsPow2(ulong value) => value != 0 && (value & (value - 1)) == 0;

        [Intrinsic]
        public static int PopCount(ulong value)
        {
            value -= value >> 1 & 0x5555555555555555;
            value = (value & 0x3333333333333333) + (value >> 2 & 0x3333333333333333);
            return (int)(((value + (value >> 4)) & 0x0F0F0F0F0F0F0F0F) * 0x0101010101010101 >> 56);
        }

        [Intrinsic]
        public static int PopCount(uint value) => PopCount((ulong)value);

        // The instruction set is the x86-64 baseline, which has no TZCNT or LZCNT: these halve the range instead.

        [Intrinsic]
        public static int TrailingZeroCount(ulong value) => value == 0 ? 64 : PopCount((value & (0 - value)) - 1);

        [Intrinsic]
        public static int TrailingZeroCount(uint value) => value == 0 ? 32 : TrailingZeroCount((ulong)value);

        public static int Log2(ulong value)
        {
            int log = 0;
            for (int step = 32; step != 0; step >>= 1)
            {
                if (value >> step != 0)
                {
                    value >>= step;
                    log += step;
                }
            }
            return log;
        }

        public static int Log2(uint value) => Log2((ulong)value);

        [Intrinsic]
        public static int LeadingZeroCount(ulong value) => value == 0 ? 64 : 63 - Log2(value);

        [Intrinsic]
        public static int LeadingZeroCount(uint value) => value == 0 ? 32 : 31 - Log2(value);

        [Intrinsic]
        public static uint RotateLeft(uint value, int offset) => value << offset | value >> (32 - offset);

        [Intrinsic]
        public static uint RotateRight(uint value, int offset) => value >> offset | value << (32 - offset);

        [Intrinsic]
        public static ulong RotateLeft(ulong value, int offset) => value << offset | value >> (64 - offset);

        [Intrinsic]
        public static ulong RotateRight(ulong value, int offset) => value >> offset | value << (64 - offset);
    }
}
