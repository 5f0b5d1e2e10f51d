namespace HyperOS.Specs.Intel;

/// <summary>
/// Basic exit reasons: bits 15:0 of the exit-reason field; the other bits are <see cref="VmExitReasonFlags"/>. Intel SDM vol. 3, appendix "VMX
/// Basic Exit Reasons".
/// </summary>
public enum VmExitReason : ushort
{
    /// <summary>Exception of the exception bitmap, or NMI.</summary>
    ExceptionOrNmi = 0,

    /// <summary>External interrupt.</summary>
    ExternalInterrupt = 1,

    /// <summary>Triple fault.</summary>
    TripleFault = 2,

    /// <summary>INIT signal.</summary>
    InitSignal = 3,

    /// <summary>Start-up IPI.</summary>
    StartupIpi = 4,

    /// <summary>SMI after an I/O instruction.</summary>
    IoSmi = 5,

    /// <summary>Other SMI.</summary>
    OtherSmi = 6,

    /// <summary>Interrupt window.</summary>
    InterruptWindow = 7,

    /// <summary>NMI window.</summary>
    NmiWindow = 8,

    /// <summary>Task switch.</summary>
    TaskSwitch = 9,

    /// <summary>CPUID.</summary>
    Cpuid = 10,

    /// <summary>GETSEC.</summary>
    Getsec = 11,

    /// <summary>HLT.</summary>
    Hlt = 12,

    /// <summary>INVD.</summary>
    Invd = 13,

    /// <summary>INVLPG.</summary>
    Invlpg = 14,

    /// <summary>RDPMC.</summary>
    Rdpmc = 15,

    /// <summary>RDTSC.</summary>
    Rdtsc = 16,

    /// <summary>RSM in SMM.</summary>
    Rsm = 17,

    /// <summary>VMCALL.</summary>
    Vmcall = 18,

    /// <summary>VMCLEAR.</summary>
    Vmclear = 19,

    /// <summary>VMLAUNCH.</summary>
    Vmlaunch = 20,

    /// <summary>VMPTRLD.</summary>
    Vmptrld = 21,

    /// <summary>VMPTRST.</summary>
    Vmptrst = 22,

    /// <summary>VMREAD.</summary>
    Vmread = 23,

    /// <summary>VMRESUME.</summary>
    Vmresume = 24,

    /// <summary>VMWRITE.</summary>
    Vmwrite = 25,

    /// <summary>VMXOFF.</summary>
    Vmxoff = 26,

    /// <summary>VMXON.</summary>
    Vmxon = 27,

    /// <summary>CR0, CR3, CR4, CR8, CLTS, LMSW: <see cref="CrAccessQualification"/>.</summary>
    ControlRegisterAccess = 28,

    /// <summary>MOV DR: <see cref="MovDrQualification"/>.</summary>
    MovDr = 29,

    /// <summary>IN, OUT, INS, OUTS: <see cref="IoQualification"/>.</summary>
    IoInstruction = 30,

    /// <summary>RDMSR.</summary>
    Rdmsr = 31,

    /// <summary>WRMSR.</summary>
    Wrmsr = 32,

    /// <summary>VM entry failed: a check on the guest state.</summary>
    EntryFailureInvalidGuestState = 33,

    /// <summary>VM entry failed: MSR loading; the qualification is the entry, from 1.</summary>
    EntryFailureMsrLoading = 34,

    /// <summary>MWAIT.</summary>
    Mwait = 36,

    /// <summary>Monitor trap flag.</summary>
    MonitorTrapFlag = 37,

    /// <summary>MONITOR.</summary>
    Monitor = 39,

    /// <summary>PAUSE, or a loop of them.</summary>
    Pause = 40,

    /// <summary>VM entry failed: machine check.</summary>
    EntryFailureMachineCheck = 41,

    /// <summary>VTPR fell below the TPR threshold.</summary>
    TprBelowThreshold = 43,

    /// <summary>APIC-access page: <see cref="ApicAccessQualification"/>.</summary>
    ApicAccess = 44,

    /// <summary>EOI of a vector of the EOI-exit bitmap; the qualification is the vector.</summary>
    VirtualizedEoi = 45,

    /// <summary>LGDT, LIDT, SGDT, SIDT.</summary>
    GdtrOrIdtrAccess = 46,

    /// <summary>LLDT, LTR, SLDT, STR.</summary>
    LdtrOrTrAccess = 47,

    /// <summary><see cref="EptViolationQualification"/>.</summary>
    EptViolation = 48,

    /// <summary>An EPT entry that no processor takes.</summary>
    EptMisconfiguration = 49,

    /// <summary>INVEPT.</summary>
    Invept = 50,

    /// <summary>RDTSCP.</summary>
    Rdtscp = 51,

    /// <summary>The preemption timer counted to zero.</summary>
    VmxPreemptionTimerExpired = 52,

    /// <summary>INVVPID.</summary>
    Invvpid = 53,

    /// <summary>WBINVD or WBNOINVD.</summary>
    WbinvdOrWbnoinvd = 54,

    /// <summary>XSETBV.</summary>
    Xsetbv = 55,

    /// <summary>Write to the virtual-APIC page that needs software; the qualification is the offset.</summary>
    ApicWrite = 56,

    /// <summary>RDRAND.</summary>
    Rdrand = 57,

    /// <summary>INVPCID.</summary>
    Invpcid = 58,

    /// <summary>VMFUNC.</summary>
    Vmfunc = 59,

    /// <summary>ENCLS.</summary>
    Encls = 60,

    /// <summary>RDSEED.</summary>
    Rdseed = 61,

    /// <summary>The page-modification log is full.</summary>
    PageModificationLogFull = 62,

    /// <summary>XSAVES.</summary>
    Xsaves = 63,

    /// <summary>XRSTORS.</summary>
    Xrstors = 64,

    /// <summary>PCONFIG.</summary>
    Pconfig = 65,

    /// <summary>Sub-page permission miss or misconfiguration.</summary>
    SppRelatedEvent = 66,

    /// <summary>UMWAIT.</summary>
    Umwait = 67,

    /// <summary>TPAUSE.</summary>
    Tpause = 68,

    /// <summary>LOADIWKEY.</summary>
    Loadiwkey = 69,

    /// <summary>ENCLV.</summary>
    Enclv = 70,

    /// <summary>ENQCMD.</summary>
    EnqcmdPasidTranslationFailure = 72,

    /// <summary>ENQCMDS.</summary>
    EnqcmdsPasidTranslationFailure = 73,

    /// <summary>Bus lock.</summary>
    BusLock = 74,

    /// <summary>Instruction timeout.</summary>
    InstructionTimeout = 75,

    /// <summary>SEAMCALL.</summary>
    Seamcall = 76,

    /// <summary>TDCALL.</summary>
    Tdcall = 77,

    /// <summary>RDMSRLIST.</summary>
    Rdmsrlist = 78,

    /// <summary>WRMSRLIST.</summary>
    Wrmsrlist = 79,
}
