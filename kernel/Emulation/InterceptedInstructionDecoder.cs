using System;

namespace HyperOS.Emulation;

/// <summary>
/// Recognises the instructions that cause intercepts and measures them, for processors that do not save the next RIP. Opcodes: AMD APM vol. 3,
/// "Opcode and Operand Encodings"; VMX ones: Intel SDM vol. 2, "Opcode Map".
/// </summary>
public static class InterceptedInstructionDecoder
{
    /// <summary>The length of the instruction at <paramref name="bytes"/>, if it is the one that the exit names.</summary>
    /// <returns>False if the bytes are too few or hold another instruction: the guest has changed its code since, and no length is right.</returns>
    public static bool TryGetLength(ReadOnlySpan<byte> bytes, CodeSize codeSize, InterceptedOperation expected, out int length)
    {
        bool found = Decode(bytes, codeSize, out InterceptedInstruction instruction) == DecodeResult.Decoded && instruction.Operation == expected;
        length = found ? instruction.Length : 0;
        return found;
    }

    /// <summary>For exits that several instructions share: RDTSC and RDTSCP, or MOV CR, LMSW and CLTS.</summary>
    /// <param name="bytes">Code from RIP on; what follows the first 15 bytes is not looked at.</param>
    /// <param name="codeSize">Of the code segment.</param>
    /// <param name="instruction">Meaningful only with <see cref="DecodeResult.Decoded"/>.</param>
    public static DecodeResult Decode(ReadOnlySpan<byte> bytes, CodeSize codeSize, out InterceptedInstruction instruction)
    {
        instruction = default;
        InstructionReader reader = new(bytes, codeSize);
        byte opcode = reader.ReadPrefixesAndOpcode();
        InterceptedOperation operation = opcode switch
        {
            0x6C or 0x6D => InterceptedOperation.INS,
            0x6E or 0x6F => InterceptedOperation.OUTS,
            0x90 when reader.Repeat == RepeatPrefix.REP => InterceptedOperation.PAUSE,
            0x9A when codeSize != CodeSize.Bits64 => WithFarAddress(InterceptedOperation.CallFar, ref reader),
            0x9C => InterceptedOperation.PUSHF,
            0x9D => InterceptedOperation.POPF,
            0xCC => InterceptedOperation.INT3,
            0xCD => WithImmediate(InterceptedOperation.INT, ref reader, ref instruction),
            0xCE when codeSize != CodeSize.Bits64 => InterceptedOperation.INTO,
            0xCF => InterceptedOperation.IRET,
            0xE4 or 0xE5 => WithImmediate(InterceptedOperation.IN, ref reader, ref instruction),
            0xE6 or 0xE7 => WithImmediate(InterceptedOperation.OUT, ref reader, ref instruction),
            0xEA when codeSize != CodeSize.Bits64 => WithFarAddress(InterceptedOperation.JmpFar, ref reader),
            0xEC or 0xED => InterceptedOperation.IN,
            0xEE or 0xEF => InterceptedOperation.OUT,
            0xF1 => InterceptedOperation.ICEBP,
            0xF4 => InterceptedOperation.HLT,
            0xFF => DecodeGroup5(ref reader, ref instruction),
            0x0F => DecodeTwoByte(ref reader, ref instruction),
            _ => InterceptedOperation.None,
        };
        if (reader.Exhausted)
            return reader.MayGrow ? DecodeResult.NeedMoreBytes : DecodeResult.TooLong;
        if (operation == InterceptedOperation.None)
            return DecodeResult.Unsupported;
        bool isMovCr = operation is InterceptedOperation.MovFromCr or InterceptedOperation.MovToCr;
        bool isMovDr = operation is InterceptedOperation.MovFromDr or InterceptedOperation.MovToDr;
        if ((reader.Lock && !isMovCr) || (isMovCr && instruction.SystemRegister is not (0 or 2 or 3 or 4 or 8)) || (isMovDr && instruction.SystemRegister > 7))
            return DecodeResult.Invalid;
        instruction.Operation = operation;
        instruction.Length = (byte)reader.Position;
        return DecodeResult.Decoded;
    }

    private static InterceptedOperation DecodeTwoByte(ref InstructionReader reader, ref InterceptedInstruction instruction)
    {
        byte opcode = reader.Next();
        switch (opcode)
        {
            case 0x00:
                reader.ReadModRm();
                return reader.Group switch
                {
                    0 => WithOperand(InterceptedOperation.SLDT, ref reader, ref instruction),
                    1 => WithOperand(InterceptedOperation.STR, ref reader, ref instruction),
                    2 => WithOperand(InterceptedOperation.LLDT, ref reader, ref instruction),
                    3 => WithOperand(InterceptedOperation.LTR, ref reader, ref instruction),
                    _ => InterceptedOperation.None,
                };
            case 0x01:
                reader.ReadModRm();
                return DecodeGroup7(ref reader, ref instruction);
            case 0x06: return InterceptedOperation.CLTS;
            case 0x08: return InterceptedOperation.INVD;
            case 0x09: return reader.Repeat == RepeatPrefix.REP ? InterceptedOperation.WBNOINVD : InterceptedOperation.WBINVD;
            case 0x20: return WithSystemRegister(InterceptedOperation.MovFromCr, ref reader, ref instruction);
            case 0x21: return WithSystemRegister(InterceptedOperation.MovFromDr, ref reader, ref instruction);
            case 0x22: return WithSystemRegister(InterceptedOperation.MovToCr, ref reader, ref instruction);
            case 0x23: return WithSystemRegister(InterceptedOperation.MovToDr, ref reader, ref instruction);
            case 0x30: return InterceptedOperation.WRMSR;
            case 0x31: return InterceptedOperation.RDTSC;
            case 0x32: return InterceptedOperation.RDMSR;
            case 0x33: return InterceptedOperation.RDPMC;
            case 0x38:
                if (reader.Next() != 0x82 || !reader.OperandSizePrefix || reader.Repeat != RepeatPrefix.None)
                    return InterceptedOperation.None;
                reader.ReadModRm();
                instruction.Register = (GeneralRegister)reader.Register;
                return WithMemory(InterceptedOperation.INVPCID, ref reader, ref instruction);
            case 0xA2: return InterceptedOperation.CPUID;
            case 0xAA: return InterceptedOperation.RSM;
            default: return InterceptedOperation.None;
        }
    }

    /// <summary>0Fh 01h: memory forms by ModRM.reg, single instructions where mod is 3.</summary>
    private static InterceptedOperation DecodeGroup7(ref InstructionReader reader, ref InterceptedInstruction instruction)
    {
        if (reader.Group == 4)
            return WithOperand(InterceptedOperation.SMSW, ref reader, ref instruction);
        if (reader.Group == 6)
            return WithOperand(InterceptedOperation.LMSW, ref reader, ref instruction);
        if (reader.Mod != 3)
        {
            return reader.Group switch
            {
                0 => WithMemory(InterceptedOperation.SGDT, ref reader, ref instruction),
                1 => WithMemory(InterceptedOperation.SIDT, ref reader, ref instruction),
                2 => WithMemory(InterceptedOperation.LGDT, ref reader, ref instruction),
                3 => WithMemory(InterceptedOperation.LIDT, ref reader, ref instruction),
                7 => WithMemory(InterceptedOperation.INVLPG, ref reader, ref instruction),
                _ => InterceptedOperation.None,
            };
        }
        // Prefixes make other instructions of most rows, or undefined ones. The SVM row and RDTSCP take any; VMGEXIT is VMMCALL to all but SEV-ES guests.
        bool takesPrefixes = reader.Group == 3 || (reader.Group == 7 && reader.Rm == 1);
        if (!takesPrefixes && (reader.Repeat != RepeatPrefix.None || reader.OperandSizePrefix))
            return InterceptedOperation.None;
        return (reader.Group, reader.Rm) switch
        {
            (0, 1) => InterceptedOperation.VMCALL,
            (0, 2) => InterceptedOperation.VMLAUNCH,
            (0, 3) => InterceptedOperation.VMRESUME,
            (0, 4) => InterceptedOperation.VMXOFF,
            (1, 0) => InterceptedOperation.MONITOR,
            (1, 1) => InterceptedOperation.MWAIT,
            (2, 0) => InterceptedOperation.XGETBV,
            (2, 1) => InterceptedOperation.XSETBV,
            (3, 0) => InterceptedOperation.VMRUN,
            (3, 1) => InterceptedOperation.VMMCALL,
            (3, 2) => InterceptedOperation.VMLOAD,
            (3, 3) => InterceptedOperation.VMSAVE,
            (3, 4) => InterceptedOperation.STGI,
            (3, 5) => InterceptedOperation.CLGI,
            (3, 6) => InterceptedOperation.SKINIT,
            (3, 7) => InterceptedOperation.INVLPGA,
            (7, 1) => InterceptedOperation.RDTSCP,
            (7, 2) => InterceptedOperation.MONITORX,
            (7, 3) => InterceptedOperation.MWAITX,
            (7, 5) => InterceptedOperation.RDPRU,
            _ => InterceptedOperation.None,
        };
    }

    /// <summary>FFh: the far forms, by an address in memory.</summary>
    private static InterceptedOperation DecodeGroup5(ref InstructionReader reader, ref InterceptedInstruction instruction)
    {
        reader.ReadModRm();
        return reader.Group switch
        {
            3 => WithMemory(InterceptedOperation.CallFar, ref reader, ref instruction),
            5 => WithMemory(InterceptedOperation.JmpFar, ref reader, ref instruction),
            _ => InterceptedOperation.None,
        };
    }

    private static InterceptedOperation WithFarAddress(InterceptedOperation operation, ref InstructionReader reader)
    {
        bool isWide = reader.CodeSize == CodeSize.Bits32 != reader.OperandSizePrefix;
        for (int i = isWide ? 6 : 4; i > 0; i--)
            reader.Next();
        return operation;
    }

    private static InterceptedOperation WithImmediate(InterceptedOperation operation, ref InstructionReader reader, ref InterceptedInstruction instruction)
    {
        instruction.Immediate = reader.Next();
        return operation;
    }

    /// <summary>MOV CR and MOV DR: ModRM always names registers, whatever its mod field says. LOCK selects CR8 where there is no REX.</summary>
    private static InterceptedOperation WithSystemRegister(InterceptedOperation operation, ref InstructionReader reader, ref InterceptedInstruction instruction)
    {
        reader.ReadModRm();
        instruction.Register = (GeneralRegister)reader.RegisterOperand;
        instruction.SystemRegister = (byte)(reader.Register | (reader.Lock ? 8 : 0));
        return operation;
    }

    private static InterceptedOperation WithOperand(InterceptedOperation operation, ref InstructionReader reader, ref InterceptedInstruction instruction)
    {
        if (reader.Mod != 3)
            return WithMemory(operation, ref reader, ref instruction);
        instruction.Register = (GeneralRegister)reader.RegisterOperand;
        return operation;
    }

    private static InterceptedOperation WithMemory(InterceptedOperation operation, ref InstructionReader reader, ref InterceptedInstruction instruction)
    {
        if (reader.Mod == 3)
            return InterceptedOperation.None;
        instruction.HasMemoryOperand = true;
        instruction.MemoryOperand.AddressSize = reader.AddressSize;
        reader.ReadMemoryOperand(ref instruction.MemoryOperand);
        return operation;
    }
}
