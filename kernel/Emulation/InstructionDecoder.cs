using System;
using HyperOS.Core;

namespace HyperOS.Emulation;

/// <summary>
/// Decodes instructions with a memory operand, as a nested page fault on a device's registers or an intercepted INS or OUTS leaves them
/// unfinished. Forms whose ModRM names a register never fault that way and are <see cref="DecodeResult.Unsupported"/>. Opcodes: AMD APM vol. 3,
/// "Opcode and Operand Encodings".
/// </summary>
public static class InstructionDecoder
{
    /// <param name="bytes">Code from RIP on; what follows the first 15 bytes is not looked at.</param>
    /// <param name="codeSize">Of the code segment.</param>
    /// <param name="instruction">Meaningful only with <see cref="DecodeResult.Decoded"/>.</param>
    public static DecodeResult Decode(ReadOnlySpan<byte> bytes, CodeSize codeSize, out Instruction instruction)
    {
        FaultPoint.Hit(FaultPlace.InstructionDecoder);
        instruction = default;
        InstructionReader reader = new(bytes, codeSize);
        byte opcode = reader.ReadPrefixesAndOpcode();
        instruction.AddressSize = reader.AddressSize;
        DecodeResult result = opcode == 0x0F ? DecodeTwoByte(ref reader, ref instruction) : DecodeOneByte(opcode, ref reader, ref instruction);
        if (reader.Exhausted)
            return reader.MayGrow ? DecodeResult.NeedMoreBytes : DecodeResult.TooLong;
        if (result != DecodeResult.Decoded)
            return result;
        if (reader.Lock && !AllowsLock(in instruction))
            return DecodeResult.Invalid;
        instruction.Lock = reader.Lock;
        instruction.Length = (byte)reader.Position;
        return DecodeResult.Decoded;
    }

    private static DecodeResult DecodeOneByte(byte opcode, ref InstructionReader reader, ref Instruction instruction)
    {
        // Most opcodes come in pairs: the even one for bytes, the odd one for the operand size.
        byte size = (opcode & 1) == 0 ? (byte)1 : reader.OperandSize;
        if (opcode < 0x40)
        {
            if ((opcode & 7) > 3)
                return DecodeResult.Unsupported;
            OperandForm form = (opcode & 2) == 0 ? OperandForm.MemoryRegister : OperandForm.RegisterMemory;
            return General(ref reader, ref instruction, Nth(Operation.ADD, opcode >> 3), form, size);
        }
        switch (opcode)
        {
            case 0x63 when reader.CodeSize == CodeSize.Bits64 && reader.OperandSize != 2:
                DecodeResult result = General(ref reader, ref instruction, Operation.MOVSXD, OperandForm.RegisterMemory, reader.OperandSize);
                instruction.MemorySize = 4;
                return result;

            case 0x69: return GeneralImmediate(ref reader, ref instruction, Operation.IMUL, OperandForm.RegisterMemoryImmediate, size, size);
            case 0x6B: return GeneralImmediate(ref reader, ref instruction, Operation.IMUL, OperandForm.RegisterMemoryImmediate, size, 1);

            case 0x6C or 0x6D: return String(ref reader, ref instruction, Operation.INS, NarrowToDoubleword(size));
            case 0x6E or 0x6F: return String(ref reader, ref instruction, Operation.OUTS, NarrowToDoubleword(size));

            case 0x82 when reader.CodeSize == CodeSize.Bits64: return DecodeResult.Invalid;
            case >= 0x80 and <= 0x83:
                reader.ReadModRm();
                return MemoryImmediate(ref reader, ref instruction, Nth(Operation.ADD, reader.Group), size, opcode == 0x81 ? size : (byte)1);

            case 0x84 or 0x85: return General(ref reader, ref instruction, Operation.TEST, OperandForm.MemoryRegister, size);
            case 0x86 or 0x87: return General(ref reader, ref instruction, Operation.XCHG, OperandForm.MemoryRegister, size);
            case 0x88 or 0x89: return General(ref reader, ref instruction, Operation.MOV, OperandForm.MemoryRegister, size);
            case 0x8A or 0x8B: return General(ref reader, ref instruction, Operation.MOV, OperandForm.RegisterMemory, size);

            case 0x8C:
                reader.ReadModRm();
                if (reader.Group > (byte)SegmentRegister.GS)
                    return DecodeResult.Invalid;
                instruction.Register = reader.Group;
                return Memory(ref reader, ref instruction, Operation.StoreSegment, OperandForm.MemoryRegister, 2);

            case 0x8F:
                reader.ReadModRm();
                return reader.Group == 0
                    ? Memory(ref reader, ref instruction, Operation.POP, OperandForm.Memory, StackOperandSize(ref reader))
                    : DecodeResult.Unsupported;

            case 0xA0 or 0xA1: return MemoryOffset(ref reader, ref instruction, OperandForm.RegisterMemory, size);
            case 0xA2 or 0xA3: return MemoryOffset(ref reader, ref instruction, OperandForm.MemoryRegister, size);

            case 0xA4 or 0xA5: return String(ref reader, ref instruction, Operation.MOVS, size);
            case 0xA6 or 0xA7: return String(ref reader, ref instruction, Operation.CMPS, size);
            case 0xAA or 0xAB: return String(ref reader, ref instruction, Operation.STOS, size);
            case 0xAC or 0xAD: return String(ref reader, ref instruction, Operation.LODS, size);
            case 0xAE or 0xAF: return String(ref reader, ref instruction, Operation.SCAS, size);

            case 0xC0 or 0xC1:
                reader.ReadModRm();
                return MemoryImmediate(ref reader, ref instruction, Nth(Operation.ROL, reader.Group), size, 1);
            case 0xD0 or 0xD1:
                reader.ReadModRm();
                instruction.Immediate = 1;
                return Memory(ref reader, ref instruction, Nth(Operation.ROL, reader.Group), OperandForm.MemoryImmediate, size);
            case 0xD2 or 0xD3:
                reader.ReadModRm();
                instruction.Register = (byte)GeneralRegister.RCX;
                return Memory(ref reader, ref instruction, Nth(Operation.ROL, reader.Group), OperandForm.MemoryRegister, size);

            case 0xC6 or 0xC7:
                reader.ReadModRm();
                return reader.Group == 0 ? MemoryImmediate(ref reader, ref instruction, Operation.MOV, size, size) : DecodeResult.Unsupported;

            case 0xF6 or 0xF7:
                reader.ReadModRm();
                return reader.Group <= 1
                    ? MemoryImmediate(ref reader, ref instruction, Operation.TEST, size, size)
                    : Memory(ref reader, ref instruction, Nth(Operation.TEST, reader.Group - 1), OperandForm.Memory, size);

            case 0xFE or 0xFF:
                reader.ReadModRm();
                return reader.Group switch
                {
                    0 or 1 => Memory(ref reader, ref instruction, Nth(Operation.INC, reader.Group), OperandForm.Memory, size),
                    6 when opcode == 0xFF => Memory(ref reader, ref instruction, Operation.PUSH, OperandForm.Memory, StackOperandSize(ref reader)),
                    _ => DecodeResult.Unsupported,
                };

            default: return DecodeResult.Unsupported;
        }
    }

    private static DecodeResult DecodeTwoByte(ref InstructionReader reader, ref Instruction instruction)
    {
        byte opcode = reader.Next();
        byte size = (opcode & 1) == 0 ? (byte)1 : reader.OperandSize;
        switch (opcode)
        {
            case 0x10 or 0x11 or 0x28 or 0x29 or 0x2B or 0x6E or 0x6F or 0x7E or 0x7F or 0xD6 or 0xE7 or 0xF0:
                return DecodeVectorMove(opcode, ref reader, ref instruction);

            case 0x38: return DecodeThreeByte(ref reader, ref instruction);

            case >= 0x40 and <= 0x4F:
                instruction.Condition = (Condition)(opcode & 0xF);
                return General(ref reader, ref instruction, Operation.CMOVcc, OperandForm.RegisterMemory, reader.OperandSize);

            case >= 0x90 and <= 0x9F:
                instruction.Condition = (Condition)(opcode & 0xF);
                reader.ReadModRm();
                return Memory(ref reader, ref instruction, Operation.SETcc, OperandForm.Memory, 1);

            case 0xA3 or 0xAB or 0xB3 or 0xBB:
                return General(ref reader, ref instruction, Nth(Operation.BT, opcode >> 3 & 3), OperandForm.MemoryRegister, size);
            case 0xBA:
                reader.ReadModRm();
                return reader.Group >= 4
                    ? MemoryImmediate(ref reader, ref instruction, Nth(Operation.BT, reader.Group & 3), reader.OperandSize, 1)
                    : DecodeResult.Unsupported;

            case 0xAF: return General(ref reader, ref instruction, Operation.IMUL, OperandForm.RegisterMemory, size);
            case 0xB0 or 0xB1: return General(ref reader, ref instruction, Operation.CMPXCHG, OperandForm.MemoryRegister, size);
            case 0xC0 or 0xC1: return General(ref reader, ref instruction, Operation.XADD, OperandForm.MemoryRegister, size);

            case 0xB6 or 0xB7 or 0xBE or 0xBF:
                DecodeResult result = General(ref reader, ref instruction, opcode < 0xB8 ? Operation.MOVZX : Operation.MOVSX, OperandForm.RegisterMemory,
                    reader.OperandSize);
                instruction.MemorySize = (byte)((opcode & 1) + 1);
                return result;

            // With F3h these are TZCNT and LZCNT.
            case 0xBC or 0xBD when reader.Repeat != RepeatPrefix.REP:
                return General(ref reader, ref instruction, opcode == 0xBC ? Operation.BSF : Operation.BSR, OperandForm.RegisterMemory, reader.OperandSize);

            case 0xC3 when reader.Repeat == RepeatPrefix.None && !reader.OperandSizePrefix:
                return General(ref reader, ref instruction, Operation.MOVNTI, OperandForm.MemoryRegister, reader.WideOperand ? (byte)8 : (byte)4);

            case 0xC7:
                reader.ReadModRm();
                if (reader.Group != 1)
                    return DecodeResult.Unsupported;
                return reader.WideOperand
                    ? Memory(ref reader, ref instruction, Operation.CMPXCHG16B, OperandForm.Memory, 16)
                    : Memory(ref reader, ref instruction, Operation.CMPXCHG8B, OperandForm.Memory, 8);

            default: return DecodeResult.Unsupported;
        }
    }

    /// <summary>Opcodes after 0Fh 38h.</summary>
    private static DecodeResult DecodeThreeByte(ref InstructionReader reader, ref Instruction instruction)
    {
        byte opcode = reader.Next();
        if (reader.Repeat != RepeatPrefix.None)
            return DecodeResult.Unsupported;
        return opcode switch
        {
            0x2A when reader.OperandSizePrefix => Vector(ref reader, ref instruction, Operation.MoveVectorAligned, OperandForm.VectorMemory, 16),
            0xF0 => General(ref reader, ref instruction, Operation.MOVBE, OperandForm.RegisterMemory, reader.OperandSize),
            0xF1 => General(ref reader, ref instruction, Operation.MOVBE, OperandForm.MemoryRegister, reader.OperandSize),
            _ => DecodeResult.Unsupported,
        };
    }

    /// <summary>The legacy SSE moves, whose meaning hangs on the prefix F2h, F3h or 66h, in this order of priority.</summary>
    private static DecodeResult DecodeVectorMove(byte opcode, ref InstructionReader reader, ref Instruction instruction)
    {
        const byte NP = 0, P66 = 1, PF3 = 2, PF2 = 3;
        byte prefix = reader.Repeat switch
        {
            RepeatPrefix.REP => PF3,
            RepeatPrefix.REPNE => PF2,
            _ => reader.OperandSizePrefix ? P66 : NP,
        };
        byte size = reader.WideOperand ? (byte)8 : (byte)4;
        switch (opcode, prefix)
        {
            case (0x10, NP or P66): return Vector(ref reader, ref instruction, Operation.MoveVector, OperandForm.VectorMemory, 16);
            case (0x10, PF3): return Vector(ref reader, ref instruction, Operation.MoveVector, OperandForm.VectorMemory, 4);
            case (0x10, PF2): return Vector(ref reader, ref instruction, Operation.MoveVector, OperandForm.VectorMemory, 8);
            case (0x11, NP or P66): return Vector(ref reader, ref instruction, Operation.MoveVector, OperandForm.MemoryVector, 16);
            case (0x11, PF3): return Vector(ref reader, ref instruction, Operation.MoveVector, OperandForm.MemoryVector, 4);
            case (0x11, PF2): return Vector(ref reader, ref instruction, Operation.MoveVector, OperandForm.MemoryVector, 8);
            case (0x28, NP or P66): return Vector(ref reader, ref instruction, Operation.MoveVectorAligned, OperandForm.VectorMemory, 16);
            case (0x29 or 0x2B, NP or P66): return Vector(ref reader, ref instruction, Operation.MoveVectorAligned, OperandForm.MemoryVector, 16);
            case (0x6E, P66): return Vector(ref reader, ref instruction, Operation.MoveVector, OperandForm.VectorMemory, size);
            case (0x6F, P66): return Vector(ref reader, ref instruction, Operation.MoveVectorAligned, OperandForm.VectorMemory, 16);
            case (0x6F, PF3): return Vector(ref reader, ref instruction, Operation.MoveVector, OperandForm.VectorMemory, 16);
            case (0x7E, P66): return Vector(ref reader, ref instruction, Operation.MoveVector, OperandForm.MemoryVector, size);
            case (0x7E, PF3): return Vector(ref reader, ref instruction, Operation.MoveVector, OperandForm.VectorMemory, 8);
            case (0x7F, P66): return Vector(ref reader, ref instruction, Operation.MoveVectorAligned, OperandForm.MemoryVector, 16);
            case (0x7F, PF3): return Vector(ref reader, ref instruction, Operation.MoveVector, OperandForm.MemoryVector, 16);
            case (0xD6, P66): return Vector(ref reader, ref instruction, Operation.MoveVector, OperandForm.MemoryVector, 8);
            case (0xE7, P66): return Vector(ref reader, ref instruction, Operation.MoveVectorAligned, OperandForm.MemoryVector, 16);
            case (0xF0, PF2): return Vector(ref reader, ref instruction, Operation.MoveVector, OperandForm.VectorMemory, 16);
            default: return DecodeResult.Unsupported;
        }
    }

    /// <summary>A memory operand whose ModRM has been read already.</summary>
    private static DecodeResult Memory(ref InstructionReader reader, ref Instruction instruction, Operation operation, OperandForm form, byte size)
    {
        if (reader.Mod == 3)
            return DecodeResult.Unsupported;
        instruction.Operation = operation;
        instruction.Form = form;
        instruction.OperandSize = size;
        instruction.MemorySize = size;
        reader.ReadMemoryOperand(ref instruction);
        return DecodeResult.Decoded;
    }

    private static DecodeResult MemoryImmediate(ref InstructionReader reader, ref Instruction instruction, Operation operation, byte size, byte immediateSize)
    {
        DecodeResult result = Memory(ref reader, ref instruction, operation, OperandForm.MemoryImmediate, size);
        if (result == DecodeResult.Decoded)
            ReadImmediate(ref reader, ref instruction, immediateSize);
        return result;
    }

    /// <summary>ModRM with a memory operand and a general register.</summary>
    private static DecodeResult General(ref InstructionReader reader, ref Instruction instruction, Operation operation, OperandForm form, byte size)
    {
        reader.ReadModRm();
        instruction.Register = reader.Register;
        if (size == 1 && !reader.HasRex && instruction.Register >= 4)
        {
            instruction.Register -= 4;
            instruction.HighByte = true;
        }
        return Memory(ref reader, ref instruction, operation, form, size);
    }

    private static DecodeResult GeneralImmediate(
        ref InstructionReader reader, ref Instruction instruction, Operation operation, OperandForm form, byte size, byte immediateSize)
    {
        DecodeResult result = General(ref reader, ref instruction, operation, form, size);
        if (result == DecodeResult.Decoded)
            ReadImmediate(ref reader, ref instruction, immediateSize);
        return result;
    }

    private static DecodeResult Vector(ref InstructionReader reader, ref Instruction instruction, Operation operation, OperandForm form, byte size)
    {
        reader.ReadModRm();
        instruction.Register = reader.Register;
        return Memory(ref reader, ref instruction, operation, form, size);
    }

    private static DecodeResult String(ref InstructionReader reader, ref Instruction instruction, Operation operation, byte size)
    {
        instruction.Operation = operation;
        instruction.OperandSize = size;
        instruction.MemorySize = size;
        instruction.Repeat = reader.Repeat;
        instruction.Base = GeneralRegister.None;
        instruction.Index = GeneralRegister.None;
        instruction.Segment = reader.DataSegment(SegmentRegister.DS);
        return DecodeResult.Decoded;
    }

    /// <summary>MOV between rAX and an address that follows the opcode, as wide as the address size.</summary>
    private static DecodeResult MemoryOffset(ref InstructionReader reader, ref Instruction instruction, OperandForm form, byte size)
    {
        instruction.Operation = Operation.MOV;
        instruction.Form = form;
        instruction.OperandSize = size;
        instruction.MemorySize = size;
        instruction.Base = GeneralRegister.None;
        instruction.Index = GeneralRegister.None;
        instruction.Segment = reader.DataSegment(SegmentRegister.DS);
        instruction.Displacement = reader.ReadSigned(reader.AddressSize);
        return DecodeResult.Decoded;
    }

    private static void ReadImmediate(ref InstructionReader reader, ref Instruction instruction, byte size) =>
        instruction.Immediate = reader.ReadSigned(NarrowToDoubleword(size));

    /// <summary>Immediates and port accesses have no 8-byte form: REX.W leaves them at four bytes.</summary>
    private static byte NarrowToDoubleword(byte size) => size == 8 ? (byte)4 : size;

    /// <summary>The operation that opcode bits number from <paramref name="first"/> on.</summary>
    private static Operation Nth(Operation first, int number) => (Operation)((int)first + number);

    /// <summary>PUSH and POP: 64-bit mode has no 4-byte form.</summary>
    private static byte StackOperandSize(ref InstructionReader reader) =>
        reader.CodeSize == CodeSize.Bits64 && reader.OperandSize == 4 ? (byte)8 : reader.OperandSize;

    /// <summary>AMD APM vol. 3, "Lock Prefix": read-modify-write instructions whose destination is memory.</summary>
    private static bool AllowsLock(ref readonly Instruction instruction) => instruction.Operation switch
    {
        Operation.ADD or Operation.OR or Operation.ADC or Operation.SBB or Operation.AND or Operation.SUB or Operation.XOR =>
            instruction.Form != OperandForm.RegisterMemory,
        Operation.BTS or Operation.BTR or Operation.BTC or Operation.NOT or Operation.NEG or Operation.INC or Operation.DEC or Operation.XCHG
            or Operation.XADD or Operation.CMPXCHG or Operation.CMPXCHG8B or Operation.CMPXCHG16B => true,
        _ => false,
    };
}
