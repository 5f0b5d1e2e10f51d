namespace HyperOS.Specs.Amd;

/// <summary>#VMEXIT codes. AMD APM vol. 2, appendix "SVM Intercept Exit Codes".</summary>
public enum SvmExitCode : long
{
    /// <summary>Read of CR0.</summary>
    VMEXIT_CR0_READ = 0x00,

    /// <summary>Read of CR1.</summary>
    VMEXIT_CR1_READ = 0x01,

    /// <summary>Read of CR2.</summary>
    VMEXIT_CR2_READ = 0x02,

    /// <summary>Read of CR3.</summary>
    VMEXIT_CR3_READ = 0x03,

    /// <summary>Read of CR4.</summary>
    VMEXIT_CR4_READ = 0x04,

    /// <summary>Read of CR5.</summary>
    VMEXIT_CR5_READ = 0x05,

    /// <summary>Read of CR6.</summary>
    VMEXIT_CR6_READ = 0x06,

    /// <summary>Read of CR7.</summary>
    VMEXIT_CR7_READ = 0x07,

    /// <summary>Read of CR8.</summary>
    VMEXIT_CR8_READ = 0x08,

    /// <summary>Read of CR9.</summary>
    VMEXIT_CR9_READ = 0x09,

    /// <summary>Read of CR10.</summary>
    VMEXIT_CR10_READ = 0x0A,

    /// <summary>Read of CR11.</summary>
    VMEXIT_CR11_READ = 0x0B,

    /// <summary>Read of CR12.</summary>
    VMEXIT_CR12_READ = 0x0C,

    /// <summary>Read of CR13.</summary>
    VMEXIT_CR13_READ = 0x0D,

    /// <summary>Read of CR14.</summary>
    VMEXIT_CR14_READ = 0x0E,

    /// <summary>Read of CR15.</summary>
    VMEXIT_CR15_READ = 0x0F,

    /// <summary>Write of CR0.</summary>
    VMEXIT_CR0_WRITE = 0x10,

    /// <summary>Write of CR1.</summary>
    VMEXIT_CR1_WRITE = 0x11,

    /// <summary>Write of CR2.</summary>
    VMEXIT_CR2_WRITE = 0x12,

    /// <summary>Write of CR3.</summary>
    VMEXIT_CR3_WRITE = 0x13,

    /// <summary>Write of CR4.</summary>
    VMEXIT_CR4_WRITE = 0x14,

    /// <summary>Write of CR5.</summary>
    VMEXIT_CR5_WRITE = 0x15,

    /// <summary>Write of CR6.</summary>
    VMEXIT_CR6_WRITE = 0x16,

    /// <summary>Write of CR7.</summary>
    VMEXIT_CR7_WRITE = 0x17,

    /// <summary>Write of CR8.</summary>
    VMEXIT_CR8_WRITE = 0x18,

    /// <summary>Write of CR9.</summary>
    VMEXIT_CR9_WRITE = 0x19,

    /// <summary>Write of CR10.</summary>
    VMEXIT_CR10_WRITE = 0x1A,

    /// <summary>Write of CR11.</summary>
    VMEXIT_CR11_WRITE = 0x1B,

    /// <summary>Write of CR12.</summary>
    VMEXIT_CR12_WRITE = 0x1C,

    /// <summary>Write of CR13.</summary>
    VMEXIT_CR13_WRITE = 0x1D,

    /// <summary>Write of CR14.</summary>
    VMEXIT_CR14_WRITE = 0x1E,

    /// <summary>Write of CR15.</summary>
    VMEXIT_CR15_WRITE = 0x1F,

    /// <summary>Read of DR0.</summary>
    VMEXIT_DR0_READ = 0x20,

    /// <summary>Read of DR1.</summary>
    VMEXIT_DR1_READ = 0x21,

    /// <summary>Read of DR2.</summary>
    VMEXIT_DR2_READ = 0x22,

    /// <summary>Read of DR3.</summary>
    VMEXIT_DR3_READ = 0x23,

    /// <summary>Read of DR4.</summary>
    VMEXIT_DR4_READ = 0x24,

    /// <summary>Read of DR5.</summary>
    VMEXIT_DR5_READ = 0x25,

    /// <summary>Read of DR6.</summary>
    VMEXIT_DR6_READ = 0x26,

    /// <summary>Read of DR7.</summary>
    VMEXIT_DR7_READ = 0x27,

    /// <summary>Read of DR8.</summary>
    VMEXIT_DR8_READ = 0x28,

    /// <summary>Read of DR9.</summary>
    VMEXIT_DR9_READ = 0x29,

    /// <summary>Read of DR10.</summary>
    VMEXIT_DR10_READ = 0x2A,

    /// <summary>Read of DR11.</summary>
    VMEXIT_DR11_READ = 0x2B,

    /// <summary>Read of DR12.</summary>
    VMEXIT_DR12_READ = 0x2C,

    /// <summary>Read of DR13.</summary>
    VMEXIT_DR13_READ = 0x2D,

    /// <summary>Read of DR14.</summary>
    VMEXIT_DR14_READ = 0x2E,

    /// <summary>Read of DR15.</summary>
    VMEXIT_DR15_READ = 0x2F,

    /// <summary>Write of DR0.</summary>
    VMEXIT_DR0_WRITE = 0x30,

    /// <summary>Write of DR1.</summary>
    VMEXIT_DR1_WRITE = 0x31,

    /// <summary>Write of DR2.</summary>
    VMEXIT_DR2_WRITE = 0x32,

    /// <summary>Write of DR3.</summary>
    VMEXIT_DR3_WRITE = 0x33,

    /// <summary>Write of DR4.</summary>
    VMEXIT_DR4_WRITE = 0x34,

    /// <summary>Write of DR5.</summary>
    VMEXIT_DR5_WRITE = 0x35,

    /// <summary>Write of DR6.</summary>
    VMEXIT_DR6_WRITE = 0x36,

    /// <summary>Write of DR7.</summary>
    VMEXIT_DR7_WRITE = 0x37,

    /// <summary>Write of DR8.</summary>
    VMEXIT_DR8_WRITE = 0x38,

    /// <summary>Write of DR9.</summary>
    VMEXIT_DR9_WRITE = 0x39,

    /// <summary>Write of DR10.</summary>
    VMEXIT_DR10_WRITE = 0x3A,

    /// <summary>Write of DR11.</summary>
    VMEXIT_DR11_WRITE = 0x3B,

    /// <summary>Write of DR12.</summary>
    VMEXIT_DR12_WRITE = 0x3C,

    /// <summary>Write of DR13.</summary>
    VMEXIT_DR13_WRITE = 0x3D,

    /// <summary>Write of DR14.</summary>
    VMEXIT_DR14_WRITE = 0x3E,

    /// <summary>Write of DR15.</summary>
    VMEXIT_DR15_WRITE = 0x3F,

    /// <summary>Exception vector 0 (#DE).</summary>
    VMEXIT_EXCP0 = 0x40,

    /// <summary>Exception vector 1 (#DB).</summary>
    VMEXIT_EXCP1 = 0x41,

    /// <summary>Exception vector 2.</summary>
    VMEXIT_EXCP2 = 0x42,

    /// <summary>Exception vector 3 (#BP).</summary>
    VMEXIT_EXCP3 = 0x43,

    /// <summary>Exception vector 4 (#OF).</summary>
    VMEXIT_EXCP4 = 0x44,

    /// <summary>Exception vector 5 (#BR).</summary>
    VMEXIT_EXCP5 = 0x45,

    /// <summary>Exception vector 6 (#UD).</summary>
    VMEXIT_EXCP6 = 0x46,

    /// <summary>Exception vector 7 (#NM).</summary>
    VMEXIT_EXCP7 = 0x47,

    /// <summary>Exception vector 8 (#DF). EXITINFO1: error code.</summary>
    VMEXIT_EXCP8 = 0x48,

    /// <summary>Exception vector 9.</summary>
    VMEXIT_EXCP9 = 0x49,

    /// <summary>Exception vector 10 (#TS). EXITINFO1: error code.</summary>
    VMEXIT_EXCP10 = 0x4A,

    /// <summary>Exception vector 11 (#NP). EXITINFO1: error code.</summary>
    VMEXIT_EXCP11 = 0x4B,

    /// <summary>Exception vector 12 (#SS). EXITINFO1: error code.</summary>
    VMEXIT_EXCP12 = 0x4C,

    /// <summary>Exception vector 13 (#GP). EXITINFO1: error code.</summary>
    VMEXIT_EXCP13 = 0x4D,

    /// <summary>Exception vector 14 (#PF). EXITINFO1: error code; EXITINFO2: faulting address.</summary>
    VMEXIT_EXCP14 = 0x4E,

    /// <summary>Exception vector 15.</summary>
    VMEXIT_EXCP15 = 0x4F,

    /// <summary>Exception vector 16 (#MF).</summary>
    VMEXIT_EXCP16 = 0x50,

    /// <summary>Exception vector 17 (#AC). EXITINFO1: error code.</summary>
    VMEXIT_EXCP17 = 0x51,

    /// <summary>Exception vector 18 (#MC).</summary>
    VMEXIT_EXCP18 = 0x52,

    /// <summary>Exception vector 19 (#XF).</summary>
    VMEXIT_EXCP19 = 0x53,

    /// <summary>Exception vector 20.</summary>
    VMEXIT_EXCP20 = 0x54,

    /// <summary>Exception vector 21 (#CP). EXITINFO1: error code.</summary>
    VMEXIT_EXCP21 = 0x55,

    /// <summary>Exception vector 22.</summary>
    VMEXIT_EXCP22 = 0x56,

    /// <summary>Exception vector 23.</summary>
    VMEXIT_EXCP23 = 0x57,

    /// <summary>Exception vector 24.</summary>
    VMEXIT_EXCP24 = 0x58,

    /// <summary>Exception vector 25.</summary>
    VMEXIT_EXCP25 = 0x59,

    /// <summary>Exception vector 26.</summary>
    VMEXIT_EXCP26 = 0x5A,

    /// <summary>Exception vector 27.</summary>
    VMEXIT_EXCP27 = 0x5B,

    /// <summary>Exception vector 28 (#HV).</summary>
    VMEXIT_EXCP28 = 0x5C,

    /// <summary>Exception vector 29 (#VC). EXITINFO1: error code.</summary>
    VMEXIT_EXCP29 = 0x5D,

    /// <summary>Exception vector 30 (#SX). EXITINFO1: error code.</summary>
    VMEXIT_EXCP30 = 0x5E,

    /// <summary>Exception vector 31.</summary>
    VMEXIT_EXCP31 = 0x5F,

    /// <summary>Physical interrupt.</summary>
    VMEXIT_INTR = 0x60,

    /// <summary>Physical NMI.</summary>
    VMEXIT_NMI = 0x61,

    /// <summary>Physical SMI; EXITINFO1: bit 0 external.</summary>
    VMEXIT_SMI = 0x62,

    /// <summary>Physical INIT.</summary>
    VMEXIT_INIT = 0x63,

    /// <summary>The virtual interrupt can be taken.</summary>
    VMEXIT_VINTR = 0x64,

    /// <summary>CR0 bits other than TS or MP were changed.</summary>
    VMEXIT_CR0_SEL_WRITE = 0x65,

    /// <summary>SIDT.</summary>
    VMEXIT_IDTR_READ = 0x66,

    /// <summary>SGDT.</summary>
    VMEXIT_GDTR_READ = 0x67,

    /// <summary>SLDT.</summary>
    VMEXIT_LDTR_READ = 0x68,

    /// <summary>STR.</summary>
    VMEXIT_TR_READ = 0x69,

    /// <summary>LIDT.</summary>
    VMEXIT_IDTR_WRITE = 0x6A,

    /// <summary>LGDT.</summary>
    VMEXIT_GDTR_WRITE = 0x6B,

    /// <summary>LLDT.</summary>
    VMEXIT_LDTR_WRITE = 0x6C,

    /// <summary>LTR.</summary>
    VMEXIT_TR_WRITE = 0x6D,

    /// <summary>RDTSC.</summary>
    VMEXIT_RDTSC = 0x6E,

    /// <summary>RDPMC.</summary>
    VMEXIT_RDPMC = 0x6F,

    /// <summary>PUSHF.</summary>
    VMEXIT_PUSHF = 0x70,

    /// <summary>POPF.</summary>
    VMEXIT_POPF = 0x71,

    /// <summary>CPUID.</summary>
    VMEXIT_CPUID = 0x72,

    /// <summary>RSM.</summary>
    VMEXIT_RSM = 0x73,

    /// <summary>IRET.</summary>
    VMEXIT_IRET = 0x74,

    /// <summary>INT n; EXITINFO1 bits 7:0: the vector, with decode assists.</summary>
    VMEXIT_SWINT = 0x75,

    /// <summary>INVD.</summary>
    VMEXIT_INVD = 0x76,

    /// <summary>PAUSE.</summary>
    VMEXIT_PAUSE = 0x77,

    /// <summary>HLT.</summary>
    VMEXIT_HLT = 0x78,

    /// <summary>INVLPG; EXITINFO1: the address, with decode assists.</summary>
    VMEXIT_INVLPG = 0x79,

    /// <summary>INVLPGA.</summary>
    VMEXIT_INVLPGA = 0x7A,

    /// <summary>IN, OUT, INS, OUTS; EXITINFO1: <see cref="IoioExitInfo"/>; EXITINFO2: the next RIP.</summary>
    VMEXIT_IOIO = 0x7B,

    /// <summary>RDMSR (EXITINFO1 0) or WRMSR (EXITINFO1 1).</summary>
    VMEXIT_MSR = 0x7C,

    /// <summary>Task switch; EXITINFO1: the incoming TSS selector; EXITINFO2: <see cref="TaskSwitchExitInfo2"/>.</summary>
    VMEXIT_TASK_SWITCH = 0x7D,

    /// <summary>The processor froze on legacy FERR handling.</summary>
    VMEXIT_FERR_FREEZE = 0x7E,

    /// <summary>Shutdown; the VMCB's state save area is undefined.</summary>
    VMEXIT_SHUTDOWN = 0x7F,

    /// <summary>VMRUN.</summary>
    VMEXIT_VMRUN = 0x80,

    /// <summary>VMMCALL.</summary>
    VMEXIT_VMMCALL = 0x81,

    /// <summary>VMLOAD.</summary>
    VMEXIT_VMLOAD = 0x82,

    /// <summary>VMSAVE.</summary>
    VMEXIT_VMSAVE = 0x83,

    /// <summary>STGI.</summary>
    VMEXIT_STGI = 0x84,

    /// <summary>CLGI.</summary>
    VMEXIT_CLGI = 0x85,

    /// <summary>SKINIT.</summary>
    VMEXIT_SKINIT = 0x86,

    /// <summary>RDTSCP.</summary>
    VMEXIT_RDTSCP = 0x87,

    /// <summary>ICEBP (INT1).</summary>
    VMEXIT_ICEBP = 0x88,

    /// <summary>WBINVD or WBNOINVD.</summary>
    VMEXIT_WBINVD = 0x89,

    /// <summary>MONITOR or MONITORX.</summary>
    VMEXIT_MONITOR = 0x8A,

    /// <summary>MWAIT or MWAITX.</summary>
    VMEXIT_MWAIT = 0x8B,

    /// <summary>MWAIT or MWAITX with the monitor hardware armed.</summary>
    VMEXIT_MWAIT_CONDITIONAL = 0x8C,

    /// <summary>XSETBV.</summary>
    VMEXIT_XSETBV = 0x8D,

    /// <summary>RDPRU.</summary>
    VMEXIT_RDPRU = 0x8E,

    /// <summary>EFER was written; EXITINFO1: the new value.</summary>
    VMEXIT_EFER_WRITE_TRAP = 0x8F,

    /// <summary>CR0 was written; EXITINFO1: the new value.</summary>
    VMEXIT_CR0_WRITE_TRAP = 0x90,

    /// <summary>CR1 was written; EXITINFO1: the new value.</summary>
    VMEXIT_CR1_WRITE_TRAP = 0x91,

    /// <summary>CR2 was written; EXITINFO1: the new value.</summary>
    VMEXIT_CR2_WRITE_TRAP = 0x92,

    /// <summary>CR3 was written; EXITINFO1: the new value.</summary>
    VMEXIT_CR3_WRITE_TRAP = 0x93,

    /// <summary>CR4 was written; EXITINFO1: the new value.</summary>
    VMEXIT_CR4_WRITE_TRAP = 0x94,

    /// <summary>CR5 was written; EXITINFO1: the new value.</summary>
    VMEXIT_CR5_WRITE_TRAP = 0x95,

    /// <summary>CR6 was written; EXITINFO1: the new value.</summary>
    VMEXIT_CR6_WRITE_TRAP = 0x96,

    /// <summary>CR7 was written; EXITINFO1: the new value.</summary>
    VMEXIT_CR7_WRITE_TRAP = 0x97,

    /// <summary>CR8 was written; EXITINFO1: the new value.</summary>
    VMEXIT_CR8_WRITE_TRAP = 0x98,

    /// <summary>CR9 was written; EXITINFO1: the new value.</summary>
    VMEXIT_CR9_WRITE_TRAP = 0x99,

    /// <summary>CR10 was written; EXITINFO1: the new value.</summary>
    VMEXIT_CR10_WRITE_TRAP = 0x9A,

    /// <summary>CR11 was written; EXITINFO1: the new value.</summary>
    VMEXIT_CR11_WRITE_TRAP = 0x9B,

    /// <summary>CR12 was written; EXITINFO1: the new value.</summary>
    VMEXIT_CR12_WRITE_TRAP = 0x9C,

    /// <summary>CR13 was written; EXITINFO1: the new value.</summary>
    VMEXIT_CR13_WRITE_TRAP = 0x9D,

    /// <summary>CR14 was written; EXITINFO1: the new value.</summary>
    VMEXIT_CR14_WRITE_TRAP = 0x9E,

    /// <summary>CR15 was written; EXITINFO1: the new value.</summary>
    VMEXIT_CR15_WRITE_TRAP = 0x9F,

    /// <summary>INVLPGB.</summary>
    VMEXIT_INVLPGB = 0xA0,

    /// <summary>INVLPGB, illegally specified.</summary>
    VMEXIT_INVLPGB_ILLEGAL = 0xA1,

    /// <summary>INVPCID.</summary>
    VMEXIT_INVPCID = 0xA2,

    /// <summary>MCOMMIT.</summary>
    VMEXIT_MCOMMIT = 0xA3,

    /// <summary>TLBSYNC.</summary>
    VMEXIT_TLBSYNC = 0xA4,

    /// <summary>BUS_LOCK_THRESHOLD has run down.</summary>
    VMEXIT_BUSLOCK = 0xA5,

    /// <summary>HLT with no virtual interrupt pending.</summary>
    VMEXIT_IDLE_HLT = 0xA6,

    /// <summary>Nested page fault; EXITINFO1: <see cref="NestedPageFaultErrorCode"/>; EXITINFO2: the guest-physical address.</summary>
    VMEXIT_NPF = 0x400,

    /// <summary>AVIC could not deliver an IPI; EXITINFO1: the ICR; EXITINFO2: the reason and index.</summary>
    VMEXIT_AVIC_INCOMPLETE_IPI = 0x401,

    /// <summary>Access to an APIC register that AVIC does not accelerate; EXITINFO1: bit 32 write, bits 11:4 offset; EXITINFO2: the vector.</summary>
    VMEXIT_AVIC_NOACCEL = 0x402,

    /// <summary>VMGEXIT of an SEV-ES guest.</summary>
    VMEXIT_VMGEXIT = 0x403,

    /// <summary>Reserved for host use; no processor reports it.</summary>
    VMEXIT_UNUSED = 0xF0000000,

    /// <summary>VMRUN refused the guest state. QEMU reports 0x00000000FFFFFFFF instead: see <see cref="VMEXIT_INVALID_QEMU"/>.</summary>
    VMEXIT_INVALID = -1,

    /// <summary>What QEMU's TCG writes to EXITCODE where the manual says VMEXIT_INVALID; not in the manual.</summary>
    VMEXIT_INVALID_QEMU = 0xFFFFFFFF,

    /// <summary>The BUSY bit of an SEV-ES guest's save area was set.</summary>
    VMEXIT_BUSY = -2,

    /// <summary>The sibling thread is not in an idle state, as the guest demands.</summary>
    VMEXIT_IDLE_REQUIRED = -3,

    /// <summary>Invalid PMC state.</summary>
    VMEXIT_INVALID_PMC = -4,
}
