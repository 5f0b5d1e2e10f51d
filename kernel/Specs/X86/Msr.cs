namespace HyperOS.Specs.X86;

/// <summary>
/// Model-specific register numbers, named as in the manuals (IA32_ names: Intel SDM vol. 4; others: AMD APM vol. 2, appendix "MSR Cross-Reference",
/// and AMD processor programming references).
/// </summary>
public static class Msr
{
    /// <summary>Legacy machine check address.</summary>
    public const uint IA32_P5_MC_ADDR = 0x00000000;

    /// <summary>Legacy machine check type.</summary>
    public const uint IA32_P5_MC_TYPE = 0x00000001;

    /// <summary>The TSC.</summary>
    public const uint IA32_TIME_STAMP_COUNTER = 0x00000010;

    /// <summary>Intel platform id.</summary>
    public const uint IA32_PLATFORM_ID = 0x00000017;

    /// <summary>Base and mode of the local APIC.</summary>
    public const uint IA32_APIC_BASE = 0x0000001B;

    /// <summary>Power-on configuration.</summary>
    public const uint EBL_CR_POWERON = 0x0000002A;

    /// <summary>Intel VMX and SMX lock; bits in HyperOS.Specs.Intel.FeatureControl.</summary>
    public const uint IA32_FEATURE_CONTROL = 0x0000003A;

    /// <summary>Added to the TSC.</summary>
    public const uint IA32_TSC_ADJUST = 0x0000003B;

    /// <summary>IBRS, STIBP, SSBD, PSFD.</summary>
    public const uint IA32_SPEC_CTRL = 0x00000048;

    /// <summary>IBPB, SBPB; write only.</summary>
    public const uint IA32_PRED_CMD = 0x00000049;

    /// <summary>Intel microcode update.</summary>
    public const uint IA32_BIOS_UPDT_TRIG = 0x00000079;

    /// <summary>Microcode revision; AMD PATCH_LEVEL.</summary>
    public const uint IA32_BIOS_SIGN_ID = 0x0000008B;

    /// <summary>SMRAM base.</summary>
    public const uint IA32_SMBASE = 0x0000009E;

    /// <summary>Intel platform information.</summary>
    public const uint MSR_PLATFORM_INFO = 0x000000CE;

    /// <summary>UMWAIT and TPAUSE limits.</summary>
    public const uint IA32_UMWAIT_CONTROL = 0x000000E1;

    /// <summary>Maximum performance clock count.</summary>
    public const uint IA32_MPERF = 0x000000E7;

    /// <summary>Actual performance clock count.</summary>
    public const uint IA32_APERF = 0x000000E8;

    /// <summary>MTRR capabilities.</summary>
    public const uint IA32_MTRRCAP = 0x000000FE;

    /// <summary>Speculation capabilities.</summary>
    public const uint IA32_ARCH_CAPABILITIES = 0x0000010A;

    /// <summary>L1D flush; write only.</summary>
    public const uint IA32_FLUSH_CMD = 0x0000010B;

    /// <summary>TSX control.</summary>
    public const uint IA32_TSX_CTRL = 0x00000122;

    /// <summary>SYSENTER code segment.</summary>
    public const uint IA32_SYSENTER_CS = 0x00000174;

    /// <summary>SYSENTER stack.</summary>
    public const uint IA32_SYSENTER_ESP = 0x00000175;

    /// <summary>SYSENTER entry.</summary>
    public const uint IA32_SYSENTER_EIP = 0x00000176;

    /// <summary>Machine check capabilities: bits 7:0 bank count, bit 8 MCG_CTL_P.</summary>
    public const uint IA32_MCG_CAP = 0x00000179;

    /// <summary>Machine check status.</summary>
    public const uint IA32_MCG_STATUS = 0x0000017A;

    /// <summary>Machine check control.</summary>
    public const uint IA32_MCG_CTL = 0x0000017B;

    /// <summary>Intel performance event select 0.</summary>
    public const uint IA32_PERFEVTSEL0 = 0x00000186;

    /// <summary>Current performance state.</summary>
    public const uint IA32_PERF_STATUS = 0x00000198;

    /// <summary>Requested performance state.</summary>
    public const uint IA32_PERF_CTL = 0x00000199;

    /// <summary>Intel miscellaneous features.</summary>
    public const uint IA32_MISC_ENABLE = 0x000001A0;

    /// <summary>Debug control: LBR, BTF.</summary>
    public const uint IA32_DEBUGCTL = 0x000001D9;

    /// <summary>Last branch from.</summary>
    public const uint LASTBRANCHFROMIP = 0x000001DB;

    /// <summary>Last branch to.</summary>
    public const uint LASTBRANCHTOIP = 0x000001DC;

    /// <summary>Last interrupt from.</summary>
    public const uint LASTINTFROMIP = 0x000001DD;

    /// <summary>Last interrupt to.</summary>
    public const uint LASTINTTOIP = 0x000001DE;

    /// <summary>First variable range base; masks alternate with bases.</summary>
    public const uint IA32_MTRR_PHYSBASE0 = 0x00000200;

    /// <summary>Fixed range of eight 64 KiB parts.</summary>
    public const uint IA32_MTRR_FIX64K_00000 = 0x00000250;

    /// <summary>Fixed range of eight 16 KiB parts.</summary>
    public const uint IA32_MTRR_FIX16K_80000 = 0x00000258;

    /// <summary>Fixed range of eight 16 KiB parts.</summary>
    public const uint IA32_MTRR_FIX16K_A0000 = 0x00000259;

    /// <summary>First of eight fixed ranges of 4 KiB parts.</summary>
    public const uint IA32_MTRR_FIX4K_C0000 = 0x00000268;

    /// <summary>Last of them.</summary>
    public const uint IA32_MTRR_FIX4K_F8000 = 0x0000026F;

    /// <summary>Page attribute table.</summary>
    public const uint IA32_PAT = 0x00000277;

    /// <summary>First corrected machine check interrupt control.</summary>
    public const uint IA32_MC0_CTL2 = 0x00000280;

    /// <summary>Default type, and enables.</summary>
    public const uint IA32_MTRR_DEF_TYPE = 0x000002FF;

    /// <summary>Intel performance monitoring capabilities.</summary>
    public const uint IA32_PERF_CAPABILITIES = 0x00000345;

    /// <summary>Intel fixed counter control.</summary>
    public const uint IA32_FIXED_CTR_CTRL = 0x0000038D;

    /// <summary>Intel global counter control.</summary>
    public const uint IA32_PERF_GLOBAL_CTRL = 0x0000038F;

    /// <summary>First machine check bank; four MSRs a bank: CTL, STATUS, ADDR, MISC.</summary>
    public const uint IA32_MC0_CTL = 0x00000400;

    /// <summary>First of the VMX capability MSRs; bits in HyperOS.Specs.Intel.VmxBasic.</summary>
    public const uint IA32_VMX_BASIC = 0x00000480;

    /// <summary>Allowed pin-based controls: bits 31:0 must be 1, zeros in 63:32 must be 0.</summary>
    public const uint IA32_VMX_PINBASED_CTLS = 0x00000481;

    /// <summary>Allowed primary processor-based controls.</summary>
    public const uint IA32_VMX_PROCBASED_CTLS = 0x00000482;

    /// <summary>Allowed VM-exit controls.</summary>
    public const uint IA32_VMX_EXIT_CTLS = 0x00000483;

    /// <summary>Allowed VM-entry controls.</summary>
    public const uint IA32_VMX_ENTRY_CTLS = 0x00000484;

    /// <summary>Bits in HyperOS.Specs.Intel.VmxMisc.</summary>
    public const uint IA32_VMX_MISC = 0x00000485;

    /// <summary>CR0 bits that must be 1 in VMX operation.</summary>
    public const uint IA32_VMX_CR0_FIXED0 = 0x00000486;

    /// <summary>CR0 bits that may be 1.</summary>
    public const uint IA32_VMX_CR0_FIXED1 = 0x00000487;

    /// <summary>CR4 bits that must be 1 in VMX operation.</summary>
    public const uint IA32_VMX_CR4_FIXED0 = 0x00000488;

    /// <summary>CR4 bits that may be 1.</summary>
    public const uint IA32_VMX_CR4_FIXED1 = 0x00000489;

    /// <summary>Highest index of VMCS fields.</summary>
    public const uint IA32_VMX_VMCS_ENUM = 0x0000048A;

    /// <summary>Allowed secondary processor-based controls.</summary>
    public const uint IA32_VMX_PROCBASED_CTLS2 = 0x0000048B;

    /// <summary>Bits in HyperOS.Specs.Intel.EptVpidCap.</summary>
    public const uint IA32_VMX_EPT_VPID_CAP = 0x0000048C;

    /// <summary>As IA32_VMX_PINBASED_CTLS, with default-1 bits that may be 0.</summary>
    public const uint IA32_VMX_TRUE_PINBASED_CTLS = 0x0000048D;

    /// <summary>As IA32_VMX_PROCBASED_CTLS, likewise.</summary>
    public const uint IA32_VMX_TRUE_PROCBASED_CTLS = 0x0000048E;

    /// <summary>As IA32_VMX_EXIT_CTLS, likewise.</summary>
    public const uint IA32_VMX_TRUE_EXIT_CTLS = 0x0000048F;

    /// <summary>As IA32_VMX_ENTRY_CTLS, likewise.</summary>
    public const uint IA32_VMX_TRUE_ENTRY_CTLS = 0x00000490;

    /// <summary>VM functions that may be enabled.</summary>
    public const uint IA32_VMX_VMFUNC = 0x00000491;

    /// <summary>Tertiary processor-based controls that may be 1.</summary>
    public const uint IA32_VMX_PROCBASED_CTLS3 = 0x00000492;

    /// <summary>Secondary VM-exit controls that may be 1.</summary>
    public const uint IA32_VMX_EXIT_CTLS2 = 0x00000493;

    /// <summary>Debug store.</summary>
    public const uint IA32_DS_AREA = 0x00000600;

    /// <summary>User CET.</summary>
    public const uint IA32_U_CET = 0x000006A0;

    /// <summary>Supervisor CET.</summary>
    public const uint IA32_S_CET = 0x000006A2;

    /// <summary>APIC timer deadline, in TSC ticks.</summary>
    public const uint IA32_TSC_DEADLINE = 0x000006E0;

    /// <summary>First of the x2APIC range.</summary>
    public const uint IA32_X2APIC_FIRST = 0x00000800;

    /// <summary>The x2APIC id.</summary>
    public const uint IA32_X2APIC_APICID = 0x00000802;

    /// <summary>End of interrupt.</summary>
    public const uint IA32_X2APIC_EOI = 0x0000080B;

    /// <summary>Interrupt command.</summary>
    public const uint IA32_X2APIC_ICR = 0x00000830;

    /// <summary>Last of the x2APIC range.</summary>
    public const uint IA32_X2APIC_LAST = 0x000008FF;

    /// <summary>Supervisor state components.</summary>
    public const uint IA32_XSS = 0x00000DA0;

    /// <summary>Extended feature enable register.</summary>
    public const uint EFER = 0xC0000080;

    /// <summary>SYSCALL segments.</summary>
    public const uint STAR = 0xC0000081;

    /// <summary>SYSCALL entry, 64-bit.</summary>
    public const uint LSTAR = 0xC0000082;

    /// <summary>SYSCALL entry, compatibility mode.</summary>
    public const uint CSTAR = 0xC0000083;

    /// <summary>SYSCALL flag mask.</summary>
    public const uint SFMASK = 0xC0000084;

    /// <summary>Read-only MPERF.</summary>
    public const uint MPERFReadOnly = 0xC00000E7;

    /// <summary>Read-only APERF.</summary>
    public const uint APERFReadOnly = 0xC00000E8;

    /// <summary>FS base.</summary>
    public const uint FS_BASE = 0xC0000100;

    /// <summary>GS base.</summary>
    public const uint GS_BASE = 0xC0000101;

    /// <summary>What SWAPGS swaps in.</summary>
    public const uint KernelGSbase = 0xC0000102;

    /// <summary>What RDTSCP and RDPID return.</summary>
    public const uint TSC_AUX = 0xC0000103;

    /// <summary>Guest TSC ratio: 8.32 fixed point.</summary>
    public const uint TSC_RATIO = 0xC0000104;

    /// <summary>First scalable MCA bank; 16 MSRs a bank.</summary>
    public const uint MCA_CTL0 = 0xC0002000;

    /// <summary>AMD performance event select 0.</summary>
    public const uint PERF_LEGACY_CTL0 = 0xC0010000;

    /// <summary>AMD performance counter 0.</summary>
    public const uint PERF_LEGACY_CTR0 = 0xC0010004;

    /// <summary>AMD performance counter 3.</summary>
    public const uint PERF_LEGACY_CTR3 = 0xC0010007;

    /// <summary>System configuration.</summary>
    public const uint SYSCFG = 0xC0010010;

    /// <summary>Hardware configuration.</summary>
    public const uint HWCR = 0xC0010015;

    /// <summary>I/O range base.</summary>
    public const uint IORRBase0 = 0xC0010016;

    /// <summary>I/O range mask.</summary>
    public const uint IORRMask1 = 0xC0010019;

    /// <summary>Top of memory below 4 GiB.</summary>
    public const uint TOP_MEM = 0xC001001A;

    /// <summary>Top of memory above 4 GiB.</summary>
    public const uint TOP_MEM2 = 0xC001001D;

    /// <summary>Northbridge configuration.</summary>
    public const uint NB_CFG = 0xC001001F;

    /// <summary>AMD microcode update.</summary>
    public const uint PATCH_LOADER = 0xC0010020;

    /// <summary>First legacy machine check mask.</summary>
    public const uint MC0_CTL_MASK = 0xC0010044;

    /// <summary>Interrupt pending message.</summary>
    public const uint INT_PENDING_MSG = 0xC0010055;

    /// <summary>Base of the memory-mapped PCI configuration space.</summary>
    public const uint MMIO_CONF_BASE = 0xC0010058;

    /// <summary>P-state limit.</summary>
    public const uint PstateCurrentLimit = 0xC0010061;

    /// <summary>Current P-state.</summary>
    public const uint PstateStatus = 0xC0010063;

    /// <summary>First P-state definition.</summary>
    public const uint Pstate0 = 0xC0010064;

    /// <summary>Current frequency and voltage.</summary>
    public const uint COFVID_STATUS = 0xC0010071;

    /// <summary>Processor watchdog.</summary>
    public const uint CpuWdtCfg = 0xC0010074;

    /// <summary>SMRAM base.</summary>
    public const uint SMM_BASE = 0xC0010111;

    /// <summary>SMRAM address.</summary>
    public const uint SMM_ADDR = 0xC0010112;

    /// <summary>SMRAM mask.</summary>
    public const uint SMM_MASK = 0xC0010113;

    /// <summary>SVM control; bits in HyperOS.Specs.Amd.VmCr.</summary>
    public const uint VM_CR = 0xC0010114;

    /// <summary>IGNNE control.</summary>
    public const uint IGNNE = 0xC0010115;

    /// <summary>SMM control.</summary>
    public const uint SMM_CTL = 0xC0010116;

    /// <summary>Host save area.</summary>
    public const uint VM_HSAVE_PA = 0xC0010117;

    /// <summary>SVM lock key.</summary>
    public const uint SVM_KEY = 0xC0010118;

    /// <summary>SSBD for guests.</summary>
    public const uint VIRT_SPEC_CTRL = 0xC001011F;

    /// <summary>What SEV features are on.</summary>
    public const uint SEV_STATUS = 0xC0010131;

    /// <summary>OS visible workarounds: length.</summary>
    public const uint OSVW_ID_Length = 0xC0010140;

    /// <summary>OS visible workarounds: status.</summary>
    public const uint OSVW_Status = 0xC0010141;

    /// <summary>AMD extended performance event select 0; counters alternate.</summary>
    public const uint PERF_CTL0 = 0xC0010200;

    /// <summary>AMD extended performance counter 5.</summary>
    public const uint PERF_CTR5 = 0xC001020B;

    /// <summary>Overrides of CPUID.</summary>
    public const uint CPUID_Features = 0xC0011004;

    /// <summary>Load-store configuration (SSBD on early families).</summary>
    public const uint LS_CFG = 0xC0011020;

    /// <summary>Instruction cache configuration.</summary>
    public const uint IC_CFG = 0xC0011021;

    /// <summary>Data cache configuration.</summary>
    public const uint DC_CFG = 0xC0011022;

    /// <summary>Decode configuration; bit 1: LFENCE serializes.</summary>
    public const uint DE_CFG = 0xC0011029;

    /// <summary>Combined unit configuration.</summary>
    public const uint CU_CFG2 = 0xC001102A;
}
