namespace HyperOS.Core;

/// <summary>Sizes in bytes.</summary>
public static class Size
{
    public const ulong KiB = 1024;
    public const ulong MiB = 1024 * KiB;
    public const ulong GiB = 1024 * MiB;

    /// <summary>A page of the smallest size, and the size of every paging structure.</summary>
    public const ulong Page = 4 * KiB;

    /// <summary>A page mapped by a page-directory entry.</summary>
    public const ulong LargePage = 2 * MiB;

    /// <summary>A page mapped by a page-directory-pointer entry.</summary>
    public const ulong HugePage = GiB;
}

/// <summary>Rounding to powers of two. Rounding up past the end of the number range fails the checked addition.</summary>
public static class Alignment
{
    public static ulong Down(ulong value, ulong alignment) => value & ~(alignment - 1);

    public static ulong Up(ulong value, ulong alignment) => (value + alignment - 1) & ~(alignment - 1);

    public static bool IsAligned(ulong value, ulong alignment) => (value & (alignment - 1)) == 0;
}
