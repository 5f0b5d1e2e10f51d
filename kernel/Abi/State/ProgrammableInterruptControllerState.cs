using System;

namespace HyperOS.Abi.State;

/// <summary>The yes-or-no part of an 8259A's state: 8259A data sheet, "Programming the 8259A".</summary>
[Flags]
public enum I8259AFlags : byte
{
    None = 0,

    /// <summary>ICW4 has asked for automatic end of interrupt.</summary>
    AutoEoi = 0x01,

    /// <summary>OCW2 has asked for rotation in automatic EOI mode.</summary>
    RotateInAutoEoi = 0x02,

    /// <summary>OCW3 has set special mask mode.</summary>
    SpecialMask = 0x04,

    /// <summary>ICW4 has asked for special fully nested mode.</summary>
    SpecialFullyNested = 0x08,

    /// <summary>The next read is a poll.</summary>
    Poll = 0x10,

    /// <summary>Reads of the even port give ISR, not IRR.</summary>
    ReadsInService = 0x20,

    /// <summary>ICW1 has announced an ICW4.</summary>
    NeedsIcw4 = 0x40,

    /// <summary>ICW1 has said that there is no cascade, hence no ICW3.</summary>
    Single = 0x80,
}

/// <summary>Saved state of one 8259A.</summary>
public struct I8259AState
{
    /// <summary>Rising edges not yet acknowledged; level-triggered inputs need none.</summary>
    public byte EdgeRequests;

    /// <summary>Levels of the inputs.</summary>
    public byte Inputs;

    /// <summary>Interrupt mask register.</summary>
    public byte Mask;

    /// <summary>In-service register.</summary>
    public byte InService;

    /// <summary>Edge/level control register: set bits are level-triggered inputs.</summary>
    public byte LevelTriggered;

    /// <summary>Vector of input 0: a multiple of 8.</summary>
    public byte VectorBase;

    /// <summary>The input of lowest priority.</summary>
    public byte LowestPriority;

    /// <summary>The initialization command word that is due next: 2, 3 or 4; 0 outside an initialization.</summary>
    public byte ExpectedIcw;

    public I8259AFlags Flags;
}

/// <summary>Saved state of the 8259A pair.</summary>
public struct ProgrammableInterruptControllerState
{
    public const uint CurrentVersion = 1;

    public uint Version;
    public I8259AState Primary;
    public I8259AState Secondary;
}
