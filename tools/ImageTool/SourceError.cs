using System.Globalization;

namespace HyperOS.ImageTool;

/// <summary>Something wrong at a place in a VM file; line and column count from 1.</summary>
/// <param name="File">As the user named it.</param>
/// <param name="Line">Where the value or, if it is missing, what should hold it begins.</param>
/// <param name="Column">As <paramref name="Line"/>.</param>
/// <param name="Key">The path to the key, such as vms[0].cpu.count.</param>
/// <param name="Message">What is wrong, and what to do.</param>
internal sealed record SourceError(string File, long Line, long Column, string Key, string Message)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{File}:{Line}:{Column}: {Key}: {Message}");
}
