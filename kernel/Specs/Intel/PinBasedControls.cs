using System;

namespace HyperOS.Specs.Intel;

/// <summary>Intel SDM vol. 3, "Pin-Based VM-Execution Controls".</summary>
[Flags]
public enum PinBasedControls : uint
{
    /// <summary>External interrupts exit.</summary>
    ExternalInterruptExiting = 1u << 0,

    /// <summary>NMIs exit.</summary>
    NmiExiting = 1u << 3,

    /// <summary>NMIs are never blocked by the guest's IRET alone; blocking is virtual. Needs <see cref="NmiExiting"/>.</summary>
    VirtualNmis = 1u << 5,

    /// <summary>The preemption timer counts in VMX non-root operation.</summary>
    ActivateVmxPreemptionTimer = 1u << 6,

    /// <summary>The notification vector is taken without an exit.</summary>
    ProcessPostedInterrupts = 1u << 7,
}
