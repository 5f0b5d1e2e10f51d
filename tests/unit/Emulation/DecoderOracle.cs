using HyperOS.Emulation;
using Iced.Intel;
using IcedCode = Iced.Intel.Code;
using IcedInstruction = Iced.Intel.Instruction;
using IcedRegister = Iced.Intel.Register;
using Instruction = HyperOS.Emulation.Instruction;
using CodeSize = HyperOS.Emulation.CodeSize;

namespace HyperOS.Tests.Unit.Emulation;

/// <summary>Compares <see cref="InstructionDecoder"/> with Iced on one sequence of bytes.</summary>
internal sealed class DecoderOracle
{
    private const ulong Rip = 0x1000;

    private readonly byte[] _buffer = new byte[15];
    private readonly ByteArrayCodeReader _reader;
    private readonly Dictionary<CodeSize, Decoder> _decoders = [];

    public DecoderOracle()
    {
        _reader = new ByteArrayCodeReader(_buffer);
        foreach (CodeSize codeSize in new[] { CodeSize.Bits16, CodeSize.Bits32, CodeSize.Bits64 })
            _decoders[codeSize] = Decoder.Create(codeSize switch { CodeSize.Bits16 => 16, CodeSize.Bits32 => 32, _ => 64 }, _reader);
    }

    /// <summary>The instructions, by Iced's names, on which both agreed.</summary>
    public HashSet<IcedCode> Agreed { get; } = [];

    /// <summary>Every instruction that the decoder is to support.</summary>
    public static IEnumerable<IcedCode> Supported => Enum.GetValues<IcedCode>().Where(
        code => code.ToOpCode() is { IsInstruction: true, Encoding: EncodingKind.Legacy } info && HasMemoryForm(info) && IsSupported(code));

    /// <returns>What is wrong, or null.</returns>
    public string? Compare(ReadOnlySpan<byte> bytes, CodeSize codeSize)
    {
        _buffer.AsSpan().Clear();
        bytes[..Math.Min(bytes.Length, 15)].CopyTo(_buffer);
        _reader.Position = 0;
        Decoder decoder = _decoders[codeSize];
        decoder.IP = Rip;
        decoder.Decode(out IcedInstruction expected);
        DecodeResult result = InstructionDecoder.Decode(_buffer, codeSize, out Instruction actual);

        bool wanted = !expected.IsInvalid && expected.Code.ToOpCode().Encoding == EncodingKind.Legacy && HasMemory(in expected) && IsSupported(expected.Code);
        if (result != DecodeResult.Decoded)
            return wanted ? Describe($"{result} instead of {expected.Code} {expected}", codeSize) : null;
        if (expected.IsInvalid)
            return Describe($"decoded as {actual.Operation}, but invalid", codeSize);
        if (!wanted)
            return Describe($"decoded as {actual.Operation}, but is {expected.Code}", codeSize);
        if (FirstDifference(in expected, in actual, codeSize) is string difference)
            return Describe($"{expected.Code} {expected}: {difference}", codeSize);
        Agreed.Add(expected.Code);
        return null;
    }

    public static bool IsSupported(IcedCode code)
    {
        if (code is IcedCode.Movsxd_r16_rm16 or IcedCode.Mov_Sreg_rm16 or IcedCode.Mov_Sreg_r32m16 or IcedCode.Mov_Sreg_r64m16
            or IcedCode.Cmpsd_xmm_xmmm64_imm8 or IcedCode.Cmpxchg486_rm8_r8 or IcedCode.Cmpxchg486_rm16_r16 or IcedCode.Cmpxchg486_rm32_r32)
            return false;
        OpCodeInfo info = code.ToOpCode();
        for (int i = 0; i < info.OpCount; i++)
        {
            if (info.GetOpKind(i) is OpCodeOperandKind.mm_reg or OpCodeOperandKind.mm_or_mem)
                return false;
        }
        return ExpectedOperation(code) != Operation.None;
    }

    private static Operation ExpectedOperation(IcedCode code)
    {
        Mnemonic mnemonic = code.Mnemonic();
        string name = mnemonic.ToString().ToUpperInvariant();
        if (code is IcedCode.Mov_rm16_Sreg or IcedCode.Mov_r32m16_Sreg or IcedCode.Mov_r64m16_Sreg)
            return Operation.StoreSegment;
        if (code is IcedCode.Movsd_xmm_xmmm64 or IcedCode.Movsd_xmmm64_xmm)
            return Operation.MoveVector;
        switch (mnemonic)
        {
            case Mnemonic.Movss or Mnemonic.Movups or Mnemonic.Movupd or Mnemonic.Movd or Mnemonic.Movq or Mnemonic.Movdqu or Mnemonic.Lddqu:
                return Operation.MoveVector;
            case Mnemonic.Movaps or Mnemonic.Movapd or Mnemonic.Movdqa or Mnemonic.Movntps or Mnemonic.Movntpd or Mnemonic.Movntdq or Mnemonic.Movntdqa:
                return Operation.MoveVectorAligned;
        }
        if (name.StartsWith("SET", StringComparison.Ordinal) && code.ConditionCode() != ConditionCode.None)
            return Operation.SETcc;
        if (name.StartsWith("CMOV", StringComparison.Ordinal))
            return Operation.CMOVcc;
        foreach (Operation operation in new[] { Operation.MOVS, Operation.CMPS, Operation.STOS, Operation.LODS, Operation.SCAS, Operation.INS, Operation.OUTS })
        {
            if (name.Length == operation.ToString().Length + 1 && name.StartsWith(operation.ToString(), StringComparison.Ordinal) && "BWDQ".Contains(name[^1]))
                return operation;
        }
        return Enum.TryParse(name, out Operation found) ? found : Operation.None;
    }

    private static bool HasMemoryForm(OpCodeInfo info)
    {
        for (int i = 0; i < info.OpCount; i++)
        {
            string kind = info.GetOpKind(i).ToString();
            if (kind.Contains("mem") || kind is "seg_rSI" or "es_rDI")
                return true;
        }
        return false;
    }

    private static bool HasMemory(in IcedInstruction instruction)
    {
        for (int i = 0; i < instruction.OpCount; i++)
        {
            if (IsMemory(instruction.GetOpKind(i)))
                return true;
        }
        return false;
    }

    private static bool IsMemory(OpKind kind) => kind is OpKind.Memory or (>= OpKind.MemorySegSI and <= OpKind.MemoryESRDI);

    private static string? FirstDifference(in IcedInstruction expected, in Instruction actual, CodeSize codeSize)
    {
        if (actual.Length != expected.Length)
            return $"length {actual.Length}, not {expected.Length}";
        Operation operation = ExpectedOperation(expected.Code);
        if (actual.Operation != operation)
            return $"operation {actual.Operation}, not {operation}";
        if (actual.Lock != expected.HasLockPrefix)
            return "LOCK";
        int memorySize = expected.MemorySize.GetSize();
        if (actual.MemorySize != memorySize)
            return $"memory of {actual.MemorySize} bytes, not {memorySize}";
        if (operation is Operation.SETcc or Operation.CMOVcc && ExpectedCondition(expected.Code.ConditionCode()) != actual.Condition)
            return $"condition {actual.Condition}";
        return actual.Form == OperandForm.Implied ? StringDifference(in expected, in actual, codeSize)
            : OperandDifference(in expected, in actual) ?? AddressDifference(in expected, in actual, codeSize);
    }

    private static string? StringDifference(in IcedInstruction expected, in Instruction actual, CodeSize codeSize)
    {
        if (actual.OperandSize != actual.MemorySize)
            return "operand size";
        int addressSize = 0;
        for (int i = 0; i < expected.OpCount; i++)
        {
            addressSize = expected.GetOpKind(i) switch
            {
                OpKind.MemorySegSI or OpKind.MemoryESDI => 2,
                OpKind.MemorySegESI or OpKind.MemoryESEDI => 4,
                OpKind.MemorySegRSI or OpKind.MemoryESRDI => 8,
                _ => addressSize,
            };
        }
        if (actual.AddressSize != addressSize)
            return $"address size {actual.AddressSize}, not {addressSize}";
        if (expected.HasRepePrefix != expected.HasRepnePrefix
            && actual.Repeat != (expected.HasRepePrefix ? RepeatPrefix.REP : RepeatPrefix.REPNE))
            return "repeat prefix";
        if (!expected.HasRepePrefix && !expected.HasRepnePrefix && actual.Repeat != RepeatPrefix.None)
            return "repeat prefix too many";
        return actual.Operation is Operation.MOVS or Operation.CMPS or Operation.LODS or Operation.OUTS
            ? SegmentDifference(in expected, in actual, codeSize)
            : null;
    }

    private static string? OperandDifference(in IcedInstruction expected, in Instruction actual)
    {
        bool registerSeen = false;
        bool immediateSeen = false;
        for (int i = 0; i < expected.OpCount; i++)
        {
            OpKind kind = expected.GetOpKind(i);
            if (IsMemory(kind))
                continue;
            if (kind == OpKind.Register)
            {
                registerSeen = true;
                IcedRegister register = expected.GetOpRegister(i);
                bool isCount = actual.Operation is >= Operation.ROL and <= Operation.SAR;
                if (!isCount && !register.IsSegmentRegister() && !register.IsXMM() && register.GetSize() != actual.OperandSize)
                    return $"operand size {actual.OperandSize}, not {register.GetSize()}";
                if (NumberOf(register) != (actual.Register, actual.HighByte))
                    return $"register {actual.Register} high {actual.HighByte}, not {register}";
            }
            else
            {
                immediateSeen = true;
                int size = kind == OpKind.Immediate8 ? 1 : actual.MemorySize;
                ulong mask = ulong.MaxValue >> (64 - (size * 8));
                if ((expected.GetImmediate(i) & mask) != (actual.Immediate & mask))
                    return $"immediate {actual.Immediate:X}, not {expected.GetImmediate(i):X}";
            }
        }
        OperandForm form = (registerSeen, immediateSeen) switch
        {
            (true, true) => OperandForm.RegisterMemoryImmediate,
            (false, true) => OperandForm.MemoryImmediate,
            (false, false) => OperandForm.Memory,
            _ => (actual.Operation is Operation.MoveVector or Operation.MoveVectorAligned, IsMemory(expected.Op0Kind)) switch
            {
                (true, true) => OperandForm.MemoryVector,
                (true, false) => OperandForm.VectorMemory,
                (false, true) => OperandForm.MemoryRegister,
                _ => OperandForm.RegisterMemory,
            },
        };
        return actual.Form == form ? null : $"form {actual.Form}, not {form}";
    }

    private static string? AddressDifference(in IcedInstruction expected, in Instruction actual, CodeSize codeSize)
    {
        int addressSize = expected.MemoryBase != IcedRegister.None ? expected.MemoryBase.GetSize()
            : expected.MemoryIndex != IcedRegister.None ? expected.MemoryIndex.GetSize() : expected.MemoryDisplSize;
        if (actual.AddressSize != addressSize)
            return $"address size {actual.AddressSize}, not {addressSize}";
        ulong mask = ulong.MaxValue >> (64 - (addressSize * 8));
        ulong displacement = actual.Displacement;
        if (expected.IsIPRelativeMemoryOperand)
        {
            if (actual.Base != GeneralRegister.RIP)
                return "not relative to RIP";
            displacement += Rip + actual.Length;
        }
        else if (actual.Base != AddressRegister(expected.MemoryBase))
        {
            return $"base {actual.Base}, not {expected.MemoryBase}";
        }
        if (actual.Index != AddressRegister(expected.MemoryIndex))
            return $"index {actual.Index}, not {expected.MemoryIndex}";
        if (actual.Index != GeneralRegister.None && 1 << actual.Scale != expected.MemoryIndexScale)
            return $"scale {actual.Scale}";
        if ((displacement & mask) != (expected.MemoryDisplacement64 & mask))
            return $"displacement {actual.Displacement:X}, not {expected.MemoryDisplacement64:X}";
        return SegmentDifference(in expected, in actual, codeSize);
    }

    /// <summary>Overrides other than FS and GS mean nothing in 64-bit mode.</summary>
    private static string? SegmentDifference(in IcedInstruction expected, in Instruction actual, CodeSize codeSize)
    {
        SegmentRegister segment = (SegmentRegister)(expected.MemorySegment - IcedRegister.ES);
        bool isFlat = codeSize == CodeSize.Bits64 && segment < SegmentRegister.FS && expected.HasSegmentPrefix;
        return actual.Segment == segment || (isFlat && actual.Segment < SegmentRegister.FS) ? null : $"segment {actual.Segment}, not {segment}";
    }

    private static (byte Number, bool High) NumberOf(IcedRegister register)
    {
        if (register is >= IcedRegister.AH and <= IcedRegister.BH)
            return ((byte)(register - IcedRegister.AH), true);
        return ((byte)(register.IsGPR() ? register.GetFullRegister() : register).GetNumber(), false);
    }

    private static GeneralRegister AddressRegister(IcedRegister register) =>
        register == IcedRegister.None ? GeneralRegister.None : (GeneralRegister)register.GetNumber();

    private static Condition ExpectedCondition(ConditionCode code) => code switch
    {
        ConditionCode.o => Condition.O,
        ConditionCode.no => Condition.NO,
        ConditionCode.b => Condition.B,
        ConditionCode.ae => Condition.NB,
        ConditionCode.e => Condition.Z,
        ConditionCode.ne => Condition.NZ,
        ConditionCode.be => Condition.BE,
        ConditionCode.a => Condition.NBE,
        ConditionCode.s => Condition.S,
        ConditionCode.ns => Condition.NS,
        ConditionCode.p => Condition.P,
        ConditionCode.np => Condition.NP,
        ConditionCode.l => Condition.L,
        ConditionCode.ge => Condition.NL,
        ConditionCode.le => Condition.LE,
        _ => Condition.NLE,
    };

    private string Describe(string what, CodeSize codeSize) => $"{codeSize} {Convert.ToHexString(_buffer)}: {what}";
}
