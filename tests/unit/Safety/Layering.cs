using System.Xml.Linq;

namespace HyperOS.Tests.Unit.Safety;

/// <summary>
/// Which room may see which: Core, then Specs and Abi, then Platform, then the running kernel, then Virtualization; each sees those
/// below. Pure rooms stand beside Platform and see only Core, Specs and Abi. A room that the rule does not name is a top: it may see
/// all, the drivers too, and nothing may see it.
/// </summary>
internal static class Layering
{
    private const string Drivers = "drivers/";

    private static readonly string[] s_base = ["Core", "Specs", "Abi"];
    private static readonly string[] s_running = ["Memory", "Interrupts", "Scheduling", "Processes", "Diagnostics"];

    /// <summary>Rooms without unsafe code, compiled for the host as well.</summary>
    public static IReadOnlyList<string> PureRooms { get; } =
        ["Core", "Specs", "Abi", "Devices", "Emulation", "Loaders", "Firmware", "Display", "Switching", "Storage", "Userworld"];

    /// <summary>The drivers' rooms of that kind; they see Core, Specs and each other alone.</summary>
    public static IReadOnlyList<string> PureDrivers { get; } = ["Pci", "Virtio", "Ethernet", "Block"];

    /// <summary>What a room may refer to; null for a room that the rule does not name.</summary>
    public static IReadOnlyCollection<string>? Allowed(string room) => room switch
    {
        "CoreLib" or "Core" => [],
        "Specs" or "Abi" => ["Core"],
        "Platform" => s_base,
        "Devices" or "Emulation" or "Loaders" or "Firmware" or "Display" or "Switching" or "Storage" or "Userworld" => s_base,
        "Processes" => [.. s_base, "Platform", "Loaders", "Userworld", .. s_running],
        "Memory" or "Interrupts" or "Scheduling" or "Diagnostics" => [.. s_base, "Platform", "Firmware", .. s_running],
        "Virtualization" => [.. s_base, "Platform", .. s_running, .. PureRooms],
        _ => null,
    };

    /// <summary>One line for each reference that the rule forbids.</summary>
    /// <param name="references">Each room with the rooms that its project refers to.</param>
    public static IReadOnlyList<string> Violations(IReadOnlyDictionary<string, IReadOnlyList<string>> references)
    {
        List<string> violations = [];
        foreach ((string room, IReadOnlyList<string> seen) in references)
        {
            IReadOnlyCollection<string>? allowed = Allowed(room);
            foreach (string other in seen)
            {
                bool isDriver = other.StartsWith(Drivers, StringComparison.Ordinal);
                bool isForbidden = allowed is null ? !isDriver && Allowed(other) is null : !allowed.Contains(other);
                if (isForbidden)
                    violations.Add($"{room} may not see {other}" + (!isDriver && Allowed(other) is null ? ", which no layer names" : ""));
            }
        }
        return violations;
    }

    /// <summary>The rooms that a project file refers to, drivers by their folder; the core library, which every room has, is not named there.</summary>
    public static IReadOnlyList<string> References(XDocument project) =>
        [.. project.Descendants("ProjectReference").Select(item => NameOf(item.Attribute("Include")!.Value.Replace('\\', '/')))];

    private static string NameOf(string path) =>
        (path.Contains("/" + Drivers, StringComparison.Ordinal) ? Drivers : "") + Path.GetFileNameWithoutExtension(path);
}
