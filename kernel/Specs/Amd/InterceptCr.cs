using System;

namespace HyperOS.Specs.Amd;

/// <summary>Intercepts of control register reads (bits 15:0) and writes (bits 31:16) at VMCB offset 000h. AMD APM vol. 2, appendix "Layout of VMCB".</summary>
[Flags]
public enum InterceptCr : uint
{
    /// <summary>MOV from CR0, SMSW.</summary>
    CR0_READ = 1u << 0,

    /// <summary>MOV from CR1.</summary>
    CR1_READ = 1u << 1,

    /// <summary>MOV from CR2.</summary>
    CR2_READ = 1u << 2,

    /// <summary>MOV from CR3.</summary>
    CR3_READ = 1u << 3,

    /// <summary>MOV from CR4.</summary>
    CR4_READ = 1u << 4,

    /// <summary>MOV from CR5.</summary>
    CR5_READ = 1u << 5,

    /// <summary>MOV from CR6.</summary>
    CR6_READ = 1u << 6,

    /// <summary>MOV from CR7.</summary>
    CR7_READ = 1u << 7,

    /// <summary>MOV from CR8.</summary>
    CR8_READ = 1u << 8,

    /// <summary>MOV from CR9.</summary>
    CR9_READ = 1u << 9,

    /// <summary>MOV from CR10.</summary>
    CR10_READ = 1u << 10,

    /// <summary>MOV from CR11.</summary>
    CR11_READ = 1u << 11,

    /// <summary>MOV from CR12.</summary>
    CR12_READ = 1u << 12,

    /// <summary>MOV from CR13.</summary>
    CR13_READ = 1u << 13,

    /// <summary>MOV from CR14.</summary>
    CR14_READ = 1u << 14,

    /// <summary>MOV from CR15.</summary>
    CR15_READ = 1u << 15,

    /// <summary>MOV to CR0, LMSW, CLTS.</summary>
    CR0_WRITE = 1u << 16,

    /// <summary>MOV to CR1.</summary>
    CR1_WRITE = 1u << 17,

    /// <summary>MOV to CR2.</summary>
    CR2_WRITE = 1u << 18,

    /// <summary>MOV to CR3.</summary>
    CR3_WRITE = 1u << 19,

    /// <summary>MOV to CR4.</summary>
    CR4_WRITE = 1u << 20,

    /// <summary>MOV to CR5.</summary>
    CR5_WRITE = 1u << 21,

    /// <summary>MOV to CR6.</summary>
    CR6_WRITE = 1u << 22,

    /// <summary>MOV to CR7.</summary>
    CR7_WRITE = 1u << 23,

    /// <summary>MOV to CR8.</summary>
    CR8_WRITE = 1u << 24,

    /// <summary>MOV to CR9.</summary>
    CR9_WRITE = 1u << 25,

    /// <summary>MOV to CR10.</summary>
    CR10_WRITE = 1u << 26,

    /// <summary>MOV to CR11.</summary>
    CR11_WRITE = 1u << 27,

    /// <summary>MOV to CR12.</summary>
    CR12_WRITE = 1u << 28,

    /// <summary>MOV to CR13.</summary>
    CR13_WRITE = 1u << 29,

    /// <summary>MOV to CR14.</summary>
    CR14_WRITE = 1u << 30,

    /// <summary>MOV to CR15.</summary>
    CR15_WRITE = 1u << 31,
}
