namespace HyperOS.Devices;

/// <summary>Narrow accesses to registers of 32 bits: the bytes that an access covers, which do not cross the register's end.</summary>
internal static class RegisterBytes
{
    /// <summary>The bytes from <paramref name="offset"/>, whose low two bits count, zero-extended.</summary>
    public static uint Extract(uint register, uint offset, int width) => register >> Shift(offset) & Mask(width);

    /// <summary>The register with those bytes replaced.</summary>
    public static uint Insert(uint register, uint offset, int width, uint value)
    {
        int shift = Shift(offset);
        return register & ~(Mask(width) << shift) | (value & Mask(width)) << shift;
    }

    /// <summary>All ones in so many bytes: 1, 2 or 4.</summary>
    public static uint Mask(int width) => uint.MaxValue >> (32 - 8 * width);

    /// <summary>Whether an access stays within a double word.</summary>
    public static bool IsWithin(uint offset, int width) => (offset & 3) + (uint)width <= 4;

    private static int Shift(uint offset) => (int)(offset & 3) * 8;
}
