using System;

namespace HyperOS.Specs.Intel;

/// <summary>The exit-reason field but for the basic exit reason. Intel SDM vol. 3, "Basic VM-Exit Information".</summary>
[Flags]
public enum VmExitReasonFlags : uint
{
    /// <summary>Mask of <see cref="VmExitReason"/>.</summary>
    BasicReason = 0xFFFF,

    /// <summary>The exit left a shadow stack busy.</summary>
    PrematurelyBusyShadowStack = 1u << 25,

    /// <summary>A bus lock was detected.</summary>
    BusLock = 1u << 26,

    /// <summary>The exit was incident to enclave mode.</summary>
    EnclaveMode = 1u << 27,

    /// <summary>An SMM exit with an MTF exit pending.</summary>
    PendingMtf = 1u << 28,

    /// <summary>An SMM exit from VMX root operation.</summary>
    FromVmxRoot = 1u << 29,

    /// <summary>VM entry failed: no guest instruction ran.</summary>
    EntryFailure = 1u << 31,
}
