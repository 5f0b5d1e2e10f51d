using System;

namespace HyperOS.Specs.Amd;

/// <summary>Intercepts of debug register reads (bits 15:0) and writes (bits 31:16) at VMCB offset 004h. AMD APM vol. 2, appendix "Layout of VMCB".</summary>
[Flags]
public enum InterceptDr : uint
{
    /// <summary>MOV from DR0.</summary>
    DR0_READ = 1u << 0,

    /// <summary>MOV from DR1.</summary>
    DR1_READ = 1u << 1,

    /// <summary>MOV from DR2.</summary>
    DR2_READ = 1u << 2,

    /// <summary>MOV from DR3.</summary>
    DR3_READ = 1u << 3,

    /// <summary>MOV from DR4.</summary>
    DR4_READ = 1u << 4,

    /// <summary>MOV from DR5.</summary>
    DR5_READ = 1u << 5,

    /// <summary>MOV from DR6.</summary>
    DR6_READ = 1u << 6,

    /// <summary>MOV from DR7.</summary>
    DR7_READ = 1u << 7,

    /// <summary>MOV from DR8.</summary>
    DR8_READ = 1u << 8,

    /// <summary>MOV from DR9.</summary>
    DR9_READ = 1u << 9,

    /// <summary>MOV from DR10.</summary>
    DR10_READ = 1u << 10,

    /// <summary>MOV from DR11.</summary>
    DR11_READ = 1u << 11,

    /// <summary>MOV from DR12.</summary>
    DR12_READ = 1u << 12,

    /// <summary>MOV from DR13.</summary>
    DR13_READ = 1u << 13,

    /// <summary>MOV from DR14.</summary>
    DR14_READ = 1u << 14,

    /// <summary>MOV from DR15.</summary>
    DR15_READ = 1u << 15,

    /// <summary>MOV to DR0.</summary>
    DR0_WRITE = 1u << 16,

    /// <summary>MOV to DR1.</summary>
    DR1_WRITE = 1u << 17,

    /// <summary>MOV to DR2.</summary>
    DR2_WRITE = 1u << 18,

    /// <summary>MOV to DR3.</summary>
    DR3_WRITE = 1u << 19,

    /// <summary>MOV to DR4.</summary>
    DR4_WRITE = 1u << 20,

    /// <summary>MOV to DR5.</summary>
    DR5_WRITE = 1u << 21,

    /// <summary>MOV to DR6.</summary>
    DR6_WRITE = 1u << 22,

    /// <summary>MOV to DR7.</summary>
    DR7_WRITE = 1u << 23,

    /// <summary>MOV to DR8.</summary>
    DR8_WRITE = 1u << 24,

    /// <summary>MOV to DR9.</summary>
    DR9_WRITE = 1u << 25,

    /// <summary>MOV to DR10.</summary>
    DR10_WRITE = 1u << 26,

    /// <summary>MOV to DR11.</summary>
    DR11_WRITE = 1u << 27,

    /// <summary>MOV to DR12.</summary>
    DR12_WRITE = 1u << 28,

    /// <summary>MOV to DR13.</summary>
    DR13_WRITE = 1u << 29,

    /// <summary>MOV to DR14.</summary>
    DR14_WRITE = 1u << 30,

    /// <summary>MOV to DR15.</summary>
    DR15_WRITE = 1u << 31,
}
