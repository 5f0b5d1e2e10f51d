namespace HyperOS.Specs.Intel;

/// <summary>
/// Encodings of VMCS fields, for VMREAD and VMWRITE; 64-bit fields by their full access. Bit 0: access type, 9:1 index, 11:10 type, 14:13
/// width. Intel SDM vol. 3, appendix "Field Encoding in VMCS".
/// </summary>
public enum VmcsField : uint
{
    /// <summary>Virtual-processor identifier (VPID); 16 bits, as all up to 0C0Ch.</summary>
    VirtualProcessorIdentifier = 0x0000,

    /// <summary>Posted-interrupt notification vector.</summary>
    PostedInterruptNotificationVector = 0x0002,

    /// <summary>EPTP index.</summary>
    EptpIndex = 0x0004,

    /// <summary>HLAT prefix size.</summary>
    HlatPrefixSize = 0x0006,

    /// <summary>Last PID-pointer index.</summary>
    LastPidPointerIndex = 0x0008,

    /// <summary>Virtual timer vector.</summary>
    VirtualTimerVector = 0x000A,

    /// <summary>Guest ES selector.</summary>
    GuestEsSelector = 0x0800,

    /// <summary>Guest CS selector.</summary>
    GuestCsSelector = 0x0802,

    /// <summary>Guest SS selector.</summary>
    GuestSsSelector = 0x0804,

    /// <summary>Guest DS selector.</summary>
    GuestDsSelector = 0x0806,

    /// <summary>Guest FS selector.</summary>
    GuestFsSelector = 0x0808,

    /// <summary>Guest GS selector.</summary>
    GuestGsSelector = 0x080A,

    /// <summary>Guest LDTR selector.</summary>
    GuestLdtrSelector = 0x080C,

    /// <summary>Guest TR selector.</summary>
    GuestTrSelector = 0x080E,

    /// <summary>RVI in bits 7:0, SVI in 15:8: see <see cref="VmxInterruptStatus"/>.</summary>
    GuestInterruptStatus = 0x0810,

    /// <summary>Next entry of the page-modification log.</summary>
    PmlIndex = 0x0812,

    /// <summary>Guest UINV.</summary>
    GuestUinv = 0x0814,

    /// <summary>Host ES selector.</summary>
    HostEsSelector = 0x0C00,

    /// <summary>Host CS selector.</summary>
    HostCsSelector = 0x0C02,

    /// <summary>Host SS selector.</summary>
    HostSsSelector = 0x0C04,

    /// <summary>Host DS selector.</summary>
    HostDsSelector = 0x0C06,

    /// <summary>Host FS selector.</summary>
    HostFsSelector = 0x0C08,

    /// <summary>Host GS selector.</summary>
    HostGsSelector = 0x0C0A,

    /// <summary>Host TR selector.</summary>
    HostTrSelector = 0x0C0C,

    /// <summary>Ports 0000h to 7FFFh; 64 bits, as all up to 2C16h.</summary>
    AddressOfIoBitmapA = 0x2000,

    /// <summary>Ports 8000h to FFFFh.</summary>
    AddressOfIoBitmapB = 0x2002,

    /// <summary>Physical: see <see cref="MsrBitmap"/>.</summary>
    AddressOfMsrBitmaps = 0x2004,

    /// <summary>VM-exit MSR-store address.</summary>
    VmExitMsrStoreAddress = 0x2006,

    /// <summary>VM-exit MSR-load address.</summary>
    VmExitMsrLoadAddress = 0x2008,

    /// <summary>VM-entry MSR-load address.</summary>
    VmEntryMsrLoadAddress = 0x200A,

    /// <summary>Executive-VMCS pointer.</summary>
    ExecutiveVmcsPointer = 0x200C,

    /// <summary>Page-modification log.</summary>
    PmlAddress = 0x200E,

    /// <summary>Added to the guest's TSC.</summary>
    TscOffset = 0x2010,

    /// <summary>Virtual-APIC page.</summary>
    VirtualApicAddress = 0x2012,

    /// <summary>APIC-access page.</summary>
    ApicAccessAddress = 0x2014,

    /// <summary>Posted-interrupt descriptor.</summary>
    PostedInterruptDescriptorAddress = 0x2016,

    /// <summary>VM-function controls.</summary>
    VmFunctionControls = 0x2018,

    /// <summary>EPT pointer: see <see cref="Eptp"/>.</summary>
    EptPointer = 0x201A,

    /// <summary>Vectors 00h to 3Fh whose EOI exits.</summary>
    EoiExitBitmap0 = 0x201C,

    /// <summary>Vectors 40h to 7Fh.</summary>
    EoiExitBitmap1 = 0x201E,

    /// <summary>Vectors 80h to BFh.</summary>
    EoiExitBitmap2 = 0x2020,

    /// <summary>Vectors C0h to FFh.</summary>
    EoiExitBitmap3 = 0x2022,

    /// <summary>EPTP list.</summary>
    EptpListAddress = 0x2024,

    /// <summary>VMREAD bitmap.</summary>
    VmreadBitmapAddress = 0x2026,

    /// <summary>VMWRITE bitmap.</summary>
    VmwriteBitmapAddress = 0x2028,

    /// <summary>Virtualization-exception information.</summary>
    VirtualizationExceptionInformationAddress = 0x202A,

    /// <summary>XSS components whose XSAVES and XRSTORS exit.</summary>
    XssExitingBitmap = 0x202C,

    /// <summary>ENCLS leaves that exit.</summary>
    EnclsExitingBitmap = 0x202E,

    /// <summary>Sub-page-permission-table pointer.</summary>
    SubPagePermissionTablePointer = 0x2030,

    /// <summary>48 bits of fraction: see <see cref="VmxTsc"/>.</summary>
    TscMultiplier = 0x2032,

    /// <summary><see cref="TertiaryProcessorBasedControls"/>.</summary>
    TertiaryProcessorBasedVmExecutionControls = 0x2034,

    /// <summary>ENCLV leaves that exit.</summary>
    EnclvExitingBitmap = 0x2036,

    /// <summary>Low PASID directory.</summary>
    LowPasidDirectoryAddress = 0x2038,

    /// <summary>High PASID directory.</summary>
    HighPasidDirectoryAddress = 0x203A,

    /// <summary>Shared EPT pointer.</summary>
    SharedEptPointer = 0x203C,

    /// <summary>PCONFIG leaves that exit.</summary>
    PconfigExitingBitmap = 0x203E,

    /// <summary>Hypervisor-managed linear-address translation pointer.</summary>
    HlatPointer = 0x2040,

    /// <summary>PID-pointer table.</summary>
    PidPointerTableAddress = 0x2042,

    /// <summary><see cref="SecondaryVmExitControls"/>.</summary>
    SecondaryVmExitControls = 0x2044,

    /// <summary>IA32_SPEC_CTRL bits that the guest cannot change.</summary>
    Ia32SpecCtrlMask = 0x204A,

    /// <summary>IA32_SPEC_CTRL as the guest reads it.</summary>
    Ia32SpecCtrlShadow = 0x204C,

    /// <summary>IA32_TSC_DEADLINE as the guest reads it.</summary>
    GuestDeadlineShadow = 0x204E,

    /// <summary>Injected-event data (FRED).</summary>
    InjectedEventData = 0x2052,

    /// <summary>Of an EPT violation or misconfiguration.</summary>
    GuestPhysicalAddress = 0x2400,

    /// <summary>Of RDMSRLIST and WRMSRLIST.</summary>
    MsrData = 0x2402,

    /// <summary>Original-event data (FRED).</summary>
    OriginalEventData = 0x2404,

    /// <summary>All ones where VMCS shadowing is off.</summary>
    VmcsLinkPointer = 0x2800,

    /// <summary>Guest IA32_DEBUGCTL.</summary>
    GuestIa32Debugctl = 0x2802,

    /// <summary>Guest IA32_PAT.</summary>
    GuestIa32Pat = 0x2804,

    /// <summary>Guest IA32_EFER.</summary>
    GuestIa32Efer = 0x2806,

    /// <summary>Guest IA32_PERF_GLOBAL_CTRL.</summary>
    GuestIa32PerfGlobalCtrl = 0x2808,

    /// <summary>Guest PDPTE0: PAE paging under EPT.</summary>
    GuestPdpte0 = 0x280A,

    /// <summary>Guest PDPTE1.</summary>
    GuestPdpte1 = 0x280C,

    /// <summary>Guest PDPTE2.</summary>
    GuestPdpte2 = 0x280E,

    /// <summary>Guest PDPTE3.</summary>
    GuestPdpte3 = 0x2810,

    /// <summary>Guest IA32_BNDCFGS.</summary>
    GuestIa32Bndcfgs = 0x2812,

    /// <summary>Guest IA32_RTIT_CTL.</summary>
    GuestIa32RtitCtl = 0x2814,

    /// <summary>Guest IA32_LBR_CTL.</summary>
    GuestIa32LbrCtl = 0x2816,

    /// <summary>Guest IA32_PKRS.</summary>
    GuestIa32Pkrs = 0x2818,

    /// <summary>Guest IA32_FRED_CONFIG.</summary>
    GuestIa32FredConfig = 0x281A,

    /// <summary>Guest IA32_FRED_RSP1.</summary>
    GuestIa32FredRsp1 = 0x281C,

    /// <summary>Guest IA32_FRED_RSP2.</summary>
    GuestIa32FredRsp2 = 0x281E,

    /// <summary>Guest IA32_FRED_RSP3.</summary>
    GuestIa32FredRsp3 = 0x2820,

    /// <summary>Guest IA32_FRED_STKLVLS.</summary>
    GuestIa32FredStklvls = 0x2822,

    /// <summary>Guest IA32_FRED_SSP1.</summary>
    GuestIa32FredSsp1 = 0x2824,

    /// <summary>Guest IA32_FRED_SSP2.</summary>
    GuestIa32FredSsp2 = 0x2826,

    /// <summary>Guest IA32_FRED_SSP3.</summary>
    GuestIa32FredSsp3 = 0x2828,

    /// <summary>Host IA32_PAT.</summary>
    HostIa32Pat = 0x2C00,

    /// <summary>Host IA32_EFER.</summary>
    HostIa32Efer = 0x2C02,

    /// <summary>Host IA32_PERF_GLOBAL_CTRL.</summary>
    HostIa32PerfGlobalCtrl = 0x2C04,

    /// <summary>Host IA32_PKRS.</summary>
    HostIa32Pkrs = 0x2C06,

    /// <summary>Host IA32_FRED_CONFIG.</summary>
    HostIa32FredConfig = 0x2C08,

    /// <summary>Host IA32_FRED_RSP1.</summary>
    HostIa32FredRsp1 = 0x2C0A,

    /// <summary>Host IA32_FRED_RSP2.</summary>
    HostIa32FredRsp2 = 0x2C0C,

    /// <summary>Host IA32_FRED_RSP3.</summary>
    HostIa32FredRsp3 = 0x2C0E,

    /// <summary>Host IA32_FRED_STKLVLS.</summary>
    HostIa32FredStklvls = 0x2C10,

    /// <summary>Host IA32_FRED_SSP1.</summary>
    HostIa32FredSsp1 = 0x2C12,

    /// <summary>Host IA32_FRED_SSP2.</summary>
    HostIa32FredSsp2 = 0x2C14,

    /// <summary>Host IA32_FRED_SSP3.</summary>
    HostIa32FredSsp3 = 0x2C16,

    /// <summary><see cref="PinBasedControls"/>; 32 bits, as all up to 4C00h.</summary>
    PinBasedVmExecutionControls = 0x4000,

    /// <summary><see cref="PrimaryProcessorBasedControls"/>.</summary>
    PrimaryProcessorBasedVmExecutionControls = 0x4002,

    /// <summary>Bit n: exception n exits.</summary>
    ExceptionBitmap = 0x4004,

    /// <summary>Page-fault error-code mask.</summary>
    PageFaultErrorCodeMask = 0x4006,

    /// <summary>Page-fault error-code match.</summary>
    PageFaultErrorCodeMatch = 0x4008,

    /// <summary>CR3-target count.</summary>
    Cr3TargetCount = 0x400A,

    /// <summary><see cref="VmExitControls"/>.</summary>
    PrimaryVmExitControls = 0x400C,

    /// <summary>VM-exit MSR-store count.</summary>
    VmExitMsrStoreCount = 0x400E,

    /// <summary>VM-exit MSR-load count.</summary>
    VmExitMsrLoadCount = 0x4010,

    /// <summary><see cref="Intel.VmEntryControls"/>.</summary>
    VmEntryControls = 0x4012,

    /// <summary>VM-entry MSR-load count.</summary>
    VmEntryMsrLoadCount = 0x4014,

    /// <summary>Event to inject: see <see cref="InterruptionInformation"/>.</summary>
    VmEntryInterruptionInformationField = 0x4016,

    /// <summary>Its error code.</summary>
    VmEntryExceptionErrorCode = 0x4018,

    /// <summary>For software interrupts and exceptions, in bytes.</summary>
    VmEntryInstructionLength = 0x401A,

    /// <summary>TPR threshold.</summary>
    TprThreshold = 0x401C,

    /// <summary><see cref="SecondaryProcessorBasedControls"/>.</summary>
    SecondaryProcessorBasedVmExecutionControls = 0x401E,

    /// <summary>In TSC ticks: PAUSEs further apart begin a new loop.</summary>
    PleGap = 0x4020,

    /// <summary>In TSC ticks: a loop this long exits.</summary>
    PleWindow = 0x4022,

    /// <summary>In crystal clock ticks.</summary>
    InstructionTimeoutControl = 0x4024,

    /// <summary><see cref="Intel.VmInstructionError"/>.</summary>
    VmInstructionError = 0x4400,

    /// <summary><see cref="VmExitReason"/>.</summary>
    ExitReason = 0x4402,

    /// <summary>Event that exited: see <see cref="InterruptionInformation"/>.</summary>
    VmExitInterruptionInformation = 0x4404,

    /// <summary>Its error code.</summary>
    VmExitInterruptionErrorCode = 0x4406,

    /// <summary>Event under delivery at the exit: see <see cref="InterruptionInformation"/>.</summary>
    IdtVectoringInformationField = 0x4408,

    /// <summary>Its error code.</summary>
    IdtVectoringErrorCode = 0x440A,

    /// <summary>In bytes.</summary>
    VmExitInstructionLength = 0x440C,

    /// <summary>Operands of the instruction that exited.</summary>
    VmExitInstructionInformation = 0x440E,

    /// <summary>Guest ES limit.</summary>
    GuestEsLimit = 0x4800,

    /// <summary>Guest CS limit.</summary>
    GuestCsLimit = 0x4802,

    /// <summary>Guest SS limit.</summary>
    GuestSsLimit = 0x4804,

    /// <summary>Guest DS limit.</summary>
    GuestDsLimit = 0x4806,

    /// <summary>Guest FS limit.</summary>
    GuestFsLimit = 0x4808,

    /// <summary>Guest GS limit.</summary>
    GuestGsLimit = 0x480A,

    /// <summary>Guest LDTR limit.</summary>
    GuestLdtrLimit = 0x480C,

    /// <summary>Guest TR limit.</summary>
    GuestTrLimit = 0x480E,

    /// <summary>Guest GDTR limit.</summary>
    GuestGdtrLimit = 0x4810,

    /// <summary>Guest IDTR limit.</summary>
    GuestIdtrLimit = 0x4812,

    /// <summary>Guest ES access rights: <see cref="SegmentAccessRights"/>.</summary>
    GuestEsAccessRights = 0x4814,

    /// <summary>Guest CS access rights: <see cref="SegmentAccessRights"/>.</summary>
    GuestCsAccessRights = 0x4816,

    /// <summary>Guest SS access rights: <see cref="SegmentAccessRights"/>.</summary>
    GuestSsAccessRights = 0x4818,

    /// <summary>Guest DS access rights: <see cref="SegmentAccessRights"/>.</summary>
    GuestDsAccessRights = 0x481A,

    /// <summary>Guest FS access rights: <see cref="SegmentAccessRights"/>.</summary>
    GuestFsAccessRights = 0x481C,

    /// <summary>Guest GS access rights: <see cref="SegmentAccessRights"/>.</summary>
    GuestGsAccessRights = 0x481E,

    /// <summary>Guest LDTR access rights: <see cref="SegmentAccessRights"/>.</summary>
    GuestLdtrAccessRights = 0x4820,

    /// <summary>Guest TR access rights: <see cref="SegmentAccessRights"/>.</summary>
    GuestTrAccessRights = 0x4822,

    /// <summary><see cref="InterruptibilityState"/>.</summary>
    GuestInterruptibilityState = 0x4824,

    /// <summary><see cref="ActivityState"/>.</summary>
    GuestActivityState = 0x4826,

    /// <summary>Guest SMBASE.</summary>
    GuestSmbase = 0x4828,

    /// <summary>Guest IA32_SYSENTER_CS.</summary>
    GuestIa32SysenterCs = 0x482A,

    /// <summary>Counts down, in TSC ticks shifted right as <see cref="VmxMisc"/> says.</summary>
    VmxPreemptionTimerValue = 0x482E,

    /// <summary>Host IA32_SYSENTER_CS.</summary>
    HostIa32SysenterCs = 0x4C00,

    /// <summary>CR0 bits that the host owns; natural width, as all from here.</summary>
    Cr0GuestHostMask = 0x6000,

    /// <summary>CR4 bits that the host owns.</summary>
    Cr4GuestHostMask = 0x6002,

    /// <summary>What the guest reads of them.</summary>
    Cr0ReadShadow = 0x6004,

    /// <summary>What the guest reads of them.</summary>
    Cr4ReadShadow = 0x6006,

    /// <summary>CR3-target value 0.</summary>
    Cr3TargetValue0 = 0x6008,

    /// <summary>CR3-target value 1.</summary>
    Cr3TargetValue1 = 0x600A,

    /// <summary>CR3-target value 2.</summary>
    Cr3TargetValue2 = 0x600C,

    /// <summary>CR3-target value 3.</summary>
    Cr3TargetValue3 = 0x600E,

    /// <summary>Format depends on the exit reason.</summary>
    ExitQualification = 0x6400,

    /// <summary>I/O RCX: SMM exits.</summary>
    IoRcx = 0x6402,

    /// <summary>I/O RSI: SMM exits.</summary>
    IoRsi = 0x6404,

    /// <summary>I/O RDI: SMM exits.</summary>
    IoRdi = 0x6406,

    /// <summary>I/O RIP: SMM exits.</summary>
    IoRip = 0x6408,

    /// <summary>Guest-linear address.</summary>
    GuestLinearAddress = 0x640A,

    /// <summary>Guest CR0.</summary>
    GuestCr0 = 0x6800,

    /// <summary>Guest CR3.</summary>
    GuestCr3 = 0x6802,

    /// <summary>Guest CR4.</summary>
    GuestCr4 = 0x6804,

    /// <summary>Guest ES base.</summary>
    GuestEsBase = 0x6806,

    /// <summary>Guest CS base.</summary>
    GuestCsBase = 0x6808,

    /// <summary>Guest SS base.</summary>
    GuestSsBase = 0x680A,

    /// <summary>Guest DS base.</summary>
    GuestDsBase = 0x680C,

    /// <summary>Guest FS base.</summary>
    GuestFsBase = 0x680E,

    /// <summary>Guest GS base.</summary>
    GuestGsBase = 0x6810,

    /// <summary>Guest LDTR base.</summary>
    GuestLdtrBase = 0x6812,

    /// <summary>Guest TR base.</summary>
    GuestTrBase = 0x6814,

    /// <summary>Guest GDTR base.</summary>
    GuestGdtrBase = 0x6816,

    /// <summary>Guest IDTR base.</summary>
    GuestIdtrBase = 0x6818,

    /// <summary>Guest DR7.</summary>
    GuestDr7 = 0x681A,

    /// <summary>Guest RSP.</summary>
    GuestRsp = 0x681C,

    /// <summary>Guest RIP.</summary>
    GuestRip = 0x681E,

    /// <summary>Guest RFLAGS.</summary>
    GuestRflags = 0x6820,

    /// <summary><see cref="PendingDebugExceptions"/>.</summary>
    GuestPendingDebugExceptions = 0x6822,

    /// <summary>Guest IA32_SYSENTER_ESP.</summary>
    GuestIa32SysenterEsp = 0x6824,

    /// <summary>Guest IA32_SYSENTER_EIP.</summary>
    GuestIa32SysenterEip = 0x6826,

    /// <summary>Guest IA32_S_CET.</summary>
    GuestIa32SCet = 0x6828,

    /// <summary>Guest SSP.</summary>
    GuestSsp = 0x682A,

    /// <summary>Guest IA32_INTERRUPT_SSP_TABLE_ADDR.</summary>
    GuestIa32InterruptSspTableAddr = 0x682C,

    /// <summary>Host CR0.</summary>
    HostCr0 = 0x6C00,

    /// <summary>Host CR3.</summary>
    HostCr3 = 0x6C02,

    /// <summary>Host CR4.</summary>
    HostCr4 = 0x6C04,

    /// <summary>Host FS base.</summary>
    HostFsBase = 0x6C06,

    /// <summary>Host GS base.</summary>
    HostGsBase = 0x6C08,

    /// <summary>Host TR base.</summary>
    HostTrBase = 0x6C0A,

    /// <summary>Host GDTR base.</summary>
    HostGdtrBase = 0x6C0C,

    /// <summary>Host IDTR base.</summary>
    HostIdtrBase = 0x6C0E,

    /// <summary>Host IA32_SYSENTER_ESP.</summary>
    HostIa32SysenterEsp = 0x6C10,

    /// <summary>Host IA32_SYSENTER_EIP.</summary>
    HostIa32SysenterEip = 0x6C12,

    /// <summary>Host RSP.</summary>
    HostRsp = 0x6C14,

    /// <summary>Host RIP.</summary>
    HostRip = 0x6C16,

    /// <summary>Host IA32_S_CET.</summary>
    HostIa32SCet = 0x6C18,

    /// <summary>Host SSP.</summary>
    HostSsp = 0x6C1A,

    /// <summary>Host IA32_INTERRUPT_SSP_TABLE_ADDR.</summary>
    HostIa32InterruptSspTableAddr = 0x6C1C,
}
