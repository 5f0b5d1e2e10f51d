using HyperOS.Emulation;
using HyperOS.Loaders;
using HyperOS.Specs.X86;

namespace HyperOS.Virtualization;

/// <summary>Turns a loader's entry state into the registers of a vCPU.</summary>
internal static class EntryStates
{
    public static void Apply<TVendor>(Vcpu vcpu, in EntryState entry) where TVendor : struct, IVirtualizationVendor
    {
        ref GuestCpuState state = ref vcpu.Emulator.State;
        TVendor.ReadState(vcpu, ref state);
        state.RIP = entry.Rip;
        state.RFLAGS = (Rflags)entry.Rflags;
        state.CR0 = (Cr0)entry.Cr0;
        state.CR3 = entry.Cr3;
        state.CR4 = (Cr4)entry.Cr4;
        state.EFER = (Efer)entry.Efer;
        state.CS = Segment(entry.Cs);
        state.DS = state.ES = state.FS = state.GS = state.SS = Segment(entry.Data);
        state.CPL = 0;
        state.Registers[(int)GeneralRegister.RAX] = entry.Rax;
        state.Registers[(int)GeneralRegister.RBX] = entry.Rbx;
        state.Registers[(int)GeneralRegister.RSI] = entry.Rsi;
        TVendor.WriteState(vcpu, in state);
        vcpu.CpuidState.CR4 = state.CR4;
        TVendor.WriteSegments(vcpu, in state, new DescriptorTableState
        {
            GdtBase = entry.GdtBase.Value,
            GdtLimit = entry.GdtLimit,
            TR = Segment(entry.Tr),
            LDTR = new SegmentState { Attributes = SegmentAttributes.P | (SegmentAttributes)2 },
        });
    }

    /// <summary>
    /// An application processor begins after INIT and a start-up IPI: AMD APM vol. 2, "Initial Processor State", and Intel SDM vol. 3A, "Processor State
    /// After Reset", but with caching on, which firmware would see to.
    /// </summary>
    /// <param name="vector">The page that it begins at.</param>
    public static void StartUp<TVendor>(Vcpu vcpu, int vector) where TVendor : struct, IVirtualizationVendor
    {
        ref GuestCpuState state = ref vcpu.Emulator.State;
        TVendor.ReadState(vcpu, ref state);
        state.Registers = default;
        state.Registers[(int)GeneralRegister.RDX] = vcpu.Machine.Cpuid.Answer(CpuidLeaf.Features, 0, in vcpu.CpuidState).Eax;
        state.RIP = 0;
        state.RFLAGS = Rflags.AlwaysOne;
        state.CR0 = Cr0.ET;
        state.CR2 = state.CR3 = 0;
        state.CR4 = 0;
        state.EFER = 0;
        state.CS = RealMode((ushort)(vector << 8), SegmentAttributes.P | (SegmentAttributes)0x1B);
        state.DS = state.ES = state.FS = state.GS = state.SS = RealMode(0, SegmentAttributes.P | (SegmentAttributes)0x13);
        state.CPL = 0;
        vcpu.CpuidState.CR4 = 0;
        vcpu.HasPendingException = false;
        vcpu.Breakpoints = default;
        vcpu.SetDebugControl(Dr7.Reset);
        TVendor.ClearEvents(vcpu);
        TVendor.WriteState(vcpu, in state);
        TVendor.WriteSegments(vcpu, in state, new DescriptorTableState
        {
            GdtLimit = ushort.MaxValue,
            IdtLimit = ushort.MaxValue,
            LDTR = RealMode(0, SegmentAttributes.P | (SegmentAttributes)2),
            TR = RealMode(0, SegmentAttributes.P | (SegmentAttributes)0xB),
        });
        TVendor.WriteDebug(vcpu, 6, (ulong)Dr6.Reset);
        TVendor.WriteDebug(vcpu, 7, (ulong)Dr7.Reset);
        TVendor.FlushTranslations(vcpu);
    }

    private static SegmentState RealMode(ushort selector, SegmentAttributes attributes) => new()
    {
        Selector = selector,
        Attributes = attributes,
        Limit = ushort.MaxValue,
        Base = (ulong)selector << 4,
    };

    // Access byte and flags nibble, packed into twelve bits.
    private static SegmentState Segment(in EntrySegment segment) => new()
    {
        Selector = segment.Selector,
        Attributes = (SegmentAttributes)(segment.Access | segment.Flags << 8),
        Limit = segment.Limit,
        Base = segment.Base,
    };
}
