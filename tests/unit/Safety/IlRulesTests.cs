using System.Reflection;

namespace HyperOS.Tests.Unit.Safety;

public class IlRulesTests
{
    private static readonly IReadOnlyList<string> s_fixtures = IlRules.Check(Assembly.Load("HyperOS.Tests.Fixtures"));

    /// <summary>The pure rooms of the layering rule for which there is a project.</summary>
    public static TheoryData<string> PureRooms =>
        [.. Layering.PureRooms.Where(room => File.Exists(Repository.PathOf($"kernel/{room}/{room}.csproj"))), .. Layering.PureDrivers];

    [Theory]
    [MemberData(nameof(PureRooms))]
    public void A_pure_room_is_safe(string room)
    {
        IReadOnlyList<string> violations = IlRules.Check(Assembly.LoadFrom(Path.Combine(AppContext.BaseDirectory, $"HyperOS.{room}.dll")));
        Assert.True(violations.Count == 0, string.Join('\n', violations));
    }

    /// <summary>Each rule is seen to refuse a sample that breaks it.</summary>
    [Theory]
    [InlineData("UnsafeAs.Break", "uses System.Runtime.CompilerServices.Unsafe.As")]
    [InlineData("UnsafeAdd.Break", "uses System.Runtime.CompilerServices.Unsafe.Add")]
    [InlineData("Marshals.Break", "uses System.Runtime.InteropServices.MemoryMarshal.GetReference")]
    [InlineData("Casts.Break", "uses System.Runtime.InteropServices.MemoryMarshal.Cast")]
    [InlineData("Collections.Break", "uses System.Runtime.InteropServices.CollectionsMarshal.AsSpan")]
    [InlineData("Vectors.Break", "uses System.Runtime.Intrinsics.Vector128.LoadUnsafe")]
    [InlineData("Uninitialised.Break", "uses System.Runtime.CompilerServices.RuntimeHelpers.GetUninitializedObject")]
    [InlineData("PlatformCall.getpid", "is extern")]
    [InlineData("Accessor.Field", "is extern")]
    [InlineData("PointerField.Break", "has the pointer type System.Int32*")]
    [InlineData("FunctionPointerField.Break", "has the pointer type delegate*")]
    [InlineData("PointerParameter.Break", "has pointer types in its signature (System.Byte*)")]
    [InlineData("PointerReturn.Break", "has pointer types in its signature () : System.Byte*")]
    [InlineData("PointerLocal.Break", "has a local variable of type System.Int32*")]
    [InlineData("Pinned.Break", "has a local variable of type System.Byte& pinned")]
    [InlineData("StackMemory.Break", "uses the instruction localloc")]
    [InlineData("StackSpan.Break", "uses the instruction localloc")]
    [InlineData("StackSpanTooLarge.Break", "uses the instruction localloc")]
    [InlineData("StackSpanTooLong.Break", "uses System.Span`1<System.UInt32>..ctor(System.Void*, System.Int32)")]
    [InlineData("IndirectCall.Break", "uses the instruction calli")]
    [InlineData("SpanOfPointer.Break", "uses System.ReadOnlySpan`1<System.Byte>..ctor(System.Void*, System.Int32)")]
    [InlineData("Catches.Break", "has a catch region")]
    [InlineData("Filters.Break", "has a filter region")]
    [InlineData("Finally.Break", "has a finally region")]
    [InlineData("Uses.Break", "has a finally region")]
    [InlineData("Boxes.Break", "boxes a System.Int32")]
    [InlineData("BoxesGeneric.Break", "boxes a !!0")]
    [InlineData("Overlay.Second", "is or holds a reference in a structure of explicit layout")]
    [InlineData("OverlayOfStructures.Second", "is or holds a reference in a structure of explicit layout")]
    public void A_sample_that_breaks_a_rule_is_refused(string member, string reason) =>
        Assert.Contains(s_fixtures, line => line.StartsWith($"HyperOS.Tests.Fixtures.{member}: {reason}", StringComparison.Ordinal));

    [Fact]
    public void Unsafe_code_switched_on_is_refused_even_if_unused() =>
        Assert.Contains("HyperOS.Tests.Fixtures: is compiled with unsafe code switched on", s_fixtures);

    [Fact]
    public void What_the_compiler_makes_of_safe_code_is_accepted() =>
        Assert.DoesNotContain(s_fixtures, line => line.StartsWith("HyperOS.Tests.Fixtures.Accepted", StringComparison.Ordinal));

    [Fact]
    public void Every_sample_is_found() =>
        Assert.Equal(
            Assembly.Load("HyperOS.Tests.Fixtures").GetTypes().Count(type => type.IsPublic && !type.Name.StartsWith("Accepted", StringComparison.Ordinal)),
            s_fixtures.Where(line => line.StartsWith("HyperOS.Tests.Fixtures.", StringComparison.Ordinal))
                .Select(line => line.Split(':')[0].Split('.')[3]).Distinct().Count());
}
