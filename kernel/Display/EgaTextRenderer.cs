using System;

namespace HyperOS.Display;

/// <summary>
/// VGA's text mode: a character and its attribute for each cell, light grey on black. Its character generator is the adapter's own, of which
/// only ASCII is certain. IBM Personal System/2 Hardware Interface Technical Reference, "Video Subsystem", alphanumeric modes.
/// </summary>
public sealed class EgaTextRenderer : TextRenderer
{
    private const int CellBytes = 2;
    private const int MaximumCells = 255;
    private const byte LightGreyOnBlack = 0x07;

    private readonly int _pitch;

    private EgaTextRenderer(int columns, int rows, int pitch) : base(columns, rows, (uint)(pitch * rows)) => _pitch = pitch;

    /// <summary>For a screen of so many characters.</summary>
    /// <param name="pitch">Bytes from one row to the next.</param>
    /// <returns>Null when there can be no such screen.</returns>
    public static EgaTextRenderer? TryCreate(uint columns, uint rows, uint pitch) =>
        columns is 0 or > MaximumCells || rows is 0 or > MaximumCells || pitch < columns * CellBytes || pitch > ushort.MaxValue
            ? null
            : new EgaTextRenderer((int)columns, (int)rows, (int)pitch);

    /// <inheritdoc/>
    public override void Clear(Span<byte> frame)
    {
        for (int row = 0; row < Grid.Rows; row++)
        {
            for (int column = 0; column < Grid.Columns; column++)
                Put(frame, row, column, ' ');
        }
    }

    private protected override void DrawRun(int row, int column, ReadOnlySpan<char> text, Span<byte> frame)
    {
        for (int i = 0; i < text.Length; i++)
            Put(frame, row, column + i, text[i]);
    }

    private void Put(Span<byte> frame, int row, int column, char character)
    {
        int at = row * _pitch + column * CellBytes;
        frame[at] = character < 0x80 ? (byte)character : (byte)'?';
        frame[at + 1] = LightGreyOnBlack;
    }
}
