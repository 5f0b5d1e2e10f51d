using System;

namespace HyperOS.Specs.Intel;

/// <summary>Intel SDM vol. 3, "Guest Non-Register State".</summary>
[Flags]
public enum InterruptibilityState : uint
{
    /// <summary>The shadow of STI.</summary>
    BlockingBySti = 1u << 0,

    /// <summary>The shadow of MOV SS or POP SS.</summary>
    BlockingByMovSs = 1u << 1,

    /// <summary>In SMM.</summary>
    BlockingBySmi = 1u << 2,

    /// <summary>NMIs are blocked; virtual ones, with virtual NMIs.</summary>
    BlockingByNmi = 1u << 3,

    /// <summary>The exit was from an enclave.</summary>
    EnclaveInterruption = 1u << 4,
}
