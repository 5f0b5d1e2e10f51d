using System;

namespace HyperOS.Specs.Intel;

/// <summary>Exit qualification of EPT violations. Intel SDM vol. 3, "Exit Qualification".</summary>
[Flags]
public enum EptViolationQualification : ulong
{
    /// <summary>Data read.</summary>
    Read = 1ul << 0,

    /// <summary>Data write.</summary>
    Write = 1ul << 1,

    /// <summary>Instruction fetch.</summary>
    Fetch = 1ul << 2,

    /// <summary>The entries allow reads.</summary>
    Readable = 1ul << 3,

    /// <summary>The entries allow writes.</summary>
    Writable = 1ul << 4,

    /// <summary>The entries allow fetches; with mode-based execute control, of supervisor-mode addresses.</summary>
    Executable = 1ul << 5,

    /// <summary>The entries allow fetches of user-mode addresses.</summary>
    UserExecutable = 1ul << 6,

    /// <summary>The guest-linear-address field is valid.</summary>
    LinearAddressValid = 1ul << 7,

    /// <summary>The access is to the translation of the linear address; clear: to a paging structure. Valid with bit 7.</summary>
    Translation = 1ul << 8,

    /// <summary>With advanced information: a user-mode address.</summary>
    UserLinearAddress = 1ul << 9,

    /// <summary>With advanced information: a read/write page.</summary>
    WritablePage = 1ul << 10,

    /// <summary>With advanced information: an execute-disable page.</summary>
    ExecuteDisablePage = 1ul << 11,

    /// <summary>NMI unblocking due to IRET.</summary>
    NmiUnblocking = 1ul << 12,

    /// <summary>A shadow-stack access.</summary>
    ShadowStack = 1ul << 13,

    /// <summary>Supervisor shadow-stack control of the entries.</summary>
    SupervisorShadowStack = 1ul << 14,

    /// <summary>The violation is by guest-paging verification.</summary>
    GuestPagingVerification = 1ul << 15,

    /// <summary>Asynchronous to instruction execution.</summary>
    Asynchronous = 1ul << 16,
}
