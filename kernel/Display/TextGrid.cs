using System;

namespace HyperOS.Display;

/// <summary>
/// What a terminal would show of a stream of UTF-8: rows of characters that scroll up. It is a log that several speak to, so of the control
/// sequences (ECMA-48, "Control functions") only those act that edit the line being written; colours, positions and clearing of the screen
/// are taken out. Each field is valid at every moment, for a panic may write in the middle of somebody's <see cref="Write"/>.
/// </summary>
public sealed class TextGrid
{
    private const int TabStop = 8;
    private const int MaximumParameter = 9999;

    private enum Sequence
    {
        None,

        /// <summary>After ESC.</summary>
        Escape,

        /// <summary>After ESC and intermediate characters, one more of which ends it.</summary>
        Intermediate,

        /// <summary>After ESC [: parameters.</summary>
        Control,

        /// <summary>A string to the terminal, such as a window's title.</summary>
        String,
    }

    private readonly char[] _cells;
    private int _top;
    private int _row, _column;
    private Sequence _sequence;
    private int _parameter;
    private bool _isFirstParameter;
    private Utf8Decoder _decoder;

    /// <summary>An empty grid of at least one row and one column.</summary>
    public TextGrid(int columns, int rows)
    {
        Columns = columns;
        Rows = rows;
        _cells = new char[columns * rows];
        _cells.AsSpan().Fill(' ');
    }

    /// <summary>Characters of a row.</summary>
    public int Columns { get; }

    /// <summary>How many rows there are.</summary>
    public int Rows { get; }

    /// <summary>The row, from the top, that is being written. All below it are empty.</summary>
    public int CursorRow => _row;

    /// <summary>Where the next character comes; the last column also when it is full.</summary>
    public int CursorColumn => Math.Min(_column, Columns - 1);

    /// <summary>A row's characters, counted from the top.</summary>
    public ReadOnlySpan<char> Row(int row) => Cells(row);

    /// <summary>Takes the next bytes of the stream.</summary>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        foreach (byte value in bytes)
        {
            if (_decoder.TryDecode(value, out char character))
                Take(character);
        }
    }

    private void Take(char character)
    {
        // A control character acts also inside a sequence, and ends it: what one speaker leaves unfinished does not swallow the next line.
        if (character < ' ')
        {
            _sequence = character == '\u001b' ? Sequence.Escape : Sequence.None;
            Control(character);
            return;
        }
        switch (_sequence)
        {
            case Sequence.Escape:
                _sequence = character switch
                {
                    '[' => Sequence.Control,
                    ']' or 'P' or 'X' or '^' or '_' => Sequence.String,
                    < '0' => Sequence.Intermediate,
                    _ => Sequence.None,
                };
                _parameter = 0;
                _isFirstParameter = true;
                break;
            case Sequence.Intermediate:
                _sequence = character < '0' ? Sequence.Intermediate : Sequence.None;
                break;
            case Sequence.Control:
                TakeControl(character);
                break;
            case Sequence.None when character is not (>= '\u007f' and < '\u00a0'):
                Put(character);
                break;
        }
    }

    private void Control(char character)
    {
        switch (character)
        {
            case '\n':
                NextRow();
                break;
            case '\r':
                _column = 0;
                break;
            case '\b':
                _column = Math.Max(CursorColumn - 1, 0);
                break;
            case '\t':
                _column = Math.Min((_column / TabStop + 1) * TabStop, Columns - 1);
                break;
        }
    }

    private void TakeControl(char character)
    {
        if (character is >= '0' and <= '9')
        {
            if (_isFirstParameter)
                _parameter = Math.Min(_parameter * 10 + (character - '0'), MaximumParameter);
            return;
        }
        if (character < '@')
        {
            _isFirstParameter = false;
            return;
        }
        _sequence = Sequence.None;
        switch (character)
        {
            case 'C': // CUF, cursor right
                _column = Math.Min(_column + Math.Max(_parameter, 1), Columns - 1);
                break;
            case 'D': // CUB, cursor left
                _column = Math.Max(CursorColumn - Math.Max(_parameter, 1), 0);
                break;
            case 'J' or 'K' when _parameter == 0: // ED and EL: to the end of the line, below which nothing stands
                Cells(_row).Slice(_column).Fill(' ');
                break;
        }
    }

    // A full row goes on below only when there is something to go on with, so that a line as wide as the screen takes one row.
    private void Put(char character)
    {
        if (_column >= Columns)
        {
            _column = 0;
            NextRow();
        }
        Cells(_row)[_column] = character;
        _column++;
    }

    private void NextRow()
    {
        if (_row < Rows - 1)
        {
            _row++;
            return;
        }
        Cells(0).Fill(' ');
        _top = (_top + 1) % Rows;
    }

    private Span<char> Cells(int row) => new(_cells, (_top + row) % Rows * Columns, Columns);
}
