namespace HyperOS.Specs.Intel;

/// <summary>Bits 15:12 of the exit qualification of APIC accesses. Intel SDM vol. 3, "Exit Qualification".</summary>
public enum ApicAccessType : uint
{
    /// <summary>Linear access: data read.</summary>
    LinearRead = 0,

    /// <summary>Linear access: data write.</summary>
    LinearWrite = 1,

    /// <summary>Linear access: instruction fetch.</summary>
    LinearFetch = 2,

    /// <summary>Linear access during event delivery.</summary>
    LinearEventDelivery = 3,

    /// <summary>Monitoring, or a trace buffer.</summary>
    LinearMonitoring = 4,

    /// <summary>Guest-physical access during event delivery.</summary>
    PhysicalEventDelivery = 10,

    /// <summary>Guest-physical access for monitoring or trace.</summary>
    PhysicalMonitoring = 11,

    /// <summary>Guest-physical access for a fetch or during execution.</summary>
    PhysicalFetchOrExecution = 15,
}
