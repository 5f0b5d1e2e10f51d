using System.Diagnostics;

namespace HyperOS.Tests.Unit.Safety;

/// <summary>The source tree that these tests were built from.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    /// <summary>Paths of the files that belong to the repository, relative to its root, with forward slashes.</summary>
    public static IReadOnlyList<string> Files { get; } = ListFiles();

    public static string PathOf(string relative) => Path.Combine(Root, relative);

    private static string FindRoot()
    {
        for (string? folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Combine(folder, "HyperOS.sln")))
                return folder;
        }
        throw new InvalidOperationException("the tests do not run below the repository's root");
    }

    /// <summary>What git tracks or would track; without git, everything outside of the output folder.</summary>
    private static IReadOnlyList<string> ListFiles()
    {
        try
        {
            ProcessStartInfo start = new("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            {
                WorkingDirectory = Root,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            using Process git = Process.Start(start)!;
            string output = git.StandardOutput.ReadToEnd();
            git.WaitForExit();
            if (git.ExitCode == 0)
                return [.. output.Split('\0', StringSplitOptions.RemoveEmptyEntries).Distinct().Where(file => File.Exists(PathOf(file)))];
        }
        catch (System.ComponentModel.Win32Exception)
        {
        }
        return [.. Directory.EnumerateFiles(Root, "*", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(Root, file).Replace('\\', '/'))
            .Where(file => !file.StartsWith("out/", StringComparison.Ordinal) && !file.StartsWith(".git", StringComparison.Ordinal))];
    }
}
