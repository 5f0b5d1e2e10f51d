using System;

namespace HyperOS.Specs.X86;

/// <summary>IA32_ARCH_CAPABILITIES. Intel SDM vol. 4.</summary>
[Flags]
public enum ArchCapabilities : ulong
{
    /// <summary>No rogue data cache load (Meltdown).</summary>
    RDCL_NO = 1ul << 0,

    /// <summary>Enhanced IBRS.</summary>
    IBRS_ALL = 1ul << 1,

    /// <summary>RET may use the alternate predictor when the RSB is empty.</summary>
    RSBA = 1ul << 2,

    /// <summary>The hypervisor need not flush L1D on entry.</summary>
    SKIP_L1DFL_VMENTRY = 1ul << 3,

    /// <summary>No speculative store bypass.</summary>
    SSB_NO = 1ul << 4,

    /// <summary>No microarchitectural data sampling.</summary>
    MDS_NO = 1ul << 5,

    /// <summary>No machine check on page size change.</summary>
    IF_PSCHANGE_MC_NO = 1ul << 6,

    /// <summary>IA32_TSX_CTRL is there.</summary>
    TSX_CTRL = 1ul << 7,

    /// <summary>No TSX asynchronous abort.</summary>
    TAA_NO = 1ul << 8,

    /// <summary>No shared buffers data read.</summary>
    SBDR_SSDP_NO = 1ul << 13,

    /// <summary>No fill buffer stale data propagator.</summary>
    FBSDP_NO = 1ul << 14,

    /// <summary>No primary stale data propagator.</summary>
    PSDP_NO = 1ul << 15,

    /// <summary>VERW overwrites fill buffers.</summary>
    FB_CLEAR = 1ul << 17,

    /// <summary>Restricted RSB alternate.</summary>
    RRSBA = 1ul << 19,

    /// <summary>No branch history injection.</summary>
    BHI_NO = 1ul << 20,

    /// <summary>No post-barrier RSB prediction.</summary>
    PBRSB_NO = 1ul << 24,

    /// <summary>Gather mitigation control.</summary>
    GDS_CTRL = 1ul << 25,

    /// <summary>No gather data sampling.</summary>
    GDS_NO = 1ul << 26,

    /// <summary>No register file data sampling.</summary>
    RFDS_NO = 1ul << 27,

    /// <summary>VERW clears register files.</summary>
    RFDS_CLEAR = 1ul << 28,
}
