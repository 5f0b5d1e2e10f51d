using System;
using HyperOS.Specs.Amd;
using HyperOS.Specs.Kvm;
using HyperOS.Specs.X86;

namespace HyperOS.Emulation;

/// <summary>The MSR table. What it does not list raises #GP, reading and writing.</summary>
public static class MsrRules
{
    private const ulong UpperHalf = 0xFFFFFFFF_00000000;

    // MTRRcap: eight variable ranges, fixed ranges, write combining. Intel SDM vol. 3A, "IA32_MTRRCAP Register".
    private const ulong MtrrCapabilities = 8 | 1 << 8 | 1 << 10;

    /// <summary>Last MSR of the eight variable ranges.</summary>
    public const uint LastVariableRange = Msr.IA32_MTRR_PHYSBASE0 + 15;

    /// <summary>Last MSR of the only machine check bank.</summary>
    public const uint LastMachineCheck = Msr.IA32_MC0_CTL + 3;

    // HWCR. AMD APM vol. 2, "Hardware Configuration Register (HWCR)".
    private const ulong HwcrTscFreqSel = 1ul << 24;
    private const ulong HwcrHarmless = HwcrTscFreqSel | 1ul << 3 | 1ul << 4 | 1ul << 6 | 1ul << 8 | 1ul << 18;

    private const ulong DeCfgLfenceSerializes = 1ul << 1;

    /// <summary>The MSRs of <see cref="MsrHandling.PassThrough"/>: those whose bits are clear in the MSR permission map.</summary>
    public static ReadOnlySpan<uint> PassThrough =>
    [
        Msr.IA32_SYSENTER_CS, Msr.IA32_SYSENTER_ESP, Msr.IA32_SYSENTER_EIP,
        Msr.STAR, Msr.LSTAR, Msr.CSTAR, Msr.SFMASK, Msr.FS_BASE, Msr.GS_BASE, Msr.KernelGSbase,
    ];

    /// <summary>The rule of an MSR; <see cref="MsrHandling.Fault"/> for those that are not in the table.</summary>
    public static MsrRule Find(uint msr) => msr switch
    {
        Msr.IA32_SYSENTER_CS or Msr.IA32_SYSENTER_ESP or Msr.IA32_SYSENTER_EIP or Msr.STAR or Msr.LSTAR or Msr.CSTAR or Msr.SFMASK
            or Msr.FS_BASE or Msr.GS_BASE or Msr.KernelGSbase =>
            new(MsrHandling.PassThrough, "VMLOAD and VMSAVE switch it; the processor checks what is written."),

        Msr.EFER => new(MsrHandling.VirtualProcessor, "Checked by ControlRegisterPolicy; SVME stays set in hardware and hidden from the guest."),
        Msr.IA32_PAT => new(MsrHandling.VirtualProcessor, "G_PAT of the VMCB, which takes no bad type.", check: MsrCheck.PageAttributes),
        Msr.TSC_AUX => new(MsrHandling.VirtualProcessor, "Switched with the thread: the VMCB does not hold it.",
            reservedBits: UpperHalf, needs: ProcessorTraits.TscAux),
        Msr.IA32_SPEC_CTRL => new(MsrHandling.VirtualProcessor, "Switched at entry and exit, or by VMRUN where it can. Bits as CPUID announces them.",
            needs: ProcessorTraits.SpecCtrl),
        Msr.IA32_PRED_CMD => new(MsrHandling.VirtualProcessor, "A command: the barrier is executed for the guest. Bits as CPUID announces them.",
            needs: ProcessorTraits.PredCmd, writeOnly: true),

        Msr.IA32_APIC_BASE => new(MsrHandling.LocalApic, "Mode and base of the emulated APIC; it checks the transitions."),
        Msr.IA32_TSC_DEADLINE => new(MsrHandling.LocalApic, "The emulated timer.", needs: ProcessorTraits.TscDeadline),
        >= Msr.IA32_X2APIC_FIRST and <= Msr.IA32_X2APIC_LAST =>
            new(MsrHandling.LocalApic, "Registers of the emulated APIC in x2APIC mode; in another mode it answers #GP.", needs: ProcessorTraits.X2Apic),

        Msr.IA32_TIME_STAMP_COUNTER => new(MsrHandling.Clock, "A write moves TSC_OFFSET; some processors do not let guests read it by RDMSR."),
        Msr.IA32_TSC_ADJUST => new(MsrHandling.Clock, "A write moves TSC_OFFSET by the difference.", needs: ProcessorTraits.TscAdjust),

        KvmMsr.MSR_KVM_WALL_CLOCK or KvmMsr.MSR_KVM_WALL_CLOCK_NEW => new(MsrHandling.Paravirtual, "Fills the wall clock record."),
        KvmMsr.MSR_KVM_SYSTEM_TIME or KvmMsr.MSR_KVM_SYSTEM_TIME_NEW => new(MsrHandling.Paravirtual, "Places this vCPU's clock record.",
            reservedBits: KvmMsrBits.SystemTimeReserved),
        KvmMsr.MSR_KVM_STEAL_TIME => new(MsrHandling.Paravirtual, "Places this vCPU's steal time record.",
            reservedBits: KvmMsrBits.StealTimeReserved, needs: ProcessorTraits.StealTime),
        KvmMsr.MSR_KVM_PV_EOI_EN => new(MsrHandling.Paravirtual, "Places this vCPU's EOI word.", reservedBits: KvmMsrBits.PvEoiReserved,
            needs: ProcessorTraits.PvEndOfInterrupt),

        Msr.IA32_MTRRCAP => new(MsrHandling.ReadOnly, "Eight variable ranges, the fixed ones, write combining.", MtrrCapabilities),
        >= Msr.IA32_MTRR_PHYSBASE0 and <= LastVariableRange => (msr & 1) == 0
            ? new(MsrHandling.Stored, "Nested paging sets memory types; guests read back what they wrote.", reservedBits: 0xF00, check: MsrCheck.MemoryType)
            : new(MsrHandling.Stored, "As its base; bit 11 makes the range valid.", reservedBits: 0x7FF),
        Msr.IA32_MTRR_FIX64K_00000 or Msr.IA32_MTRR_FIX16K_80000 or Msr.IA32_MTRR_FIX16K_A0000
            or (>= Msr.IA32_MTRR_FIX4K_C0000 and <= Msr.IA32_MTRR_FIX4K_F8000) =>
            new(MsrHandling.Stored, "Nested paging sets memory types; guests read back what they wrote.", check: MsrCheck.MemoryTypes),
        Msr.IA32_MTRR_DEF_TYPE => new(MsrHandling.Stored, "Default type and the two enable bits; off after reset.",
            reservedBits: ~0xCFFul, check: MsrCheck.MemoryType),

        Msr.IA32_MCG_CAP => new(MsrHandling.ReadOnly, "One bank and no MCG_CTL: guests expect one, and machine checks are the host's.", 1),
        Msr.IA32_MCG_STATUS => new(MsrHandling.Stored, "Guests clear it.", reservedBits: ~0x7ul),
        Msr.IA32_MC0_CTL => new(MsrHandling.Stored, "Guests set all its bits.", ulong.MaxValue),
        > Msr.IA32_MC0_CTL and <= LastMachineCheck => new(MsrHandling.Constant, "No error was ever recorded; only zero can be written.",
            reservedBits: ulong.MaxValue),

        Msr.IA32_BIOS_SIGN_ID => new(MsrHandling.Constant, "Microcode revision, the host's; Intel guests write zero before they read."),
        Msr.IA32_DEBUGCTL => new(MsrHandling.Constant, "Branch records and branch stepping are not virtualized.", reservedBits: ~0x3Ful),
        >= Msr.LASTBRANCHFROMIP and <= Msr.LASTINTTOIP => new(MsrHandling.ReadOnly, "No branch was recorded.", needs: ProcessorTraits.Amd),
        Msr.IA32_ARCH_CAPABILITIES => new(MsrHandling.ReadOnly, "What the host is immune to and the guest may rely on.",
            needs: ProcessorTraits.ArchCapabilities),

        Msr.IA32_PLATFORM_ID => new(MsrHandling.ReadOnly, "Guests read it for microcode, which is the host's.", needs: ProcessorTraits.Intel),
        Msr.IA32_MISC_ENABLE => new(MsrHandling.Constant, "Fast strings on, everything else off; AMD processors do not have it.",
            1, needs: ProcessorTraits.Intel),

        Msr.SYSCFG => new(MsrHandling.Constant, "Guests look for memory encryption and extended MTRR bits: none.", needs: ProcessorTraits.Amd),
        Msr.HWCR => new(MsrHandling.Stored, "Guests want TscFreqSel set; bits that do nothing here can be set.",
            HwcrTscFreqSel, ~HwcrHarmless, ProcessorTraits.Amd),
        Msr.DE_CFG => new(MsrHandling.Constant, "LFENCE serializes: start-up sets the bit on every core.",
            DeCfgLfenceSerializes, needs: ProcessorTraits.Amd),
        Msr.VM_CR => new(MsrHandling.Constant, "SVM is off and locked.", VmCr.LOCK | VmCr.SVMDIS, needs: ProcessorTraits.Amd),
        >= Msr.PERF_LEGACY_CTL0 and <= Msr.PERF_LEGACY_CTR3 =>
            new(MsrHandling.Constant, "No CPUID bit announces these four counters, so they read as zero rather than fault.", needs: ProcessorTraits.Amd),
        (>= Msr.IORRBase0 and <= Msr.IORRMask1) or Msr.TOP_MEM or Msr.TOP_MEM2 or Msr.NB_CFG or Msr.SMM_ADDR or Msr.SMM_MASK =>
            new(MsrHandling.Constant, "Physical address routing of real machines; guests look at it by family.", needs: ProcessorTraits.Amd),
        Msr.INT_PENDING_MSG or Msr.MMIO_CONF_BASE or Msr.DC_CFG or Msr.CU_CFG2 =>
            new(MsrHandling.Constant, "Guests of some families look for errata and for ECAM here: none.", needs: ProcessorTraits.Amd),

        _ => new(MsrHandling.Fault, "Not in the table."),
    };
}
