using System.Reflection;

namespace HyperOS.Tests.Unit.Safety;

/// <summary>
/// Pure rooms compile against kernel/CoreLib and against the full framework. They mean the same only where the core library's public
/// members are the framework's, name by name and signature by signature.
/// </summary>
public class CoreLibSurfaceTests
{
    /// <summary>Beginnings of surface lines that the framework does not have, with the reason.</summary>
    private static readonly (string Prefix, string Reason)[] s_own =
    [
        ("System.Failure", "where failed checks end; for the kernel's unsafe rooms, which are not compiled for the host"),
        ("System.Runtime.RuntimeExportAttribute", "how ILC finds the runtime's helpers; for the unsafe rooms"),
        ("System.Runtime.RuntimeImportAttribute", "how ILC calls an assembly symbol; for the unsafe rooms"),
    ];

    /// <summary>"debug" or "release", as these tests are built.</summary>
    private static readonly string s_configuration = Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory));

    private static readonly string s_coreLib = Repository.PathOf($"out/kernel/bin/CoreLib/{s_configuration}/HyperOS.CoreLib.dll");

    [Fact]
    public void Every_public_member_is_the_frameworks()
    {
        IReadOnlySet<string> framework = PublicSurface.Of(typeof(object).Assembly.Location);
        string[] others = [.. PublicSurface.Of(s_coreLib).Where(line => !framework.Contains(line) && !IsOwn(line)).Order(StringComparer.Ordinal)];
        Assert.True(others.Length == 0, string.Join('\n', others));
    }

    [Fact]
    public void No_exception_is_listed_in_vain()
    {
        IReadOnlySet<string> surface = PublicSurface.Of(s_coreLib);
        foreach ((string prefix, string reason) in s_own)
            Assert.True(surface.Any(line => Bare(line).StartsWith(prefix, StringComparison.Ordinal)), $"{prefix} ({reason}) is not there");
    }

    [Fact]
    public void A_difference_in_kind_signature_or_value_shows()
    {
        IReadOnlySet<string> surface = PublicSurface.Of(typeof(object).Assembly.Location);
        Assert.Contains("struct System.Span`1", surface);
        Assert.Contains("enum System.AttributeTargets", surface);
        Assert.Contains("System.AttributeTargets.Enum : System.AttributeTargets = 0x10000000", surface);
        Assert.Contains("System.Span`1.Slice(System.Int32, System.Int32) : instance System.Span`1<!0>", surface);
        Assert.Contains("System.Object.Finalize() : instance System.Void", surface);
        Assert.DoesNotContain(surface, line => line.StartsWith("System.SpanHelpers", StringComparison.Ordinal));
        Assert.DoesNotContain(surface, line => line.Contains("Span`1._reference", StringComparison.Ordinal));
    }

    private static bool IsOwn(string line) => s_own.Any(own => Bare(line).StartsWith(own.Prefix, StringComparison.Ordinal));

    /// <summary>A line without its kind of type.</summary>
    private static string Bare(string line) =>
        line.Split(' ', 2) is ["class" or "struct" or "enum" or "interface", string name] ? name : line;
}
