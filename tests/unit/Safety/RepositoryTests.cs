using System.Text.RegularExpressions;

namespace HyperOS.Tests.Unit.Safety;

public partial class RepositoryTests
{
    private const int MaximumAssemblyLines = 1000;

    /// <summary>Public registries, written in parts so that this file does not name them.</summary>
    private static readonly string[] s_registryHosts =
    [
        "nuget" + ".org", "npmjs" + ".org", "npmjs" + ".com", "pypi" + ".org", "crates" + ".io", "deb.debian" + ".org", "docker" + ".io",
        "ghcr" + ".io", "mcr.microsoft" + ".com", "proxy.golang" + ".org", "pkgs.dev.azure" + ".com", "security.debian" + ".org",
    ];

    private static readonly string[] s_builtKinds =
    [
        ".dll", ".exe", ".pdb", ".o", ".obj", ".a", ".so", ".elf", ".iso", ".img", ".bin", ".raw", ".qcow2", ".nupkg", ".zip", ".gz", ".xz", ".tar",
        ".bundle", ".cache", ".user", ".lock~", ".log", ".binlog", ".trx",
    ];

    [Fact]
    public void The_repository_holds_no_binary_and_no_built_files()
    {
        string[] found = [.. Repository.Files.Where(file => IsBuilt(file) || IsBinary(File.ReadAllBytes(Repository.PathOf(file))))];
        Assert.True(found.Length == 0, string.Join('\n', found));
    }

    [Fact]
    public void The_repository_names_no_package_registry()
    {
        string[] found = [.. Repository.Files.Where(file => NamesRegistry(file, File.ReadAllText(Repository.PathOf(file))))];
        Assert.True(found.Length == 0, string.Join('\n', found));
    }

    [Fact]
    public void The_products_assembly_stays_small()
    {
        int lines = Repository.Files
            .Where(file => IsProduct(file) && Path.GetExtension(file) is ".asm" or ".inc")
            .Sum(file => CodeLines(File.ReadLines(Repository.PathOf(file))));
        Assert.InRange(lines, 0, MaximumAssemblyLines);
    }

    [Theory]
    [InlineData("out/hyperos.elf", true)]
    [InlineData("tools/Image/bin/Debug/a.txt", true)]
    [InlineData("kernel/Core/obj/x.cs", true)]
    [InlineData("tests/guests/hello.bin", true)]
    [InlineData("kernel/Core/Units.cs", false)]
    [InlineData("tests/unit/packages.lock.json", false)]
    public void Built_files_are_known_by_their_names(string path, bool isBuilt) => Assert.Equal(isBuilt, IsBuilt(path));

    [Fact]
    public void Binary_files_are_known_by_their_bytes()
    {
        Assert.True(IsBinary([0x7F, 0x45, 0x4C, 0x46, 0, 1]));
        Assert.True(IsBinary([0x1F, 0x8B, 0x08, 0xFF]));
        Assert.False(IsBinary([0xEF, 0xBB, 0xBF, .. "text, naïve\r\n"u8]));
    }

    [Theory]
    [InlineData("README.md", "see https://api.nuget" + ".org/v3", true)]
    [InlineData("nuget.config", "<add key=\"a\" value=\"https://packages.example/v3\" />", true)]
    [InlineData("management/Portal/package-lock.json", "\"resolved\": \"https://mirror.example/a.tgz\"", true)]
    [InlineData("README.md", "see https://www.example/manual", false)]
    [InlineData("tests/unit/packages.lock.json", "\"resolved\": \"1.2.3\"", false)]
    public void Registries_are_known_by_name_and_in_settings_by_any_address(string path, string text, bool isNamed) =>
        Assert.Equal(isNamed, NamesRegistry(path, text));

    [Fact]
    public void Assembly_lines_count_without_comments() => Assert.Equal(2, CodeLines(["; comment", "", "  mov eax, 1 ; one", "label:", "   ; more"]));

    private static bool IsProduct(string path) =>
        path.StartsWith("boot/", StringComparison.Ordinal) || path.StartsWith("kernel/", StringComparison.Ordinal) || path.StartsWith("drivers/", StringComparison.Ordinal);

    private static bool IsBuilt(string path) =>
        s_builtKinds.Contains(Path.GetExtension(path)) || path.StartsWith("out/", StringComparison.Ordinal) || BuildFolder().IsMatch(path);

    /// <summary>Text is UTF-8 without zero bytes.</summary>
    private static bool IsBinary(ReadOnlySpan<byte> bytes) => bytes.Contains((byte)0) || !System.Text.Unicode.Utf8.IsValid(bytes);

    private static bool NamesRegistry(string path, string text) =>
        s_registryHosts.Any(host => text.Contains(host, StringComparison.OrdinalIgnoreCase))
        || PackageSettings().IsMatch(path) && text.Contains("://", StringComparison.Ordinal);

    private static int CodeLines(IEnumerable<string> lines) => lines.Count(line => line.TrimStart() is { Length: > 0 } text && text[0] != ';');

    [GeneratedRegex(@"(^|/)(bin|obj|node_modules|TestResults)/")]
    private static partial Regex BuildFolder();

    [GeneratedRegex(
        @"(^|/)(nuget\.config|packages[^/]*\.lock\.json|package-lock\.json|\.npmrc|\.yarnrc[^/]*|yarn\.lock|pip\.conf|sources\.list[^/]*|[^/]*\.sources)$",
        RegexOptions.IgnoreCase)]
    private static partial Regex PackageSettings();
}
