using System;

namespace HyperOS.Display;

/// <summary>Brings a <see cref="TextGrid"/> into a display's memory, which is only written: whatever changed since the last time, row by row.</summary>
public abstract class TextRenderer
{
    /// <summary>Largest frame, in bytes: four bytes a pixel of 7680 by 4320.</summary>
    public const uint MaximumFrameBytes = 128 * 1024 * 1024;

    private readonly char[] _shown;

    private protected TextRenderer(int columns, int rows, uint frameBytes)
    {
        Grid = new TextGrid(columns, rows);
        FrameBytes = frameBytes;
        _shown = new char[columns * rows];
        _shown.AsSpan().Fill(' ');
    }

    /// <summary>What is to be shown.</summary>
    public TextGrid Grid { get; }

    /// <summary>The length of the display's memory.</summary>
    public uint FrameBytes { get; }

    /// <summary>Empties the display. Call once, before <see cref="Draw"/>.</summary>
    /// <param name="frame">The display's memory, <see cref="FrameBytes"/> long.</param>
    public abstract void Clear(Span<byte> frame);

    /// <summary>Shows the grid as it is now.</summary>
    /// <param name="frame">The display's memory, <see cref="FrameBytes"/> long.</param>
    public void Draw(Span<byte> frame)
    {
        for (int row = 0; row < Grid.Rows; row++)
        {
            ReadOnlySpan<char> wanted = Grid.Row(row);
            Span<char> shown = new(_shown, row * Grid.Columns, Grid.Columns);
            int first = 0, end = wanted.Length;
            while (first < end && wanted[first] == shown[first])
                first++;
            while (first < end && wanted[end - 1] == shown[end - 1])
                end--;
            if (first == end)
                continue;
            wanted.Slice(first, end - first).CopyTo(shown.Slice(first));
            DrawRun(row, first, shown.Slice(first, end - first), frame);
        }
    }

    private protected abstract void DrawRun(int row, int column, ReadOnlySpan<char> text, Span<byte> frame);
}
