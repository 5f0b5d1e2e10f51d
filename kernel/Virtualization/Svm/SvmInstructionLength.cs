using System.Runtime.CompilerServices;
using HyperOS.Core;
using HyperOS.Emulation;
using HyperOS.Memory;
using HyperOS.Specs.Amd;
using HyperOS.Specs.X86;

namespace HyperOS.Virtualization.Svm;

/// <summary>
/// How long the instruction is that caused an intercept, for processors without NRIPS: it is read from the guest's memory, and what stands there
/// must be the instruction that the exit names.
/// </summary>
internal static class SvmInstructionLength
{
    private const uint PageMask = (uint)Size.Page - 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryGet(Vcpu vcpu, ref VmcbStateSaveArea save, bool is64Bit, out int length) =>
        is64Bit && vcpu.CodePages.TryFind(save.RIP, save.CR3, save.CR4, out PhysicalPage page)
            && TryMeasure(page, unchecked((uint)save.RIP) & PageMask, vcpu.Exit.Instruction, out length)
        || TryFetch(vcpu, out length);

    // The usual encodings, without prefixes.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryMeasure(PhysicalPage page, uint offset, InterceptedOperation operation, out int length)
    {
        ushort opcode = page.ReadUInt16(offset);
        length = 2;
        switch (operation)
        {
            case InterceptedOperation.CPUID: return opcode == 0xA20F;
            case InterceptedOperation.WRMSR: return opcode == 0x300F;
            case InterceptedOperation.RDMSR: return opcode == 0x320F;
            case InterceptedOperation.VMMCALL:
                length = 3;
                return opcode == 0x010F && page.ReadUInt16(offset + 1) == 0xD901;
            case InterceptedOperation.HLT:
                length = 1;
                return unchecked((byte)opcode) == 0xF4;
            default: return false;
        }
    }

    // WBNOINVD has no exit of its own, and QEMU's emulation names INVD as WBINVD too.
    private static bool IsNamed(InterceptedOperation found, InterceptedOperation exit) =>
        found == exit || exit == InterceptedOperation.WBINVD && found is (InterceptedOperation.WBNOINVD or InterceptedOperation.INVD);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool TryFetch(Vcpu vcpu, out int length)
    {
        InstructionEmulator emulator = vcpu.Emulator;
        SvmVendor.ReadState(vcpu, ref emulator.State);
        EmulationOutcome outcome = emulator.DecodeIntercepted(out InterceptedInstruction instruction);
        length = instruction.Length;
        return outcome == EmulationOutcome.Completed && IsNamed(instruction.Operation, vcpu.Exit.Instruction);
    }
}
