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

    // Access byte and flags nibble, packed into twelve bits.
    private static SegmentState Segment(in EntrySegment segment) => new()
    {
        Selector = segment.Selector,
        Attributes = (SegmentAttributes)(segment.Access | segment.Flags << 8),
        Limit = segment.Limit,
        Base = segment.Base,
    };
}
