using System;
using HyperOS.Core;
using HyperOS.Specs.X86;

namespace HyperOS.Emulation;

/// <summary>Segmentation, translation and the accesses themselves. Operands are resolved completely before the first access.</summary>
public sealed partial class InstructionEmulator
{
    /// <summary>A page translation that holds for the rest of the instruction.</summary>
    private struct Translation
    {
        public ulong LinearPage;
        public ulong Physical;
        public PageAccess Access;
        public bool Valid;
    }

    /// <summary>A memory operand in guest-physical memory: in one piece, or in two where it crosses a page.</summary>
    private struct MemoryOperand
    {
        public ulong Address;
        public ulong SecondAddress;
        public int Size;

        /// <summary>Bytes at <see cref="Address"/>; the others are at <see cref="SecondAddress"/>.</summary>
        public int FirstSize;

        public readonly bool CrossesPage => FirstSize != Size;
    }

    /// <summary>Width of rSP: 64-bit mode, or the B bit of SS.</summary>
    private int StackSize => _codeSize == CodeSize.Bits64 ? 8 : IsBig(in State.SS) ? 4 : 2;

    private ulong StackOffset(ulong addend) => unchecked(State.Registers[(int)GeneralRegister.RSP] + addend) & Arithmetic.Mask(StackSize);

    /// <summary>Adds what there is at and after RIP to <see cref="_code"/>, up to the end of a page.</summary>
    private bool Fetch()
    {
        ulong offset = unchecked(State.RIP + (ulong)_codeLength);
        int count = _code.Length - _codeLength;
        ulong linear = offset;
        if (_codeSize == CodeSize.Bits64)
        {
            if (!IsCanonical(linear))
                return Fault(ExceptionVector.GP);
        }
        else
        {
            offset &= uint.MaxValue;
            if (offset > State.CS.Limit)
                return Fault(ExceptionVector.GP);
            count = (int)Math.Min((ulong)count, State.CS.Limit - offset + 1);
            linear = unchecked(State.CS.Base + offset) & uint.MaxValue;
        }
        count = (int)Math.Min((ulong)count, Size.Page - (linear & (Size.Page - 1)));
        Span<byte> destination = new(_code, _codeLength, count);
        if (!_bus.TryReadCode(in State, linear, destination))
        {
            if (!Translate(linear, PageAccess.Execute, out ulong physical))
                return false;
            if (!_bus.ReadCode(new GuestPhysicalAddress(physical), destination))
                return Stop(EmulationOutcome.Refused);
            _bus.RememberCode(in State, linear, new GuestPhysicalAddress(physical));
        }
        _codeLength += count;
        return true;
    }

    /// <summary>Offset of the ModRM operand within its segment.</summary>
    private ulong EffectiveOffset(ulong addend)
    {
        unchecked
        {
            ulong offset = _instruction.Displacement + addend;
            if (_instruction.Base < GeneralRegister.None)
                offset += State.Registers[(int)_instruction.Base];
            else if (_instruction.Base == GeneralRegister.RIP)
                offset += State.RIP + _instruction.Length;
            if (_instruction.Index < GeneralRegister.None)
                offset += State.Registers[(int)_instruction.Index] << _instruction.Scale;
            // A bit test by register reaches memory on either side of its operand.
            if (_instruction.Form == OperandForm.MemoryRegister && _instruction.Operation is >= Operation.BT and <= Operation.BTC)
            {
                long bit = (long)Arithmetic.SignExtend(Destination(), _instruction.OperandSize);
                offset += (ulong)((bit >> 3) & -_instruction.OperandSize);
            }
            return offset & Arithmetic.Mask(_instruction.AddressSize);
        }
    }

    /// <summary>Resolves the ModRM operand.</summary>
    private bool ResolveOperand(PageAccess access, out MemoryOperand operand, bool aligned = false) =>
        Resolve(_instruction.Segment, EffectiveOffset(0), _instruction.MemorySize, access, ref _source, out operand, aligned);

    /// <summary>Resolves the operand of a read-modify-write. Locked ones across two pages are not emulated.</summary>
    private bool ResolveForUpdate(out MemoryOperand operand, bool aligned = false) =>
        ResolveOperand(PageAccess.Write, out operand, aligned) && (!IsLocked || !operand.CrossesPage || Stop(EmulationOutcome.Unsupported));

    /// <summary>XCHG with memory is locked without the prefix.</summary>
    private bool IsLocked => _instruction.Lock || _instruction.Operation == Operation.XCHG;

    /// <summary>From a segment and an offset to guest-physical memory, with all checks.</summary>
    private bool Resolve(
        SegmentRegister segment, ulong offset, int size, PageAccess access, ref Translation translation, out MemoryOperand operand, bool aligned = false)
    {
        operand = default;
        operand.Size = size;
        if (!Linearize(segment, offset, size, access, out ulong linear))
            return false;
        if (aligned && (linear & (ulong)(size - 1)) != 0)
            return Fault(ExceptionVector.GP);
        if (Breakpoints.Watches)
            Traps |= Breakpoints.MatchData(linear, size, access == PageAccess.Write);

        ulong pageOffset = linear & (Size.Page - 1);
        if (_nestedFault.Valid && IsNestedFault(pageOffset, size, access))
        {
            operand.Address = _nestedFault.Physical;
            operand.FirstSize = size;
            return CheckAlignment(linear, size);
        }
        ulong page = linear - pageOffset;
        if (!translation.Valid || translation.LinearPage != page || translation.Access != access)
        {
            if (!Translate(linear, access, out ulong physical))
                return false;
            translation.LinearPage = page;
            translation.Physical = physical - pageOffset;
            translation.Access = access;
            translation.Valid = true;
        }
        operand.Address = translation.Physical + pageOffset;
        operand.FirstSize = (int)Math.Min((ulong)size, Size.Page - pageOffset);
        if (operand.CrossesPage)
        {
            ulong next = unchecked(page + Size.Page);
            if (_codeSize != CodeSize.Bits64)
                next &= uint.MaxValue;
            if (!Translate(next, access, out operand.SecondAddress))
                return false;
        }
        return CheckAlignment(linear, size);
    }

    /// <summary>The access is the one that the hardware translated: instructions with one memory operand only.</summary>
    private bool IsNestedFault(ulong pageOffset, int size, PageAccess access) =>
        pageOffset == (_nestedFault.Physical & (Size.Page - 1))
        && pageOffset + (ulong)size <= Size.Page
        && (access == PageAccess.Read || _nestedFault.Access == PageAccess.Write)
        && _instruction.Form != OperandForm.Implied
        && _instruction.Operation is not (Operation.PUSH or Operation.POP);

    /// <summary>#AC: AMD APM vol. 2, "Alignment-Check Exception (#AC)".</summary>
    private bool CheckAlignment(ulong linear, int size) =>
        (State.RFLAGS & Rflags.AC) == 0 || (State.CR0 & Cr0.AM) == 0 || State.CPL != 3 || size > 8 || (linear & (ulong)(size - 1)) == 0
        || Fault(ExceptionVector.AC);

    /// <summary>Segmentation: AMD APM vol. 2, "Segment Limit Checks", "Type Checks" and "Canonical Address Form".</summary>
    private bool Linearize(SegmentRegister register, ulong offset, int size, PageAccess access, out ulong linear)
    {
        ref readonly SegmentState segment = ref GuestCpuState.Segment(in State, register);
        if (_codeSize == CodeSize.Bits64)
        {
            linear = register >= SegmentRegister.FS ? unchecked(segment.Base + offset) : offset;
            return (IsCanonical(linear) && IsCanonical(unchecked(linear + (ulong)(size - 1)))) || SegmentFault(register);
        }
        linear = unchecked(segment.Base + offset) & uint.MaxValue;
        if (!State.HasUntypedSegments)
        {
            SegmentAttributes codeAndReadWrite = segment.Attributes & (SegmentAttributes.Code | SegmentAttributes.ReadWrite);
            bool allowed = access == PageAccess.Write
                ? codeAndReadWrite == SegmentAttributes.ReadWrite
                : codeAndReadWrite != SegmentAttributes.Code;
            if ((segment.Attributes & SegmentAttributes.P) == 0 || !allowed)
                return SegmentFault(register);
        }
        ulong last = offset + (ulong)(size - 1);
        const SegmentAttributes expandDown = SegmentAttributes.ConformingDown;
        bool inside = (segment.Attributes & (SegmentAttributes.Code | expandDown)) == expandDown && !State.HasUntypedSegments
            ? offset > segment.Limit && last <= (IsBig(in segment) ? uint.MaxValue : ushort.MaxValue)
            : last <= segment.Limit;
        return inside || SegmentFault(register);
    }

    private static bool IsBig(ref readonly SegmentState segment) => (segment.Attributes & SegmentAttributes.DB) != 0;

    private bool SegmentFault(SegmentRegister register) => Fault(register == SegmentRegister.SS ? ExceptionVector.SS : ExceptionVector.GP);

    /// <summary>Bits 63:47, or 63:56 with five levels, are all equal.</summary>
    private bool IsCanonical(ulong linear)
    {
        int bits = (State.CR4 & Cr4.LA57) != 0 ? 57 : 48;
        long upper = unchecked((long)linear) >> (bits - 1);
        return upper is 0 or -1;
    }

    private bool Translate(ulong linear, PageAccess access, out ulong physical)
    {
        PageWalkResult result = GuestPageWalker.Translate(_bus, in State, linear, access, out GuestPhysicalAddress address, out PageFaultErrorCode errorCode);
        physical = address.Value;
        switch (result)
        {
            case PageWalkResult.Translated: return true;
            case PageWalkResult.Retry: return Stop(EmulationOutcome.Again);
            case PageWalkResult.Refused: return Stop(EmulationOutcome.Refused);
            default:
                State.CR2 = linear;
                return Fault(ExceptionVector.PF, (uint)errorCode);
        }
    }

    private bool Read(ref readonly MemoryOperand operand, out ulong value) => operand.CrossesPage
        ? ReadInParts(in operand, out value, out _)
        : Check(_bus.Read(new GuestPhysicalAddress(operand.Address), operand.Size, out value));

    private bool Write(ref readonly MemoryOperand operand, ulong value) => operand.CrossesPage
        ? WriteInParts(in operand, value, 0)
        : Check(_bus.Write(new GuestPhysicalAddress(operand.Address), operand.Size, value));

    private bool Read16(ref readonly MemoryOperand operand, out ulong low, out ulong high) => operand.CrossesPage
        ? ReadInParts(in operand, out low, out high)
        : Check(_bus.Read16(new GuestPhysicalAddress(operand.Address), out low, out high));

    private bool Write16(ref readonly MemoryOperand operand, ulong low, ulong high) => operand.CrossesPage
        ? WriteInParts(in operand, low, high)
        : Check(_bus.Write16(new GuestPhysicalAddress(operand.Address), low, high));

    /// <summary>The write of a read-modify-write; atomic where the instruction is locked.</summary>
    private bool Replace(ref readonly MemoryOperand operand, ulong old, ulong value) => IsLocked
        ? Check(_bus.CompareExchange(new GuestPhysicalAddress(operand.Address), operand.Size, old, value))
        : Write(in operand, value);

    /// <summary>An operand on two pages, in naturally aligned parts.</summary>
    private bool ReadInParts(ref readonly MemoryOperand operand, out ulong low, out ulong high)
    {
        low = 0;
        high = 0;
        for (int done = 0; done < operand.Size;)
        {
            int size = NextPart(in operand, done, out ulong address);
            if (!Check(_bus.Read(new GuestPhysicalAddress(address), size, out ulong part)))
                return false;
            if (done < 8)
                low |= part << (done * 8);
            else
                high |= part << ((done - 8) * 8);
            done += size;
        }
        return true;
    }

    private bool WriteInParts(ref readonly MemoryOperand operand, ulong low, ulong high)
    {
        for (int done = 0; done < operand.Size;)
        {
            int size = NextPart(in operand, done, out ulong address);
            ulong rest = done < 8 ? low >> (done * 8) : high >> ((done - 8) * 8);
            if (!Check(_bus.Write(new GuestPhysicalAddress(address), size, rest & Arithmetic.Mask(size))))
                return false;
            done += size;
        }
        return true;
    }

    /// <summary>The largest aligned part from byte <paramref name="done"/> on, within one page and one half of 16 bytes.</summary>
    private static int NextPart(ref readonly MemoryOperand operand, int done, out ulong address)
    {
        bool first = done < operand.FirstSize;
        address = first ? operand.Address + (ulong)done : operand.SecondAddress + (ulong)(done - operand.FirstSize);
        int left = Math.Min((first ? operand.FirstSize : operand.Size) - done, 8 - (done & 7));
        int size = 1;
        while (size * 2 <= left && (address & (ulong)((size * 2) - 1)) == 0)
            size *= 2;
        return size;
    }

    private bool Check(BusResult result) => result switch
    {
        BusResult.Completed => true,
        BusResult.Changed => Stop(EmulationOutcome.Again),
        _ => Stop(EmulationOutcome.Refused),
    };
}
