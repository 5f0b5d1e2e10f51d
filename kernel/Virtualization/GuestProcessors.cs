using HyperOS.Diagnostics;
using HyperOS.Emulation;
using HyperOS.Interrupts;
using HyperOS.Platform;
using HyperOS.Scheduling;
using HyperOS.Specs.Amd;
using HyperOS.Specs.X86;

namespace HyperOS.Virtualization;

/// <summary>What guests' processors are made from: the host's CPUID, read once, and what this kernel's code can serve.</summary>
public static class GuestProcessors
{
    private static HostCpuid? s_host;
    private static ulong s_microcodeRevision;
    private static Xcr0 s_xcr0;

    public static HostCpuid Host => s_host!;

    /// <summary>
    /// What is done against leaks between guests by speculation: at a processor's start, at the switch from one machine to another, and, by the
    /// macros of Speculation.inc, at every entry and exit. SMT siblings are parked in any case. Untested on hardware.
    /// </summary>
    public static SpeculationPlan Speculation { get; private set; }

    /// <summary>Reads the host's CPUID. On the boot processor, during start-up.</summary>
    public static void Initialize(Mitigations mitigations)
    {
        s_host = new HostCpuid(new Source());
        // Emulators are not to be trusted to intercept XSETBV (QEMU learned it in version 8), and gain nothing from AVX.
        s_xcr0 = s_host.IsTranslated ? 0 : ExtendedStates.Supported;
        bool hasCapabilities = (s_host.Read(CpuidLeaf.StructuredFeatures, 0).Edx & (uint)Cpuid7Edx.ARCH_CAPABILITIES) != 0;
        ArchCapabilities capabilities = hasCapabilities ? (ArchCapabilities)ModelSpecificRegister.Read(Msr.IA32_ARCH_CAPABILITIES) : 0;
        Speculation = SpeculationPolicy.Decide(new SpeculationHost(s_host, capabilities), mitigations);
        SpeculationSwitch.Choose((uint)Speculation.Hooks, (ulong)Speculation.HostSpecCtrl);
        if (!s_host.IsTranslated || mitigations != Mitigations.Auto)
            Log.Write("processors"u8, $"speculation: hooks 0x{(uint)Speculation.Hooks:x}, rows 0x{Speculation.Rows:x}");
        if (s_host.IsTranslated)
            return;
        s_microcodeRevision = ReadMicrocodeRevision();
        Log.Write("processors"u8, $"microcode revision 0x{(s_host.IsAmd ? s_microcodeRevision : s_microcodeRevision >> 32):x}");
    }

    /// <summary>The plan's measures that a processor takes once, for itself.</summary>
    public static void StartSpeculationHooks()
    {
        SpeculationHooks hooks = Speculation.Hooks;
        if ((hooks & SpeculationHooks.StartLfenceSerializes) != 0)
            ModelSpecificRegister.Write(Msr.DE_CFG, ModelSpecificRegister.Read(Msr.DE_CFG) | 1 << 1);
        if ((hooks & SpeculationHooks.StartAutomaticIbrs) != 0)
            ModelSpecificRegister.Write(Msr.EFER, ModelSpecificRegister.Read(Msr.EFER) | (ulong)Efer.AIBRSE);
        if ((hooks & SpeculationHooks.StartSpecCtrl) != 0)
            ModelSpecificRegister.Write(Msr.IA32_SPEC_CTRL, (ulong)Speculation.HostSpecCtrl);
    }

    /// <summary>What a processor does when it goes from one machine or process to another.</summary>
    public static RealmBarrier Barrier { get; } = new PredictionBarrier();

    private sealed class PredictionBarrier : RealmBarrier
    {
        public override void Cross()
        {
            if ((Speculation.Hooks & SpeculationHooks.SwitchIbpb) != 0)
                ModelSpecificRegister.Write(Msr.IA32_PRED_CMD, (ulong)PredCmd.IBPB);
        }
    }

    /// <summary>The processors of a machine with so many.</summary>
    /// <param name="count">So many.</param>
    /// <param name="tscFrequency">In Hz.</param>
    public static GuestProcessor Describe(uint count, ulong tscFrequency) => new()
    {
        VcpuCount = count,
        Offers = ProcessorTraits.X2Apic | ProcessorTraits.TscDeadline | ProcessorTraits.StealTime | ProcessorTraits.PvTlbFlush | ProcessorTraits.PvUnhalt
            | ProcessorTraits.PvSendIpi | ProcessorTraits.PvSchedYield | (Processors.TimestampsAgree ? ProcessorTraits.StableClock : 0)
            | (VirtualizationVendor.Current.ServesLocalApic ? 0 : ProcessorTraits.PvEndOfInterrupt),
        XCR0 = s_xcr0,
        TscKHz = (uint)(tscFrequency / 1000),
        PhysicalAddressBits = Host.Read(CpuidLeaf.AddressSizes, 0).Eax & 0xFF,
        MicrocodeRevision = s_microcodeRevision,
    };

    // Intel's processors fill the upper half at CPUID if it was zero before. Intel SDM vol. 3, "Determining the Signature".
    private static ulong ReadMicrocodeRevision()
    {
        if (s_host!.IsAmd)
            return ModelSpecificRegister.Read(Msr.IA32_BIOS_SIGN_ID);
        ModelSpecificRegister.Write(Msr.IA32_BIOS_SIGN_ID, 0);
        Cpu.Identify(CpuidLeaf.Features);
        return ModelSpecificRegister.Read(Msr.IA32_BIOS_SIGN_ID);
    }

    private sealed class Source : CpuidSource
    {
        public override Emulation.CpuidResult Read(uint leaf, uint subleaf)
        {
            Platform.CpuidResult result = Cpu.Identify(leaf, subleaf);
            return new Emulation.CpuidResult(result.Eax, result.Ebx, result.Ecx, result.Edx);
        }
    }
}
