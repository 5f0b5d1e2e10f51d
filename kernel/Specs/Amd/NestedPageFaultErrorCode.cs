using System;

namespace HyperOS.Specs.Amd;

/// <summary>EXITINFO1 of VMEXIT_NPF. AMD APM vol. 2, "Nested versus Guest Page Faults, Fault Ordering".</summary>
[Flags]
public enum NestedPageFaultErrorCode : ulong
{
    /// <summary>The nested translation was present.</summary>
    P = 1ul << 0,

    /// <summary>A write.</summary>
    RW = 1ul << 1,

    /// <summary>A user access: always set for nested walks.</summary>
    US = 1ul << 2,

    /// <summary>Reserved bits were set in a nested table.</summary>
    RSV = 1ul << 3,

    /// <summary>An instruction fetch.</summary>
    ID = 1ul << 4,

    /// <summary>A shadow stack access.</summary>
    SS = 1ul << 6,

    /// <summary>The reverse map check failed (SEV-SNP).</summary>
    RMP = 1ul << 31,

    /// <summary>While translating the final guest-physical address.</summary>
    FinalPhysical = 1ul << 32,

    /// <summary>While reading or writing the guest's page tables.</summary>
    GuestTableWalk = 1ul << 33,

    /// <summary>The access was encrypted (SEV-SNP).</summary>
    ENC = 1ul << 34,

    /// <summary>Page size mismatch (SEV-SNP).</summary>
    SIZEM = 1ul << 35,

    /// <summary>The VMPL permission check failed (SEV-SNP).</summary>
    VMPL = 1ul << 36,

    /// <summary>The page is not a supervisor shadow stack page.</summary>
    SSS = 1ul << 37,
}
