namespace HyperOS.Specs.Amd;

/// <summary>TLB_CONTROL at VMCB offset 05Ch: what VMRUN flushes. AMD APM vol. 2, appendix "Layout of VMCB".</summary>
public enum TlbControl : byte
{
    /// <summary>Flush nothing.</summary>
    DoNothing = 0,

    /// <summary>Flush the entire TLB, of all ASIDs; for legacy use.</summary>
    FlushAll = 1,

    /// <summary>Flush this guest's entries; present where CPUID says FlushByAsid.</summary>
    FlushGuest = 3,

    /// <summary>Flush this guest's non-global entries; present where CPUID says FlushByAsid.</summary>
    FlushGuestNonGlobal = 7,
}
