using System.Text.RegularExpressions;

namespace HyperOS.Tests.Unit.Safety;

/// <summary>
/// Where the kernel may be unsafe. The pure rooms are read as IL (<see cref="IlRulesTests"/>); the freestanding ones have no assembly on the
/// host, and unsafe code cannot be written without one of these words.
/// </summary>
public partial class UnsafeRoomTests
{
    private static readonly string[] s_rooms =
        ["kernel/CoreLib/", "kernel/Platform/", "kernel/Memory/", "kernel/Virtualization/Svm/", "kernel/Virtualization/Vmx/"];

    [Fact]
    public void Only_the_named_rooms_are_unsafe()
    {
        string[] found = [.. Repository.Files.Where(file => IsKernelSource(file) && !s_rooms.Any(file.StartsWith) && IsUnsafe(File.ReadAllText(Repository.PathOf(file))))];
        Assert.True(found.Length == 0, string.Join('\n', found));
    }

    [Theory]
    [InlineData("public static unsafe class X", true)]
    [InlineData("ref T value = ref Unsafe.As<byte, T>(ref b);", true)]
    [InlineData("MemoryMarshal.Cast<byte, int>(s)", true)]
    [InlineData("private static extern void Halt();", true)]
    [InlineData("/// Unsafe code lives elsewhere, and nothing here is unsafe.", false)]
    [InlineData("int safe = 1;", false)]
    public void The_words_are_found_in_code_and_not_in_comments(string line, bool isUnsafe) => Assert.Equal(isUnsafe, IsUnsafe(line));

    private static bool IsKernelSource(string file) =>
        file.EndsWith(".cs", StringComparison.Ordinal)
        && (file.StartsWith("kernel/", StringComparison.Ordinal) || file.StartsWith("drivers/", StringComparison.Ordinal));

    private static bool IsUnsafe(string source) => UnsafeWord().IsMatch(Comment().Replace(source, ""));

    [GeneratedRegex(@"//[^\n]*")]
    private static partial Regex Comment();

    [GeneratedRegex(@"\bunsafe\b|\bUnsafe\.|\bMemoryMarshal\.|\bextern\b")]
    private static partial Regex UnsafeWord();
}
