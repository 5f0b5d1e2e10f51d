using System;
using HyperOS.Core;
using HyperOS.Emulation;
using HyperOS.Memory;
using HyperOS.Specs.Amd;
using HyperOS.Specs.X86;

namespace HyperOS.Virtualization.Svm;

/// <summary>
/// How long the instruction is that caused an intercept, for processors without NRIPS: it is read from the guest's memory. The page is
/// remembered; what stands there must still be the instruction that the exit names.
/// </summary>
internal static class SvmInstructionLength
{
    private const int Longest = 15;
    private const ulong PageMask = Size.Page - 1;

    public static bool TryGet(Vcpu vcpu, ref VmcbStateSaveArea save, out int length)
    {
        SvmContext context = SvmVendor.ContextOf(vcpu);
        if (context.MeasuredRip == save.RIP && context.CodeCr3 == save.CR3 && context.MeasuredOperation == vcpu.Exit.Instruction
            && PhysicalMemory.Structure<ushort>(new HostPhysicalAddress(context.CodeFrame.Value + context.MeasuredOffset)) == context.MeasuredBytes)
        {
            length = context.MeasuredLength;
            return true;
        }
        CodeSize size = (save.CS.Attributes & SegmentAttributes.L) != 0 ? CodeSize.Bits64
            : (save.CS.Attributes & SegmentAttributes.DB) != 0 ? CodeSize.Bits32 : CodeSize.Bits16;
        ulong linear = size == CodeSize.Bits64 ? save.RIP : unchecked((uint)(save.CS.Base + save.RIP));
        if (context.CodeCr3 == save.CR3 && context.CodePage == (linear & ~PageMask)
            && TryMeasure(context, linear, size, vcpu.Exit.Instruction, out length))
        {
            Remember(context, linear, save.RIP, vcpu.Exit.Instruction, length);
            return true;
        }
        return TryFetch(vcpu, linear, ref save, out length);
    }

    // Two bytes that lie in one page: then they are what a look at the frame finds.
    private static void Remember(SvmContext context, ulong linear, ulong rip, InterceptedOperation operation, int length)
    {
        uint offset = (uint)(linear & PageMask);
        context.MeasuredRip = ulong.MaxValue;
        if (offset > Size.Page - 2)
            return;
        context.MeasuredRip = rip;
        context.MeasuredOffset = offset;
        context.MeasuredBytes = PhysicalMemory.Structure<ushort>(new HostPhysicalAddress(context.CodeFrame.Value + offset));
        context.MeasuredOperation = operation;
        context.MeasuredLength = length;
    }

    private static bool TryMeasure(SvmContext context, ulong linear, CodeSize size, InterceptedOperation operation, out int length)
    {
        uint offset = (uint)(linear & PageMask);
        ReadOnlySpan<byte> code = PhysicalMemory.Bytes(
            new HostPhysicalAddress(context.CodeFrame.Value + offset), Math.Min(Longest, (int)((uint)Size.Page - offset)));
        // The usual encodings, without prefixes.
        length = 2;
        if (code.Length >= 2 && code[0] == 0x0F)
        {
            switch (operation, code[1])
            {
                case (InterceptedOperation.CPUID, 0xA2):
                case (InterceptedOperation.WRMSR, 0x30):
                case (InterceptedOperation.RDMSR, 0x32):
                    return true;
            }
        }
        length = 1;
        if (operation == InterceptedOperation.HLT && code[0] == 0xF4)
            return true;
        return InterceptedInstructionDecoder.TryGetLength(code, size, operation, out length);
    }

    // WBNOINVD has no exit of its own, and QEMU's emulation names INVD as WBINVD too.
    private static bool IsNamed(InterceptedOperation found, InterceptedOperation exit) =>
        found == exit || exit == InterceptedOperation.WBINVD && found is (InterceptedOperation.WBNOINVD or InterceptedOperation.INVD);

    private static bool TryFetch(Vcpu vcpu, ulong linear, ref VmcbStateSaveArea save, out int length)
    {
        InstructionEmulator emulator = vcpu.Emulator;
        SvmVendor.ReadState(vcpu, ref emulator.State);
        EmulationOutcome outcome = emulator.DecodeIntercepted(out InterceptedInstruction instruction);
        length = instruction.Length;
        if (outcome != EmulationOutcome.Completed || !IsNamed(instruction.Operation, vcpu.Exit.Instruction))
            return false;
        SvmContext context = SvmVendor.ContextOf(vcpu);
        PageWalkResult walk = GuestPageWalker.Translate(
            vcpu.Bus, in emulator.State, linear, PageAccess.Execute, out GuestPhysicalAddress physical, out _);
        if (walk == PageWalkResult.Translated
            && vcpu.Machine.Memory.TryTranslate(new GuestPhysicalAddress(physical.Value & ~PageMask), out HostPhysicalAddress frame))
        {
            context.CodeCr3 = save.CR3;
            context.CodePage = linear & ~PageMask;
            context.CodeFrame = frame;
            context.MeasuredRip = ulong.MaxValue;
        }
        return true;
    }
}
