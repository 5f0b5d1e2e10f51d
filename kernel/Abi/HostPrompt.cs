using System;

namespace HyperOS.Abi;

/// <summary>What became of a key on the host's console.</summary>
public enum PromptKey : byte
{
    /// <summary>It is the guest's.</summary>
    Guest,

    /// <summary>The prompt has opened.</summary>
    Opened,

    /// <summary>It stands at the end of the line now.</summary>
    Added,

    /// <summary>The last character of the line is gone.</summary>
    Removed,

    /// <summary>All of the line is gone.</summary>
    Cleared,

    /// <summary>Nothing has changed.</summary>
    Ignored,

    /// <summary>The line is whole, and the prompt closed.</summary>
    Entered,

    /// <summary>The prompt is closed, and what was typed forgotten.</summary>
    Left,
}

/// <summary>
/// The host's prompt on the console that it shares with a guest: Ctrl-] opens it for one line. An empty line, or Ctrl-] once more, goes back to
/// the guest, which gets the second Ctrl-] where nothing was typed in between.
/// </summary>
public sealed class HostPrompt
{
    /// <summary>Characters of a line; what is typed beyond is ignored.</summary>
    public const int Capacity = 80;

    /// <summary>Ctrl-].</summary>
    public const byte HostKey = 0x1D;

    private const byte Backspace = 0x08, LineFeed = 0x0A, CarriageReturn = 0x0D, ClearLine = 0x15, Escape = 0x1B, Delete = 0x7F;

    private readonly byte[] _line = new byte[Capacity];
    private int _length;
    private EscapeState _escape;

    private enum EscapeState : byte
    {
        None,
        Begun,
        Sequence,
    }

    /// <summary>Whether the next key is the host's.</summary>
    public bool IsOpen { get; private set; }

    /// <summary>What was typed so far, or at last: holds until the next key.</summary>
    public ReadOnlySpan<byte> Line => new(_line, 0, _length);

    /// <summary>Takes a key.</summary>
    public PromptKey Press(byte key)
    {
        if (!IsOpen)
        {
            if (key != HostKey)
                return PromptKey.Guest;
            IsOpen = true;
            _length = 0;
            _escape = EscapeState.None;
            return PromptKey.Opened;
        }
        if (_escape != EscapeState.None && key != HostKey)
        {
            SkipSequence(key);
            return PromptKey.Ignored;
        }
        switch (key)
        {
            case HostKey:
                IsOpen = false;
                return _length == 0 ? PromptKey.Guest : PromptKey.Left;
            case LineFeed or CarriageReturn:
                IsOpen = false;
                return _length == 0 ? PromptKey.Left : PromptKey.Entered;
            case (Backspace or Delete) when _length != 0:
                _length--;
                return PromptKey.Removed;
            case ClearLine:
                _length = 0;
                return PromptKey.Cleared;
            case Escape:
                _escape = EscapeState.Begun;
                return PromptKey.Ignored;
            case >= (byte)' ' and < Delete when _length < Capacity:
                _line[_length++] = key;
                return PromptKey.Added;
            default:
                return PromptKey.Ignored;
        }
    }

    // An arrow or function key: ESC [ parameters, then a letter or tilde; or ESC and one more. ECMA-48, "Control sequences".
    private void SkipSequence(byte key) =>
        _escape = _escape == EscapeState.Begun && key is (byte)'[' or (byte)'O' || _escape == EscapeState.Sequence && key is < (byte)'@' or > (byte)'~'
            ? EscapeState.Sequence
            : EscapeState.None;
}
