using HyperOS.Specs.Kvm;
using HyperOS.Specs.X86;

namespace HyperOS.Emulation;

/// <summary>Is shown the rows of the CPUID table one after the other.</summary>
public abstract class CpuidRowVisitor
{
    public abstract void Visit(in CpuidRow row);
}

/// <summary>
/// The CPUID table: which bits a guest sees, and why. Bits that no row names read as zero. A unit test checks that every bit that
/// Specs names is spoken of in exactly one row.
/// </summary>
public static class CpuidRows
{
    private const uint AllBits = 0xFFFFFFFF;

    /// <summary>Shows all rows in order of leaf.</summary>
    public static void Show(CpuidRowVisitor visitor)
    {
        visitor.Visit(new(CpuidLeaf.Basic, 0, CpuidRegister.Eax, CpuidAction.Compute, AllBits, default,
            "Highest basic leaf: 16h where leaves 15h and 16h tell the TSC, else 0Dh."));
        visitor.Visit(new(CpuidLeaf.Basic, 0, CpuidRegister.Ebx | CpuidRegister.Ecx | CpuidRegister.Edx, CpuidAction.Pass, AllBits, default,
            "The vendor stays the host's: guests choose their workarounds and instructions by it."));

        visitor.Visit(new(CpuidLeaf.Features, 0, CpuidRegister.Eax, CpuidAction.Pass, AllBits, default,
            "Family, model and stepping stay the host's, for the same reason."));
        visitor.Visit(new(CpuidLeaf.Features, 0, CpuidRegister.Ebx, CpuidAction.Pass, 0x0000FFFF, default, "Brand index and CLFLUSH line size."));
        visitor.Visit(new(CpuidLeaf.Features, 0, CpuidRegister.Ebx, CpuidAction.Compute, 0x00FF0000, default, "Logical processors in the package: the vCPUs."));
        visitor.Visit(new(CpuidLeaf.Features, 0, CpuidRegister.Ebx, CpuidAction.Dynamic, 0xFF000000, default, "Initial APIC id of the asking vCPU."));
        visitor.Visit(new(CpuidLeaf.Features, 0, CpuidRegister.Ecx, CpuidAction.Pass, (uint)(Cpuid1Ecx.SSE3 | Cpuid1Ecx.PCLMULQDQ | Cpuid1Ecx.SSSE3 |
            Cpuid1Ecx.CMPXCHG16B | Cpuid1Ecx.SSE4_1 | Cpuid1Ecx.SSE4_2 | Cpuid1Ecx.MOVBE | Cpuid1Ecx.POPCNT | Cpuid1Ecx.AES | Cpuid1Ecx.RDRAND),
            default,
            "Instructions on state that is always switched; nothing to emulate."));
        visitor.Visit(new(CpuidLeaf.Features, 0, CpuidRegister.Ecx, CpuidAction.Pass, (uint)Cpuid1Ecx.PCID, default,
            "Nested paging leaves CR3 and its PCID to the guest."));
        visitor.Visit(new(CpuidLeaf.Features, 0, CpuidRegister.Ecx, CpuidAction.Pass, (uint)Cpuid1Ecx.XSAVE, ProcessorTraits.Xsave,
            "Only where the kernel switches the guest's XCR0."));
        visitor.Visit(new(CpuidLeaf.Features, 0, CpuidRegister.Ecx, CpuidAction.Pass, (uint)(Cpuid1Ecx.AVX | Cpuid1Ecx.FMA | Cpuid1Ecx.F16C),
            ProcessorTraits.Avx,
            "Instructions on the upper halves of YMM, which must be switched."));
        visitor.Visit(new(CpuidLeaf.Features, 0, CpuidRegister.Ecx, CpuidAction.Force, (uint)Cpuid1Ecx.HYPERVISOR, default,
            "Tells guests to look at the hypervisor leaves and to leave microcode and errata to the host."));
        visitor.Visit(new(CpuidLeaf.Features, 0, CpuidRegister.Ecx, CpuidAction.Force, (uint)Cpuid1Ecx.X2APIC, ProcessorTraits.X2Apic,
            "Emulated: cheap APIC access by MSR."));
        visitor.Visit(new(CpuidLeaf.Features, 0, CpuidRegister.Ecx, CpuidAction.Force, (uint)Cpuid1Ecx.TSC_DEADLINE, ProcessorTraits.TscDeadline,
            "Emulated: one MSR write arms the timer, and no guest calibrates it."));
        visitor.Visit(new(CpuidLeaf.Features, 0, CpuidRegister.Ecx, CpuidAction.Dynamic, (uint)Cpuid1Ecx.OSXSAVE, ProcessorTraits.Xsave,
            "Follows CR4.OSXSAVE."));
        visitor.Visit(new(CpuidLeaf.Features, 0, CpuidRegister.Ecx, CpuidAction.Hide, (uint)Cpuid1Ecx.MONITOR, default,
            "MONITOR and MWAIT are intercepted: a guest that waits must exit, so that its core can serve others."));
        visitor.Visit(new(CpuidLeaf.Features, 0, CpuidRegister.Ecx, CpuidAction.Hide, (uint)(Cpuid1Ecx.DTES64 | Cpuid1Ecx.DS_CPL | Cpuid1Ecx.PDCM),
            default,
            "No performance monitoring unit: its state is not switched."));
        visitor.Visit(new(CpuidLeaf.Features, 0, CpuidRegister.Ecx, CpuidAction.Hide, (uint)(Cpuid1Ecx.VMX | Cpuid1Ecx.SMX), default,
            "No nested virtualization."));
        visitor.Visit(new(CpuidLeaf.Features, 0, CpuidRegister.Ecx, CpuidAction.Hide, (uint)(Cpuid1Ecx.EIST | Cpuid1Ecx.TM2 | Cpuid1Ecx.CNXT_ID |
            Cpuid1Ecx.SDBG | Cpuid1Ecx.XTPR | Cpuid1Ecx.DCA), default,
            "Power, thermal and platform functions are the host's."));
        visitor.Visit(new(CpuidLeaf.Features, 0, CpuidRegister.Edx, CpuidAction.Pass, (uint)(Cpuid1Edx.FPU | Cpuid1Edx.VME | Cpuid1Edx.DE |
            Cpuid1Edx.PSE | Cpuid1Edx.TSC | Cpuid1Edx.MSR | Cpuid1Edx.PAE | Cpuid1Edx.CX8 | Cpuid1Edx.SEP | Cpuid1Edx.PGE | Cpuid1Edx.CMOV |
            Cpuid1Edx.PSE36 | Cpuid1Edx.CLFSH | Cpuid1Edx.MMX | Cpuid1Edx.FXSR | Cpuid1Edx.SSE | Cpuid1Edx.SSE2 | Cpuid1Edx.SS), default,
            "The processor runs these for the guest unaided."));
        visitor.Visit(new(CpuidLeaf.Features, 0, CpuidRegister.Edx, CpuidAction.Force, (uint)(Cpuid1Edx.MCE | Cpuid1Edx.MCA), default,
            "Basic machine check architecture: one bank that never reports, so that guests find what they expect."));
        visitor.Visit(new(CpuidLeaf.Features, 0, CpuidRegister.Edx, CpuidAction.Force, (uint)(Cpuid1Edx.MTRR | Cpuid1Edx.PAT), default,
            "MTRRs are stored values without effect; the PAT is the VMCB's."));
        visitor.Visit(new(CpuidLeaf.Features, 0, CpuidRegister.Edx, CpuidAction.Force, (uint)Cpuid1Edx.HTT, ProcessorTraits.MultiProcessor,
            "More than one logical processor in the package."));
        visitor.Visit(new(CpuidLeaf.Features, 0, CpuidRegister.Edx, CpuidAction.Dynamic, (uint)Cpuid1Edx.APIC, default,
            "Follows the enable bit of IA32_APIC_BASE."));
        visitor.Visit(new(CpuidLeaf.Features, 0, CpuidRegister.Edx, CpuidAction.Hide, (uint)Cpuid1Edx.PSN, default, "No serial number."));
        visitor.Visit(new(CpuidLeaf.Features, 0, CpuidRegister.Edx, CpuidAction.Hide, (uint)(Cpuid1Edx.DS | Cpuid1Edx.ACPI | Cpuid1Edx.TM |
            Cpuid1Edx.PBE), default,
            "Debug store and thermal functions are the host's."));

        visitor.Visit(new(CpuidLeaf.CacheDescriptors, 0, CpuidRegister.All, CpuidAction.Pass, AllBits, ProcessorTraits.Intel, "Cache descriptors: harmless."));

        visitor.Visit(new(CpuidLeaf.CacheParameters, 0, CpuidRegister.Eax, CpuidAction.Pass, 0x000003FF, ProcessorTraits.Intel, "Cache type and level."));
        visitor.Visit(new(CpuidLeaf.CacheParameters, 0, CpuidRegister.Eax, CpuidAction.Compute, 0xFFFFC000, ProcessorTraits.Intel,
            "Sharing and core counts follow the vCPU count: L1 and L2 of each core, L3 of all."));
        visitor.Visit(new(CpuidLeaf.CacheParameters, 0, CpuidRegister.Ebx | CpuidRegister.Ecx | CpuidRegister.Edx, CpuidAction.Pass, AllBits,
            ProcessorTraits.Intel,
            "Cache geometry."));
        visitor.Visit(new(CpuidLeaf.CacheParameters, 1, CpuidRegister.Eax, CpuidAction.Pass, 0x000003FF, ProcessorTraits.Intel, "Cache type and level."));
        visitor.Visit(new(CpuidLeaf.CacheParameters, 1, CpuidRegister.Eax, CpuidAction.Compute, 0xFFFFC000, ProcessorTraits.Intel,
            "Sharing and core counts follow the vCPU count: L1 and L2 of each core, L3 of all."));
        visitor.Visit(new(CpuidLeaf.CacheParameters, 1, CpuidRegister.Ebx | CpuidRegister.Ecx | CpuidRegister.Edx, CpuidAction.Pass, AllBits,
            ProcessorTraits.Intel,
            "Cache geometry."));
        visitor.Visit(new(CpuidLeaf.CacheParameters, 2, CpuidRegister.Eax, CpuidAction.Pass, 0x000003FF, ProcessorTraits.Intel, "Cache type and level."));
        visitor.Visit(new(CpuidLeaf.CacheParameters, 2, CpuidRegister.Eax, CpuidAction.Compute, 0xFFFFC000, ProcessorTraits.Intel,
            "Sharing and core counts follow the vCPU count: L1 and L2 of each core, L3 of all."));
        visitor.Visit(new(CpuidLeaf.CacheParameters, 2, CpuidRegister.Ebx | CpuidRegister.Ecx | CpuidRegister.Edx, CpuidAction.Pass, AllBits,
            ProcessorTraits.Intel,
            "Cache geometry."));
        visitor.Visit(new(CpuidLeaf.CacheParameters, 3, CpuidRegister.Eax, CpuidAction.Pass, 0x000003FF, ProcessorTraits.Intel, "Cache type and level."));
        visitor.Visit(new(CpuidLeaf.CacheParameters, 3, CpuidRegister.Eax, CpuidAction.Compute, 0xFFFFC000, ProcessorTraits.Intel,
            "Sharing and core counts follow the vCPU count: L1 and L2 of each core, L3 of all."));
        visitor.Visit(new(CpuidLeaf.CacheParameters, 3, CpuidRegister.Ebx | CpuidRegister.Ecx | CpuidRegister.Edx, CpuidAction.Pass, AllBits,
            ProcessorTraits.Intel,
            "Cache geometry."));

        visitor.Visit(new(CpuidLeaf.Power, 0, CpuidRegister.Eax, CpuidAction.Force, (uint)Cpuid6Eax.ARAT, default,
            "The emulated timer runs whatever the vCPU does."));
        visitor.Visit(new(CpuidLeaf.Power, 0, CpuidRegister.Eax, CpuidAction.Hide, (uint)(Cpuid6Eax.DTS | Cpuid6Eax.TurboBoost | Cpuid6Eax.PLN |
            Cpuid6Eax.ECMD | Cpuid6Eax.PTM | Cpuid6Eax.HWP), default,
            "Power and thermal functions are the host's."));

        visitor.Visit(new(CpuidLeaf.StructuredFeatures, 0, CpuidRegister.Eax, CpuidAction.Compute, AllBits, default, "Highest subleaf: 1 at most."));
        visitor.Visit(new(CpuidLeaf.StructuredFeatures, 0, CpuidRegister.Ebx, CpuidAction.Pass, (uint)(Cpuid7Ebx.FSGSBASE | Cpuid7Ebx.BMI1 |
            Cpuid7Ebx.FDP_EXCPTN_ONLY | Cpuid7Ebx.SMEP | Cpuid7Ebx.BMI2 | Cpuid7Ebx.ERMS | Cpuid7Ebx.INVPCID | Cpuid7Ebx.FPU_CS_DS_DEPRECATED |
            Cpuid7Ebx.RDSEED | Cpuid7Ebx.ADX | Cpuid7Ebx.SMAP | Cpuid7Ebx.CLFLUSHOPT | Cpuid7Ebx.CLWB | Cpuid7Ebx.SHA), default,
            "The processor runs these for the guest unaided."));
        visitor.Visit(new(CpuidLeaf.StructuredFeatures, 0, CpuidRegister.Ebx, CpuidAction.Pass, (uint)Cpuid7Ebx.AVX2, ProcessorTraits.Avx,
            "Instructions on the upper halves of YMM."));
        visitor.Visit(new(CpuidLeaf.StructuredFeatures, 0, CpuidRegister.Ebx, CpuidAction.Pass, (uint)(Cpuid7Ebx.AVX512F | Cpuid7Ebx.AVX512DQ |
            Cpuid7Ebx.AVX512_IFMA | Cpuid7Ebx.AVX512PF | Cpuid7Ebx.AVX512ER | Cpuid7Ebx.AVX512CD | Cpuid7Ebx.AVX512BW | Cpuid7Ebx.AVX512VL),
            ProcessorTraits.Avx512,
            "Instructions on the AVX-512 state, offered with all three components only."));
        visitor.Visit(new(CpuidLeaf.StructuredFeatures, 0, CpuidRegister.Ebx, CpuidAction.Force, (uint)Cpuid7Ebx.TSC_ADJUST,
            ProcessorTraits.TscAdjust,
            "Emulated: guests that find it trust the TSC of all vCPUs without a lengthy test at start."));
        visitor.Visit(new(CpuidLeaf.StructuredFeatures, 0, CpuidRegister.Ebx, CpuidAction.Hide, (uint)Cpuid7Ebx.SGX, default,
            "Enclaves need memory that the host does not manage."));
        visitor.Visit(new(CpuidLeaf.StructuredFeatures, 0, CpuidRegister.Ebx, CpuidAction.Hide, (uint)(Cpuid7Ebx.HLE | Cpuid7Ebx.RTM), default,
            "Transactions have a record of side channels and need IA32_TSX_CTRL."));
        visitor.Visit(new(CpuidLeaf.StructuredFeatures, 0, CpuidRegister.Ebx, CpuidAction.Hide, (uint)(Cpuid7Ebx.PQM | Cpuid7Ebx.PQE), default,
            "Resource monitoring and allocation are the host's."));
        visitor.Visit(new(CpuidLeaf.StructuredFeatures, 0, CpuidRegister.Ebx, CpuidAction.Hide, (uint)Cpuid7Ebx.MPX, default,
            "Its state components are not offered."));
        visitor.Visit(new(CpuidLeaf.StructuredFeatures, 0, CpuidRegister.Ebx, CpuidAction.Hide, (uint)Cpuid7Ebx.PT, default,
            "Processor trace is not switched."));
        visitor.Visit(new(CpuidLeaf.StructuredFeatures, 0, CpuidRegister.Ecx, CpuidAction.Pass, (uint)(Cpuid7Ecx.PREFETCHWT1 | Cpuid7Ecx.UMIP |
            Cpuid7Ecx.GFNI | Cpuid7Ecx.CLDEMOTE | Cpuid7Ecx.MOVDIRI | Cpuid7Ecx.MOVDIR64B), default,
            "The processor runs these for the guest unaided."));
        visitor.Visit(new(CpuidLeaf.StructuredFeatures, 0, CpuidRegister.Ecx, CpuidAction.Pass, (uint)Cpuid7Ecx.RDPID, default, "TSC_AUX is switched."));
        visitor.Visit(new(CpuidLeaf.StructuredFeatures, 0, CpuidRegister.Ecx, CpuidAction.Pass, (uint)(Cpuid7Ecx.VAES | Cpuid7Ecx.VPCLMULQDQ),
            ProcessorTraits.Avx,
            "Instructions on the upper halves of YMM."));
        visitor.Visit(new(CpuidLeaf.StructuredFeatures, 0, CpuidRegister.Ecx, CpuidAction.Pass, (uint)(Cpuid7Ecx.AVX512_VBMI | Cpuid7Ecx.AVX512_VBMI2
            | Cpuid7Ecx.AVX512_VNNI | Cpuid7Ecx.AVX512_BITALG | Cpuid7Ecx.AVX512_VPOPCNTDQ), ProcessorTraits.Avx512,
            "Instructions on the AVX-512 state."));
        visitor.Visit(new(CpuidLeaf.StructuredFeatures, 0, CpuidRegister.Ecx, CpuidAction.Hide, (uint)(Cpuid7Ecx.PKU | Cpuid7Ecx.OSPKE |
            Cpuid7Ecx.PKS), default,
            "PKRU and its supervisor twin are not switched."));
        visitor.Visit(new(CpuidLeaf.StructuredFeatures, 0, CpuidRegister.Ecx, CpuidAction.Hide, (uint)Cpuid7Ecx.WAITPKG, default,
            "UMWAIT would hold the core."));
        visitor.Visit(new(CpuidLeaf.StructuredFeatures, 0, CpuidRegister.Ecx, CpuidAction.Hide, (uint)Cpuid7Ecx.CET_SS, default, "CET state is not switched."));
        visitor.Visit(new(CpuidLeaf.StructuredFeatures, 0, CpuidRegister.Ecx, CpuidAction.Hide, (uint)(Cpuid7Ecx.TME | Cpuid7Ecx.KL | Cpuid7Ecx.ENQCMD
            | Cpuid7Ecx.SGX_LC), default,
            "Need keys, devices or MSRs of the host."));
        visitor.Visit(new(CpuidLeaf.StructuredFeatures, 0, CpuidRegister.Ecx, CpuidAction.Hide, (uint)Cpuid7Ecx.LA57, default,
            "Nested tables cover 48 bits and guests gain nothing."));
        visitor.Visit(new(CpuidLeaf.StructuredFeatures, 0, CpuidRegister.Ecx, CpuidAction.Hide, (uint)Cpuid7Ecx.BUS_LOCK_DETECT, default,
            "#DB is the host's to intercept."));
        visitor.Visit(new(CpuidLeaf.StructuredFeatures, 0, CpuidRegister.Edx, CpuidAction.Pass, (uint)(Cpuid7Edx.FSRM | Cpuid7Edx.SERIALIZE), default,
            "The processor runs these for the guest unaided."));
        visitor.Visit(new(CpuidLeaf.StructuredFeatures, 0, CpuidRegister.Edx, CpuidAction.Pass, (uint)(Cpuid7Edx.AVX512_4VNNIW |
            Cpuid7Edx.AVX512_4FMAPS | Cpuid7Edx.AVX512_VP2INTERSECT | Cpuid7Edx.AVX512_FP16), ProcessorTraits.Avx512,
            "Instructions on the AVX-512 state."));
        visitor.Visit(new(CpuidLeaf.StructuredFeatures, 0, CpuidRegister.Edx, CpuidAction.Pass, (uint)Cpuid7Edx.MD_CLEAR, default, "VERW needs no help."));
        visitor.Visit(new(CpuidLeaf.StructuredFeatures, 0, CpuidRegister.Edx, CpuidAction.Pass, (uint)Cpuid7Edx.IBRS_IBPB, ProcessorTraits.SpecCtrl |
            ProcessorTraits.PredCmd,
            "One bit for two MSRs: both must be handled."));
        visitor.Visit(new(CpuidLeaf.StructuredFeatures, 0, CpuidRegister.Edx, CpuidAction.Pass, (uint)(Cpuid7Edx.STIBP | Cpuid7Edx.SSBD),
            ProcessorTraits.SpecCtrl,
            "IA32_SPEC_CTRL is handled."));
        visitor.Visit(new(CpuidLeaf.StructuredFeatures, 0, CpuidRegister.Edx, CpuidAction.Pass, (uint)Cpuid7Edx.ARCH_CAPABILITIES,
            ProcessorTraits.ArchCapabilities,
            "The MSR has a value for the guest."));
        visitor.Visit(new(CpuidLeaf.StructuredFeatures, 0, CpuidRegister.Edx, CpuidAction.Hide, (uint)Cpuid7Edx.UINTR, default,
            "User interrupt state is not switched."));
        visitor.Visit(new(CpuidLeaf.StructuredFeatures, 0, CpuidRegister.Edx, CpuidAction.Hide, (uint)(Cpuid7Edx.SRBDS_CTRL | Cpuid7Edx.L1D_FLUSH |
            Cpuid7Edx.CORE_CAPABILITIES), default,
            "Their MSRs are the host's."));
        visitor.Visit(new(CpuidLeaf.StructuredFeatures, 0, CpuidRegister.Edx, CpuidAction.Hide, (uint)Cpuid7Edx.HYBRID, default, "vCPUs are alike."));
        visitor.Visit(new(CpuidLeaf.StructuredFeatures, 0, CpuidRegister.Edx, CpuidAction.Hide, (uint)Cpuid7Edx.TSXLDTRK, default, "Belongs to transactions."));
        visitor.Visit(new(CpuidLeaf.StructuredFeatures, 0, CpuidRegister.Edx, CpuidAction.Hide, (uint)Cpuid7Edx.CET_IBT, default,
            "CET state is not switched."));
        visitor.Visit(new(CpuidLeaf.StructuredFeatures, 0, CpuidRegister.Edx, CpuidAction.Hide, (uint)(Cpuid7Edx.AMX_BF16 | Cpuid7Edx.AMX_TILE |
            Cpuid7Edx.AMX_INT8), default,
            "AMX state is not offered."));
        visitor.Visit(new(CpuidLeaf.StructuredFeatures, 1, CpuidRegister.Eax, CpuidAction.Pass, (uint)(Cpuid7Sub1Eax.FZRM | Cpuid7Sub1Eax.FSRS |
            Cpuid7Sub1Eax.FSRCS), default,
            "Speed hints."));
        visitor.Visit(new(CpuidLeaf.StructuredFeatures, 1, CpuidRegister.Eax, CpuidAction.Pass, (uint)(Cpuid7Sub1Eax.AVX_VNNI |
            Cpuid7Sub1Eax.AVX_IFMA), ProcessorTraits.Avx,
            "Instructions on the upper halves of YMM."));
        visitor.Visit(new(CpuidLeaf.StructuredFeatures, 1, CpuidRegister.Eax, CpuidAction.Pass, (uint)Cpuid7Sub1Eax.AVX512_BF16,
            ProcessorTraits.Avx512,
            "Instructions on the AVX-512 state."));
        visitor.Visit(new(CpuidLeaf.StructuredFeatures, 1, CpuidRegister.Eax, CpuidAction.Hide, (uint)Cpuid7Sub1Eax.LAM, default,
            "CR4 and CR3 bits for address masking are not offered."));
        visitor.Visit(new(CpuidLeaf.StructuredFeatures, 2, CpuidRegister.Edx, CpuidAction.Hide, (uint)(Cpuid7Sub2Edx.PSFD | Cpuid7Sub2Edx.IPRED_CTRL |
            Cpuid7Sub2Edx.RRSBA_CTRL | Cpuid7Sub2Edx.DDPD_U | Cpuid7Sub2Edx.BHI_CTRL | Cpuid7Sub2Edx.MCDT_NO), default,
            "The guest's IA32_SPEC_CTRL has the older bits only."));

        visitor.Visit(new(CpuidLeaf.Topology, 0, CpuidRegister.All, CpuidAction.Compute, AllBits, default, "Threads: one a core."));
        visitor.Visit(new(CpuidLeaf.Topology, 1, CpuidRegister.All, CpuidAction.Compute, AllBits, default, "Cores: the vCPUs."));
        visitor.Visit(new(CpuidLeaf.Topology, 0, CpuidRegister.Edx, CpuidAction.Dynamic, AllBits, default, "x2APIC id of the asking vCPU, in every subleaf."));

        visitor.Visit(new(CpuidLeaf.ExtendedState, 0, CpuidRegister.Eax, CpuidAction.Compute, AllBits, ProcessorTraits.Xsave,
            "x87 and SSE, AVX and AVX-512 where host and kernel have them: what the kernel switches."));
        visitor.Visit(new(CpuidLeaf.ExtendedState, 0, CpuidRegister.Ecx, CpuidAction.Compute, AllBits, ProcessorTraits.Xsave,
            "Size of the area with all of them."));
        visitor.Visit(new(CpuidLeaf.ExtendedState, 0, CpuidRegister.Ebx, CpuidAction.Dynamic, AllBits, ProcessorTraits.Xsave,
            "Size of the area with those that XCR0 enables."));
        visitor.Visit(new(CpuidLeaf.ExtendedState, 1, CpuidRegister.Eax, CpuidAction.Pass, (uint)(CpuidDSub1Eax.XSAVEOPT | CpuidDSub1Eax.XSAVEC |
            CpuidDSub1Eax.XGETBV1), ProcessorTraits.Xsave,
            "Instructions on the same state."));
        visitor.Visit(new(CpuidLeaf.ExtendedState, 1, CpuidRegister.Eax, CpuidAction.Hide, (uint)CpuidDSub1Eax.XSAVES, default, "IA32_XSS is not offered."));
        visitor.Visit(new(CpuidLeaf.ExtendedState, 1, CpuidRegister.Eax, CpuidAction.Hide, (uint)CpuidDSub1Eax.XFD, default, "Belongs to AMX."));
        visitor.Visit(new(CpuidLeaf.ExtendedState, 1, CpuidRegister.Ebx, CpuidAction.Dynamic, AllBits, ProcessorTraits.Xsave,
            "Compacted size with the components that XCR0 enables."));
        visitor.Visit(new(CpuidLeaf.ExtendedState, 2, CpuidRegister.Eax | CpuidRegister.Ebx | CpuidRegister.Ecx, CpuidAction.Pass, AllBits,
            ProcessorTraits.Avx,
            "Size and place of the AVX component."));
        visitor.Visit(new(CpuidLeaf.ExtendedState, 5, CpuidRegister.Eax | CpuidRegister.Ebx | CpuidRegister.Ecx, CpuidAction.Pass, AllBits,
            ProcessorTraits.Avx512,
            "Size and place of an AVX-512 component."));
        visitor.Visit(new(CpuidLeaf.ExtendedState, 6, CpuidRegister.Eax | CpuidRegister.Ebx | CpuidRegister.Ecx, CpuidAction.Pass, AllBits,
            ProcessorTraits.Avx512,
            "Size and place of an AVX-512 component."));
        visitor.Visit(new(CpuidLeaf.ExtendedState, 7, CpuidRegister.Eax | CpuidRegister.Ebx | CpuidRegister.Ecx, CpuidAction.Pass, AllBits,
            ProcessorTraits.Avx512,
            "Size and place of an AVX-512 component."));

        visitor.Visit(new(CpuidLeaf.TscClock, 0, CpuidRegister.Eax | CpuidRegister.Ebx | CpuidRegister.Ecx, CpuidAction.Compute, AllBits,
            ProcessorTraits.Intel,
            "TSC as a ratio of the APIC timer's clock, where 32 bits hold it exactly; AMD processors have no such leaf."));

        visitor.Visit(new(CpuidLeaf.Frequency, 0, CpuidRegister.Eax | CpuidRegister.Ebx | CpuidRegister.Ecx, CpuidAction.Compute, AllBits,
            ProcessorTraits.Intel,
            "TSC rate and bus in MHz."));

        visitor.Visit(new(CpuidLeaf.Hypervisor, 0, CpuidRegister.All, CpuidAction.Compute, AllBits, default,
            "Highest hypervisor leaf and KVM's signature: stock guests bring their drivers for it."));

        visitor.Visit(new(KvmCpuid.FeaturesLeaf, 0, CpuidRegister.Eax, CpuidAction.Force, (uint)KvmFeatures.CLOCKSOURCE2, default, "The clock."));
        visitor.Visit(new(KvmCpuid.FeaturesLeaf, 0, CpuidRegister.Eax, CpuidAction.Force, (uint)KvmFeatures.NOP_IO_DELAY, default,
            "No device here needs a delay between port accesses, and each is an exit."));
        visitor.Visit(new(KvmCpuid.FeaturesLeaf, 0, CpuidRegister.Eax, CpuidAction.Force, (uint)KvmFeatures.PV_EOI,
            ProcessorTraits.PvEndOfInterrupt,
            "Saves an exit for most interrupts."));
        visitor.Visit(new(KvmCpuid.FeaturesLeaf, 0, CpuidRegister.Eax, CpuidAction.Force, (uint)KvmFeatures.CLOCKSOURCE_STABLE_BIT,
            ProcessorTraits.StableClock,
            "Guests then read the clock without a lock, in user mode too."));
        visitor.Visit(new(KvmCpuid.FeaturesLeaf, 0, CpuidRegister.Eax, CpuidAction.Force, (uint)KvmFeatures.STEAL_TIME, ProcessorTraits.StealTime,
            "The record is kept."));
        visitor.Visit(new(KvmCpuid.FeaturesLeaf, 0, CpuidRegister.Eax, CpuidAction.Force, (uint)KvmFeatures.PV_UNHALT, ProcessorTraits.PvUnhalt,
            "The hypercall is served."));
        visitor.Visit(new(KvmCpuid.FeaturesLeaf, 0, CpuidRegister.Eax, CpuidAction.Force, (uint)KvmFeatures.PV_TLB_FLUSH, ProcessorTraits.PvTlbFlush |
            ProcessorTraits.StealTime,
            "The request is in the steal time record."));
        visitor.Visit(new(KvmCpuid.FeaturesLeaf, 0, CpuidRegister.Eax, CpuidAction.Force, (uint)KvmFeatures.PV_SEND_IPI, ProcessorTraits.PvSendIpi,
            "The hypercall is served."));
        visitor.Visit(new(KvmCpuid.FeaturesLeaf, 0, CpuidRegister.Eax, CpuidAction.Hide, (uint)(KvmFeatures.CLOCKSOURCE | KvmFeatures.MMU_OP),
            default,
            "Old numbers and a deprecated interface; the old clock MSRs are accepted all the same."));
        visitor.Visit(new(KvmCpuid.FeaturesLeaf, 0, CpuidRegister.Eax, CpuidAction.Hide, (uint)(KvmFeatures.ASYNC_PF | KvmFeatures.ASYNC_PF_VMEXIT |
            KvmFeatures.ASYNC_PF_INT), default,
            "Guest memory is never paged out to disk."));
        visitor.Visit(new(KvmCpuid.FeaturesLeaf, 0, CpuidRegister.Eax, CpuidAction.Force, (uint)KvmFeatures.PV_SCHED_YIELD, ProcessorTraits.PvSchedYield,
            "The hypercall is served: a guest has its say on which of its own processors goes first."));
        visitor.Visit(new(KvmCpuid.FeaturesLeaf, 0, CpuidRegister.Eax, CpuidAction.Hide, (uint)KvmFeatures.POLL_CONTROL, default,
            "The host does not poll on HLT."));
        visitor.Visit(new(KvmCpuid.FeaturesLeaf, 0, CpuidRegister.Eax, CpuidAction.Hide, (uint)(KvmFeatures.MSI_EXT_DEST_ID |
            KvmFeatures.HC_MAP_GPA_RANGE | KvmFeatures.MIGRATION_CONTROL), default,
            "Not needed: x2APIC ids stay below 255 and memory is not encrypted."));

        visitor.Visit(new(KvmCpuid.TimingLeaf, 0, CpuidRegister.Eax | CpuidRegister.Ebx, CpuidAction.Compute, AllBits, default,
            "TSC and APIC bus in kHz: guests that know the leaf calibrate neither."));

        visitor.Visit(new(CpuidLeaf.Extended, 0, CpuidRegister.Eax, CpuidAction.Compute, AllBits, default,
            "Highest extended leaf: the host's, 8000_0021h at most."));
        visitor.Visit(new(CpuidLeaf.Extended, 0, CpuidRegister.Ebx | CpuidRegister.Ecx | CpuidRegister.Edx, CpuidAction.Pass, AllBits, default,
            "The vendor again, where the host repeats it."));

        visitor.Visit(new(CpuidLeaf.ExtendedFeatures, 0, CpuidRegister.Eax | CpuidRegister.Ebx, CpuidAction.Pass, AllBits, default,
            "Family, model, brand and package, as in leaf 1."));
        visitor.Visit(new(CpuidLeaf.ExtendedFeatures, 0, CpuidRegister.Ecx, CpuidAction.Pass, (uint)(Cpuid80000001Ecx.LahfSahf | Cpuid80000001Ecx.ABM
            | Cpuid80000001Ecx.SSE4A | Cpuid80000001Ecx.MisAlignSse | Cpuid80000001Ecx.ThreeDNowPrefetch | Cpuid80000001Ecx.TBM), default,
            "The processor runs these for the guest unaided."));
        visitor.Visit(new(CpuidLeaf.ExtendedFeatures, 0, CpuidRegister.Ecx, CpuidAction.Pass, (uint)(Cpuid80000001Ecx.XOP | Cpuid80000001Ecx.FMA4),
            ProcessorTraits.Avx,
            "Instructions on the upper halves of YMM."));
        visitor.Visit(new(CpuidLeaf.ExtendedFeatures, 0, CpuidRegister.Ecx, CpuidAction.Pass, (uint)Cpuid80000001Ecx.TopologyExtensions, default,
            "Leaves 8000_001Dh and 8000_001Eh are made up for the vCPUs."));
        visitor.Visit(new(CpuidLeaf.ExtendedFeatures, 0, CpuidRegister.Ecx, CpuidAction.Force, (uint)Cpuid80000001Ecx.CmpLegacy, ProcessorTraits.Amd |
            ProcessorTraits.MultiProcessor,
            "HTT counts cores, not threads."));
        visitor.Visit(new(CpuidLeaf.ExtendedFeatures, 0, CpuidRegister.Ecx, CpuidAction.Hide, (uint)(Cpuid80000001Ecx.SVM | Cpuid80000001Ecx.SKINIT),
            default,
            "No nested virtualization."));
        visitor.Visit(new(CpuidLeaf.ExtendedFeatures, 0, CpuidRegister.Ecx, CpuidAction.Hide, (uint)Cpuid80000001Ecx.ExtApicSpace, default,
            "The emulated APIC has no extended registers."));
        visitor.Visit(new(CpuidLeaf.ExtendedFeatures, 0, CpuidRegister.Ecx, CpuidAction.Hide, (uint)Cpuid80000001Ecx.AltMovCr8, default, "MOV CR8 does it."));
        visitor.Visit(new(CpuidLeaf.ExtendedFeatures, 0, CpuidRegister.Ecx, CpuidAction.Hide, (uint)Cpuid80000001Ecx.OSVW, default,
            "Workarounds are the host's; its MSRs are not offered."));
        visitor.Visit(new(CpuidLeaf.ExtendedFeatures, 0, CpuidRegister.Ecx, CpuidAction.Hide, (uint)(Cpuid80000001Ecx.IBS |
            Cpuid80000001Ecx.PerfCtrExtCore | Cpuid80000001Ecx.PerfCtrExtNB | Cpuid80000001Ecx.PerfTsc | Cpuid80000001Ecx.PerfCtrExtLLC), default,
            "No performance monitoring unit."));
        visitor.Visit(new(CpuidLeaf.ExtendedFeatures, 0, CpuidRegister.Ecx, CpuidAction.Hide, (uint)(Cpuid80000001Ecx.WDT | Cpuid80000001Ecx.LWP),
            default,
            "Their state is not switched."));
        visitor.Visit(new(CpuidLeaf.ExtendedFeatures, 0, CpuidRegister.Ecx, CpuidAction.Hide, (uint)Cpuid80000001Ecx.TCE, default,
            "Nothing gained: the guest's TLB is shared out by the host."));
        visitor.Visit(new(CpuidLeaf.ExtendedFeatures, 0, CpuidRegister.Ecx, CpuidAction.Hide, (uint)(Cpuid80000001Ecx.DataBkptExt |
            Cpuid80000001Ecx.AddrMaskExt), default,
            "Breakpoint mask MSRs are not switched."));
        visitor.Visit(new(CpuidLeaf.ExtendedFeatures, 0, CpuidRegister.Ecx, CpuidAction.Hide, (uint)Cpuid80000001Ecx.MONITORX, default,
            "MWAITX would hold the core."));
        visitor.Visit(new(CpuidLeaf.ExtendedFeatures, 0, CpuidRegister.Edx, CpuidAction.Compute, 0x0183F1FF, ProcessorTraits.Amd,
            "AMD repeats the guest's bits of leaf 1."));
        visitor.Visit(new(CpuidLeaf.ExtendedFeatures, 0, CpuidRegister.Edx, CpuidAction.Pass, (uint)(Cpuid80000001Edx.SysCallSysRet |
            Cpuid80000001Edx.NX | Cpuid80000001Edx.MmxExt | Cpuid80000001Edx.FFXSR | Cpuid80000001Edx.Page1GB | Cpuid80000001Edx.LM |
            Cpuid80000001Edx.ThreeDNowExt | Cpuid80000001Edx.ThreeDNow), default,
            "The processor runs these for the guest unaided."));
        visitor.Visit(new(CpuidLeaf.ExtendedFeatures, 0, CpuidRegister.Edx, CpuidAction.Pass, (uint)Cpuid80000001Edx.RDTSCP, default, "TSC_AUX is switched."));
        visitor.Visit(new(CpuidLeaf.ExtendedFeatures, 0, CpuidRegister.Edx, CpuidAction.Dynamic, (uint)Cpuid1Edx.APIC, ProcessorTraits.Amd,
            "Follows the enable bit of IA32_APIC_BASE."));

        visitor.Visit(new(CpuidLeaf.Name0, 0, CpuidRegister.All, CpuidAction.Pass, AllBits, default, "The processor's name."));

        visitor.Visit(new(CpuidLeaf.Name1, 0, CpuidRegister.All, CpuidAction.Pass, AllBits, default, "The processor's name."));

        visitor.Visit(new(CpuidLeaf.Name2, 0, CpuidRegister.All, CpuidAction.Pass, AllBits, default, "The processor's name."));

        visitor.Visit(new(CpuidLeaf.L1Cache, 0, CpuidRegister.All, CpuidAction.Pass, AllBits, ProcessorTraits.Amd, "Cache and TLB sizes."));

        visitor.Visit(new(CpuidLeaf.L2Cache, 0, CpuidRegister.All, CpuidAction.Pass, AllBits, default, "Cache and TLB sizes."));

        visitor.Visit(new(CpuidLeaf.PowerManagement, 0, CpuidRegister.Edx, CpuidAction.Pass, (uint)Cpuid80000007Edx.TscInvariant, default,
            "Only where the host's TSC is so."));

        visitor.Visit(new(CpuidLeaf.AddressSizes, 0, CpuidRegister.Eax, CpuidAction.Compute, 0x0000FFFF, default,
            "Physical: what host and nested tables cover. Linear: 48 at most."));
        visitor.Visit(new(CpuidLeaf.AddressSizes, 0, CpuidRegister.Ecx, CpuidAction.Compute, AllBits, ProcessorTraits.Amd,
            "Core count and APIC id size follow the vCPU count."));
        visitor.Visit(new(CpuidLeaf.AddressSizes, 0, CpuidRegister.Ebx, CpuidAction.Pass, (uint)(Cpuid80000008Ebx.CLZERO |
            Cpuid80000008Ebx.RstrFpErrPtrs | Cpuid80000008Ebx.EferLmsleUnsupported), default,
            "The processor runs these for the guest unaided."));
        visitor.Visit(new(CpuidLeaf.AddressSizes, 0, CpuidRegister.Ebx, CpuidAction.Pass, (uint)Cpuid80000008Ebx.WBNOINVD, default,
            "Intercepted with WBINVD."));
        visitor.Visit(new(CpuidLeaf.AddressSizes, 0, CpuidRegister.Ebx, CpuidAction.Pass, (uint)(Cpuid80000008Ebx.IBPB | Cpuid80000008Ebx.IBPB_RET),
            ProcessorTraits.PredCmd,
            "IA32_PRED_CMD is handled."));
        visitor.Visit(new(CpuidLeaf.AddressSizes, 0, CpuidRegister.Ebx, CpuidAction.Pass, (uint)(Cpuid80000008Ebx.IBRS | Cpuid80000008Ebx.STIBP |
            Cpuid80000008Ebx.IbrsAlwaysOn | Cpuid80000008Ebx.StibpAlwaysOn | Cpuid80000008Ebx.IbrsPreferred | Cpuid80000008Ebx.IbrsSameMode |
            Cpuid80000008Ebx.SSBD | Cpuid80000008Ebx.PSFD), ProcessorTraits.SpecCtrl,
            "IA32_SPEC_CTRL is handled."));
        visitor.Visit(new(CpuidLeaf.AddressSizes, 0, CpuidRegister.Ebx, CpuidAction.Pass, (uint)(Cpuid80000008Ebx.SsbdNotRequired |
            Cpuid80000008Ebx.BTC_NO), default,
            "The processor is not affected."));
        visitor.Visit(new(CpuidLeaf.AddressSizes, 0, CpuidRegister.Ebx, CpuidAction.Hide, (uint)Cpuid80000008Ebx.SsbdVirtSpecCtrl, default,
            "VIRT_SPEC_CTRL is not offered."));
        visitor.Visit(new(CpuidLeaf.AddressSizes, 0, CpuidRegister.Ebx, CpuidAction.Hide, (uint)(Cpuid80000008Ebx.InstRetCntMsr |
            Cpuid80000008Ebx.RDPRU), default,
            "No performance counters."));
        visitor.Visit(new(CpuidLeaf.AddressSizes, 0, CpuidRegister.Ebx, CpuidAction.Hide, (uint)(Cpuid80000008Ebx.INVLPGB | Cpuid80000008Ebx.MCOMMIT |
            Cpuid80000008Ebx.INT_WBINVD), default,
            "Host functions."));

        visitor.Visit(new(CpuidLeaf.Tlb1G, 0, CpuidRegister.Eax | CpuidRegister.Ebx, CpuidAction.Pass, AllBits, ProcessorTraits.Amd, "TLB sizes."));

        visitor.Visit(new(CpuidLeaf.Optimization, 0, CpuidRegister.Eax, CpuidAction.Pass, AllBits, ProcessorTraits.Amd, "Width of the SSE units: a hint."));

        visitor.Visit(new(CpuidLeaf.CacheTopology, 0, CpuidRegister.Eax, CpuidAction.Pass, 0x000003FF, ProcessorTraits.Amd, "Cache type and level."));
        visitor.Visit(new(CpuidLeaf.CacheTopology, 0, CpuidRegister.Eax, CpuidAction.Compute, 0x03FFC000, ProcessorTraits.Amd,
            "Sharing follows the vCPU count: L1 and L2 of each core, L3 of all."));
        visitor.Visit(new(CpuidLeaf.CacheTopology, 0, CpuidRegister.Ebx | CpuidRegister.Ecx | CpuidRegister.Edx, CpuidAction.Pass, AllBits,
            ProcessorTraits.Amd,
            "Cache geometry."));
        visitor.Visit(new(CpuidLeaf.CacheTopology, 1, CpuidRegister.Eax, CpuidAction.Pass, 0x000003FF, ProcessorTraits.Amd, "Cache type and level."));
        visitor.Visit(new(CpuidLeaf.CacheTopology, 1, CpuidRegister.Eax, CpuidAction.Compute, 0x03FFC000, ProcessorTraits.Amd,
            "Sharing follows the vCPU count: L1 and L2 of each core, L3 of all."));
        visitor.Visit(new(CpuidLeaf.CacheTopology, 1, CpuidRegister.Ebx | CpuidRegister.Ecx | CpuidRegister.Edx, CpuidAction.Pass, AllBits,
            ProcessorTraits.Amd,
            "Cache geometry."));
        visitor.Visit(new(CpuidLeaf.CacheTopology, 2, CpuidRegister.Eax, CpuidAction.Pass, 0x000003FF, ProcessorTraits.Amd, "Cache type and level."));
        visitor.Visit(new(CpuidLeaf.CacheTopology, 2, CpuidRegister.Eax, CpuidAction.Compute, 0x03FFC000, ProcessorTraits.Amd,
            "Sharing follows the vCPU count: L1 and L2 of each core, L3 of all."));
        visitor.Visit(new(CpuidLeaf.CacheTopology, 2, CpuidRegister.Ebx | CpuidRegister.Ecx | CpuidRegister.Edx, CpuidAction.Pass, AllBits,
            ProcessorTraits.Amd,
            "Cache geometry."));
        visitor.Visit(new(CpuidLeaf.CacheTopology, 3, CpuidRegister.Eax, CpuidAction.Pass, 0x000003FF, ProcessorTraits.Amd, "Cache type and level."));
        visitor.Visit(new(CpuidLeaf.CacheTopology, 3, CpuidRegister.Eax, CpuidAction.Compute, 0x03FFC000, ProcessorTraits.Amd,
            "Sharing follows the vCPU count: L1 and L2 of each core, L3 of all."));
        visitor.Visit(new(CpuidLeaf.CacheTopology, 3, CpuidRegister.Ebx | CpuidRegister.Ecx | CpuidRegister.Edx, CpuidAction.Pass, AllBits,
            ProcessorTraits.Amd,
            "Cache geometry."));

        visitor.Visit(new(CpuidLeaf.ProcessorTopology, 0, CpuidRegister.Eax, CpuidAction.Dynamic, AllBits, ProcessorTraits.Amd, "APIC id of the asking vCPU."));
        visitor.Visit(new(CpuidLeaf.ProcessorTopology, 0, CpuidRegister.Ebx, CpuidAction.Dynamic, AllBits, ProcessorTraits.Amd,
            "Its core; one thread a core."));

        visitor.Visit(new(CpuidLeaf.ExtendedFeatures2, 0, CpuidRegister.Eax, CpuidAction.Pass, (uint)(Cpuid80000021Eax.NoNestedDataBp |
            Cpuid80000021Eax.FsGsKernelGsBaseNonSerializing | Cpuid80000021Eax.LFenceAlwaysSerializing | Cpuid80000021Eax.NullSelectClearsBase |
            Cpuid80000021Eax.NoSmmCtlMSR), default,
            "Facts about the processor."));
        visitor.Visit(new(CpuidLeaf.ExtendedFeatures2, 0, CpuidRegister.Eax, CpuidAction.Pass, (uint)Cpuid80000021Eax.AutomaticIBRS, default,
            "An EFER bit, and EFER is switched by VMRUN."));
        visitor.Visit(new(CpuidLeaf.ExtendedFeatures2, 0, CpuidRegister.Eax, CpuidAction.Pass, (uint)(Cpuid80000021Eax.SBPB |
            Cpuid80000021Eax.IBPB_BRTYPE), ProcessorTraits.PredCmd,
            "IA32_PRED_CMD is handled."));
        visitor.Visit(new(CpuidLeaf.ExtendedFeatures2, 0, CpuidRegister.Eax, CpuidAction.Pass, (uint)Cpuid80000021Eax.SRSO_NO, default,
            "The processor is not affected."));
        visitor.Visit(new(CpuidLeaf.ExtendedFeatures2, 0, CpuidRegister.Eax, CpuidAction.Hide, (uint)(Cpuid80000021Eax.SmmPgCfgLock |
            Cpuid80000021Eax.PrefetchCtlMsr), default,
            "Their MSRs are the host's."));
        visitor.Visit(new(CpuidLeaf.ExtendedFeatures2, 0, CpuidRegister.Eax, CpuidAction.Hide, (uint)(Cpuid80000021Eax.UpperAddressIgnore |
            Cpuid80000021Eax.CpuidUserDis), default,
            "Their control bits are not offered."));
    }
}
