using System.Text;
using System.Text.RegularExpressions;

namespace HyperOS.Tests.Boot;

/// <summary>
/// A console's text as it grows: terminal control sequences and carriage returns taken out. Those who wait are woken by what arrives,
/// never by time.
/// </summary>
internal sealed class ConsoleLog
{
    private enum Escape
    {
        None,
        Started,
        Sequence,
    }

    private readonly Lock _lock = new();
    private readonly StringBuilder _text = new();
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();
    private TaskCompletionSource _changed = NewSignal();
    private Escape _escape;
    private bool _isComplete;

    public string Text
    {
        get
        {
            lock (_lock)
                return _text.ToString();
        }
    }

    public void Append(ReadOnlySpan<byte> bytes)
    {
        char[] characters = new char[bytes.Length + 1];
        int count = _decoder.GetChars(bytes, characters, flush: false);
        Change(() =>
        {
            foreach (char character in characters.AsSpan(0, count))
                Append(character);
        });
    }

    /// <summary>Nothing more will come: waiters whose text is not there fail.</summary>
    public void Complete() => Change(() => _isComplete = true);

    /// <summary>Waits for a match at or after a position.</summary>
    /// <param name="pattern">What to wait for.</param>
    /// <param name="start">Position in <see cref="Text"/>.</param>
    /// <param name="wholeLine">Whether the match's line must have ended.</param>
    /// <returns>The match, and the line around it.</returns>
    /// <exception cref="EndOfStreamException">The console ended without a match.</exception>
    public async Task<(Match Match, string Line)> WaitFor(Regex pattern, int start, bool wholeLine, CancellationToken cancellation)
    {
        while (true)
        {
            string text;
            Task changed;
            bool isComplete;
            lock (_lock)
            {
                text = _text.ToString();
                changed = _changed.Task;
                isComplete = _isComplete;
            }
            Match match = pattern.Match(text, start);
            int end = match.Success ? text.IndexOf('\n', match.Index + match.Length) : -1;
            if (match.Success && (end >= 0 || !wholeLine || isComplete))
            {
                int begin = match.Index == 0 ? 0 : text.LastIndexOf('\n', match.Index - 1) + 1;
                return (match, text[begin..(end < 0 ? text.Length : end)]);
            }
            if (isComplete)
                throw new EndOfStreamException();
            await changed.WaitAsync(cancellation);
        }
    }

    /// <summary>Waits for whole lines at or after a position.</summary>
    /// <param name="start">Position in <see cref="Text"/>.</param>
    /// <returns>All of them that are there, each with its end; empty once the console has ended.</returns>
    public async Task<string> WaitForLines(int start, CancellationToken cancellation)
    {
        while (true)
        {
            string text;
            Task changed;
            bool isComplete;
            lock (_lock)
            {
                text = _text.ToString(start, _text.Length - start);
                changed = _changed.Task;
                isComplete = _isComplete;
            }
            if (isComplete || text.Contains('\n', StringComparison.Ordinal))
                return text[..(text.LastIndexOf('\n') + 1)];
            await changed.WaitAsync(cancellation);
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void Change(Action change)
    {
        TaskCompletionSource signal;
        lock (_lock)
        {
            change();
            signal = _changed;
            _changed = NewSignal();
        }
        signal.SetResult();
    }

    /// <summary>ECMA-48, "Control sequences": ESC [ parameters, ended by a character from @ on; ESC and one other character.</summary>
    private void Append(char character)
    {
        switch (_escape)
        {
            case Escape.Started:
                _escape = character == '[' ? Escape.Sequence : Escape.None;
                break;
            case Escape.Sequence:
                if (character is >= '@' and <= '~')
                    _escape = Escape.None;
                break;
            case Escape.None when character == '\u001b':
                _escape = Escape.Started;
                break;
            case Escape.None when character is not ('\r' or '\0'):
                _text.Append(character);
                break;
        }
    }
}
