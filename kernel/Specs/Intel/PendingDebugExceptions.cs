using System;

namespace HyperOS.Specs.Intel;

/// <summary>Intel SDM vol. 3, "Guest Non-Register State".</summary>
[Flags]
public enum PendingDebugExceptions : ulong
{
    /// <summary>Breakpoint 0 met.</summary>
    B0 = 1ul << 0,

    /// <summary>Breakpoint 1 met.</summary>
    B1 = 1ul << 1,

    /// <summary>Breakpoint 2 met.</summary>
    B2 = 1ul << 2,

    /// <summary>Breakpoint 3 met.</summary>
    B3 = 1ul << 3,

    /// <summary>A bus lock was detected.</summary>
    BLD = 1ul << 11,

    /// <summary>At least one data or I/O breakpoint was met and enabled.</summary>
    EnabledBreakpoint = 1ul << 12,

    /// <summary>Single step.</summary>
    BS = 1ul << 14,

    /// <summary>Inside a transactional region.</summary>
    RTM = 1ul << 16,
}
