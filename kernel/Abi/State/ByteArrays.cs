using System.Runtime.CompilerServices;

namespace HyperOS.Abi.State;

/// <summary>Sixteen bytes in place: a 16550A's FIFO.</summary>
[InlineArray(Length)]
public struct Bytes16
{
    public const int Length = 16;

    private byte _first;
}

/// <summary>128 bytes in place: a CMOS memory.</summary>
[InlineArray(Length)]
public struct Bytes128
{
    public const int Length = 128;

    private byte _first;
}

/// <summary>256 bytes in place: console input that a UART has not taken yet.</summary>
[InlineArray(Length)]
public struct Bytes256
{
    public const int Length = 256;

    private byte _first;
}
