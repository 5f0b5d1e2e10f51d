using System;

namespace HyperOS.Specs.Intel;

/// <summary>Exit qualification of I/O instructions. Intel SDM vol. 3, "Exit Qualification".</summary>
[Flags]
public enum IoQualification : ulong
{
    /// <summary>Mask of the size of the access in bytes, less 1.</summary>
    SizeMask = 0x7,

    /// <summary>Set for IN, clear for OUT.</summary>
    In = 1ul << 3,

    /// <summary>A string instruction.</summary>
    String = 1ul << 4,

    /// <summary>A repeated one.</summary>
    Rep = 1ul << 5,

    /// <summary>The port is an immediate, not DX.</summary>
    Immediate = 1ul << 6,

    /// <summary>Mask of the port.</summary>
    PortMask = 0xFFFFul << 16,
}
