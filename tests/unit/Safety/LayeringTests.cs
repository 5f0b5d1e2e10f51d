using System.Xml.Linq;

namespace HyperOS.Tests.Unit.Safety;

public class LayeringTests
{
    [Fact]
    public void Kernel_rooms_see_only_the_rooms_below()
    {
        Dictionary<string, IReadOnlyList<string>> references = Projects("kernel/").ToDictionary(
            path => Path.GetFileNameWithoutExtension(path), path => Layering.References(Load(path)));
        Assert.Contains("Core", references.Keys);
        IReadOnlyList<string> violations = Layering.Violations(references);
        Assert.True(violations.Count == 0, string.Join('\n', violations));
    }

    [Theory]
    [InlineData("Core", "Specs")]
    [InlineData("Specs", "Platform")]
    [InlineData("Devices", "Emulation")]
    [InlineData("Devices", "Platform")]
    [InlineData("Loaders", "Memory")]
    [InlineData("Platform", "Memory")]
    [InlineData("Scheduling", "Virtualization")]
    [InlineData("Memory", "Devices")]
    [InlineData("Virtualization", "Kernel")]
    [InlineData("Another", "Kernel")]
    [InlineData("Memory", "drivers/Serial")]
    public void A_reference_upwards_or_aside_is_refused(string room, string other) =>
        Assert.Single(Layering.Violations(new Dictionary<string, IReadOnlyList<string>> { [room] = [other] }));

    [Theory]
    [InlineData("Specs", "Core")]
    [InlineData("Devices", "Abi")]
    [InlineData("Interrupts", "Platform")]
    [InlineData("Interrupts", "Firmware")]
    [InlineData("Virtualization", "Devices")]
    [InlineData("Kernel", "Virtualization")]
    [InlineData("Kernel", "drivers/Serial")]
    public void A_reference_downwards_is_accepted(string room, string other) =>
        Assert.Empty(Layering.Violations(new Dictionary<string, IReadOnlyList<string>> { [room] = [other] }));

    [Fact]
    public void References_are_read_from_project_files() =>
        Assert.Equal(["Core", "Abi", "drivers/Serial"], Layering.References(XDocument.Parse(
            """
            <Project>
              <ItemGroup>
                <ProjectReference Include="../Core/Core.csproj" />
                <ProjectReference Include="..\Abi\Abi.csproj" />
                <ProjectReference Include="../../drivers/Serial/Serial.csproj" />
              </ItemGroup>
            </Project>
            """)));

    [Fact]
    public void Drivers_see_the_running_kernel_but_no_guest()
    {
        string[] allowed = ["Core", "Specs", "Abi", "Platform", "Memory", "Interrupts", "Scheduling", "Firmware", "Display", "Diagnostics"];
        foreach (string path in Projects("drivers/"))
        {
            foreach (string other in Layering.References(Load(path)))
                Assert.True(allowed.Contains(other) || Projects("drivers/").Any(p => Path.GetFileNameWithoutExtension(p) == other), $"{path} may not see {other}");
        }
    }

    [Fact]
    public void Pure_drivers_see_no_hardware()
    {
        foreach (string room in Layering.PureDrivers)
        {
            foreach (string other in Layering.References(Load($"drivers/{room}/{room}.csproj")))
                Assert.True(other is "Core" or "Specs" || Layering.PureDrivers.Contains(other), $"{room} may not see {other}");
        }
    }

    [Fact]
    public void Management_sees_the_kernel_only_through_Abi()
    {
        HashSet<string> rooms = [.. Projects("kernel/").Concat(Projects("drivers/")).Select(path => Path.GetFileNameWithoutExtension(path))];
        foreach (string path in Projects("management/"))
        {
            foreach (string other in Layering.References(Load(path)))
                Assert.True(other == "Abi" || !rooms.Contains(other), $"{path} may not see {other}");
        }
    }

    [Fact]
    public void Kernel_rooms_use_no_packages()
    {
        foreach (string path in Projects("kernel/").Concat(Projects("drivers/")))
            Assert.True(!Load(path).Descendants("PackageReference").Any(), $"{path} refers to a package");
    }

    private static IEnumerable<string> Projects(string folder) => Repository.Files.Where(
        file => file.StartsWith(folder, StringComparison.Ordinal) && file.EndsWith(".csproj", StringComparison.Ordinal));

    private static XDocument Load(string path) => XDocument.Load(Repository.PathOf(path));
}
