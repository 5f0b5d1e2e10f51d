using HyperOS.Emulation;
using Iced.Intel;
using CodeSize = HyperOS.Emulation.CodeSize;
using Instruction = HyperOS.Emulation.Instruction;

namespace HyperOS.Tests.Unit.Emulation;

public class InstructionDecoderTests
{
    private static readonly CodeSize[] s_codeSizes = [CodeSize.Bits16, CodeSize.Bits32, CodeSize.Bits64];

    /// <summary>Opcode maps: the bytes before the opcode.</summary>
    private static readonly byte[][] s_maps = [[], [0x0F], [0x0F, 0x38], [0x0F, 0x3A]];

    private static readonly byte[][] s_prefixes =
    [
        [], [0x66], [0x67], [0xF0], [0xF2], [0xF3], [0x66, 0xF2], [0xF3, 0x66], [0xF0, 0x66], [0x26], [0x2E], [0x36], [0x3E], [0x64], [0x65], [0x65, 0x67],
    ];

    private static readonly byte[][] s_rexPrefixes = [[], [0x40], [0x41], [0x42], [0x44], [0x48], [0x4F]];

    [Fact]
    public void Every_opcode_agrees_with_the_oracle_for_every_prefix_and_addressing_form()
    {
        DecoderOracle oracle = new();
        Random random = new(1);
        Span<byte> bytes = stackalloc byte[15];
        foreach (CodeSize codeSize in s_codeSizes)
        {
            foreach (byte[] prefix in s_prefixes)
            {
                foreach (byte[] rex in codeSize == CodeSize.Bits64 ? s_rexPrefixes : s_rexPrefixes[..1])
                {
                    foreach (byte[] map in s_maps)
                    {
                        for (int opcode = 0; opcode < 256; opcode++)
                        {
                            // All of ModRM without prefixes, then every mod and reg with the rm fields that mean something special.
                            int step = prefix.Length + rex.Length == 0 ? 1 : random.Next(1, 6);
                            for (int modRm = 0; modRm < 256; modRm += step)
                            {
                                random.NextBytes(bytes);
                                int at = 0;
                                prefix.CopyTo(bytes);
                                at += prefix.Length;
                                rex.CopyTo(bytes[at..]);
                                at += rex.Length;
                                map.CopyTo(bytes[at..]);
                                at += map.Length;
                                bytes[at++] = (byte)opcode;
                                bytes[at] = (byte)modRm;
                                AssertAgreement(oracle, bytes, codeSize);
                            }
                        }
                    }
                }
            }
        }
        Assert.Empty(DecoderOracle.Supported.Except(oracle.Agreed));
    }

    [Fact]
    public void Every_supported_instruction_that_the_oracle_encodes_is_decoded()
    {
        DecoderOracle oracle = new();
        int encoded = 0;
        foreach (Code code in DecoderOracle.Supported)
        {
            OpCodeInfo info = code.ToOpCode();
            foreach (int bitness in new[] { 16, 32, 64 })
            {
                if (!info.IsAvailableInMode(bitness))
                    continue;
                foreach (MemoryOperand memory in AddressingForms(bitness))
                {
                    if (!TryBuild(info, memory, bitness, out Iced.Intel.Instruction instruction))
                        continue;
                    BytesWriter writer = new();
                    Encoder encoder = Encoder.Create(bitness, writer);
                    if (!encoder.TryEncode(instruction, 0x1000, out _, out _))
                        continue;
                    encoded++;
                    AssertAgreement(oracle, writer.Bytes.ToArray(), bitness switch { 16 => CodeSize.Bits16, 32 => CodeSize.Bits32, _ => CodeSize.Bits64 });
                }
            }
        }
        Assert.Empty(DecoderOracle.Supported.Except(oracle.Agreed));
        Assert.True(encoded > 5000, $"Only {encoded} instructions were encoded.");
    }

    [Fact]
    public void Random_bytes_are_never_misdecoded()
    {
        DecoderOracle oracle = new();
        Random random = new(2);
        byte[] likely = [0x66, 0x67, 0xF0, 0xF2, 0xF3, 0x2E, 0x36, 0x64, 0x65, 0x48, 0x4C, 0x41, 0x0F];
        Span<byte> bytes = stackalloc byte[15];
        for (int i = 0; i < 500_000; i++)
        {
            random.NextBytes(bytes);
            int prefixes = random.Next(5);
            for (int at = 0; at < prefixes; at++)
                bytes[at] = likely[random.Next(likely.Length)];
            AssertAgreement(oracle, bytes, s_codeSizes[i % 3]);
        }
    }

    [Theory]
    [InlineData("48 8B 84 24 F0 00 00 00")]
    [InlineData("66 C7 05 00 10 00 00 34 12")]
    [InlineData("F3 A4")]
    [InlineData("65 48 A1 00 10 20 30 40 50 60 70")]
    [InlineData("F0 48 0F C7 0E")]
    public void Every_shorter_piece_of_an_instruction_asks_for_more(string hex)
    {
        byte[] bytes = Hex(hex);
        for (int length = 0; length < bytes.Length; length++)
            Assert.Equal(DecodeResult.NeedMoreBytes, InstructionDecoder.Decode(bytes.AsSpan(0, length), CodeSize.Bits64, out _));
        Assert.Equal(DecodeResult.Decoded, InstructionDecoder.Decode(bytes, CodeSize.Bits64, out Instruction instruction));
        Assert.Equal(bytes.Length, instruction.Length);
    }

    [Fact]
    public void Fifteen_bytes_are_an_instruction_and_sixteen_are_too_many()
    {
        byte[] longest = [.. Enumerable.Repeat((byte)0x3E, 13), 0x89, 0x00, 0, 0];
        Assert.Equal(DecodeResult.Decoded, InstructionDecoder.Decode(longest, CodeSize.Bits64, out Instruction instruction));
        Assert.Equal(15, instruction.Length);
        byte[] longer = [.. Enumerable.Repeat((byte)0x3E, 14), 0x89, 0x00];
        Assert.Equal(DecodeResult.TooLong, InstructionDecoder.Decode(longer, CodeSize.Bits64, out _));
    }

    [Theory]
    [InlineData("F0 89 07")]
    [InlineData("F0 03 07")]
    [InlineData("F0 39 07")]
    [InlineData("F0 0F A3 07")]
    [InlineData("F0 F7 27")]
    [InlineData("F0 A4")]
    public void Lock_where_nothing_is_modified_is_invalid(string hex) =>
        Assert.Equal(DecodeResult.Invalid, InstructionDecoder.Decode(Hex(hex), CodeSize.Bits64, out _));

    [Theory]
    [InlineData("FF 17")]
    [InlineData("FF 27")]
    [InlineData("C5 F8 10 07")]
    [InlineData("0F 6F 07")]
    [InlineData("0F AE 07")]
    [InlineData("D9 07")]
    [InlineData("8E 1F")]
    [InlineData("89 C0")]
    public void What_is_left_out_is_unsupported(string hex) =>
        Assert.Equal(DecodeResult.Unsupported, InstructionDecoder.Decode(Hex(hex), CodeSize.Bits64, out _));

    private static void AssertAgreement(DecoderOracle oracle, ReadOnlySpan<byte> bytes, CodeSize codeSize)
    {
        if (oracle.Compare(bytes, codeSize) is string difference)
            Assert.Fail(difference);
    }

    private static byte[] Hex(string text) => Convert.FromHexString(text.Replace(" ", "", StringComparison.Ordinal));

    private static IEnumerable<MemoryOperand> AddressingForms(int bitness)
    {
        if (bitness == 16)
        {
            yield return new MemoryOperand(Register.BX, Register.SI, 1, 0, 0, false, Register.None);
            yield return new MemoryOperand(Register.BP, Register.DI, 1, -5, 1, false, Register.None);
            yield return new MemoryOperand(Register.BP, Register.None, 1, 0x1234, 2, false, Register.ES);
            yield return new MemoryOperand(Register.None, Register.None, 1, 0xFEE0, 2, false, Register.FS);
            yield return new MemoryOperand(Register.EBX, Register.ECX, 4, 0x12345678, 4, false, Register.CS);
            yield break;
        }
        yield return new MemoryOperand(Register.EAX, Register.None, 1, 0, 0, false, Register.None);
        yield return new MemoryOperand(Register.ESP, Register.EBP, 8, -128, 1, false, Register.None);
        yield return new MemoryOperand(Register.EBP, Register.None, 1, 0x7FFFFFFF, 4, false, Register.GS);
        yield return new MemoryOperand(Register.None, Register.ESI, 4, 0x1000, 4, false, Register.FS);
        if (bitness == 32)
        {
            yield return new MemoryOperand(Register.None, Register.None, 1, 0xFEE00300, 4, false, Register.None);
            yield return new MemoryOperand(Register.BX, Register.DI, 1, 0x10, 1, false, Register.SS);
            yield break;
        }
        yield return new MemoryOperand(Register.RDI, Register.None, 1, 0, 0, false, Register.None);
        yield return new MemoryOperand(Register.R12, Register.None, 1, 0, 0, false, Register.None);
        yield return new MemoryOperand(Register.R13, Register.R12, 2, 0x7F, 1, false, Register.GS);
        yield return new MemoryOperand(Register.RIP, Register.None, 1, 0x4000, 8, false, Register.None);
        yield return new MemoryOperand(Register.EIP, Register.None, 1, 0x4000, 4, false, Register.None);
        yield return new MemoryOperand(Register.None, Register.R15, 8, -0x80000000L, 8, false, Register.None);
        yield return new MemoryOperand(Register.RSP, Register.R9, 1, 0x100, 8, false, Register.None);
    }

    private static bool TryBuild(OpCodeInfo info, MemoryOperand memory, int bitness, out Iced.Intel.Instruction instruction)
    {
        instruction = new Iced.Intel.Instruction { Code = info.Code };
        for (int i = 0; i < info.OpCount; i++)
        {
            OpCodeOperandKind kind = info.GetOpKind(i);
            string name = kind.ToString();
            if (name == "mem_offs")
            {
                instruction.SetOpKind(i, OpKind.Memory);
                instruction.MemoryDisplSize = bitness / 8;
                instruction.MemoryDisplacement64 = 0x1234;
                instruction.SegmentPrefix = memory.SegmentPrefix;
            }
            else if (name.EndsWith("mem", StringComparison.Ordinal))
            {
                instruction.SetOpKind(i, OpKind.Memory);
                instruction.MemoryBase = memory.Base;
                instruction.MemoryIndex = memory.Index;
                instruction.MemoryIndexScale = memory.Scale;
                instruction.MemoryDisplSize = memory.DisplSize;
                instruction.MemoryDisplacement64 = (ulong)memory.Displacement;
                instruction.SegmentPrefix = memory.SegmentPrefix;
            }
            else if (name.StartsWith("imm", StringComparison.Ordinal))
            {
                instruction.SetOpKind(i, kind switch
                {
                    OpCodeOperandKind.imm8 or OpCodeOperandKind.imm8_const_1 => OpKind.Immediate8,
                    OpCodeOperandKind.imm8sex16 => OpKind.Immediate8to16,
                    OpCodeOperandKind.imm8sex32 => OpKind.Immediate8to32,
                    OpCodeOperandKind.imm8sex64 => OpKind.Immediate8to64,
                    OpCodeOperandKind.imm16 => OpKind.Immediate16,
                    OpCodeOperandKind.imm32 => OpKind.Immediate32,
                    _ => OpKind.Immediate32to64,
                });
                instruction.SetImmediate(i, kind == OpCodeOperandKind.imm8_const_1 ? 1L : 0x55);
            }
            else if (name is "seg_rSI" or "es_rDI")
            {
                instruction.SetOpKind(i, (name, bitness) switch
                {
                    ("seg_rSI", 16) => OpKind.MemorySegSI,
                    ("seg_rSI", 32) => OpKind.MemorySegESI,
                    ("seg_rSI", _) => OpKind.MemorySegRSI,
                    (_, 16) => OpKind.MemoryESDI,
                    (_, 32) => OpKind.MemoryESEDI,
                    _ => OpKind.MemoryESRDI,
                });
            }
            else
            {
                Register register = name switch
                {
                    "al" => Register.AL,
                    "ax" => Register.AX,
                    "eax" => Register.EAX,
                    "rax" => Register.RAX,
                    "cl" => Register.CL,
                    "dx" => Register.DX,
                    "r8_reg" => bitness == 64 ? Register.R9L : Register.CH,
                    "r16_reg" => Register.DX,
                    "r32_reg" => Register.EDX,
                    "r64_reg" => Register.R10,
                    "seg_reg" => Register.GS,
                    "xmm_reg" => Register.XMM5,
                    _ => Register.None,
                };
                if (register == Register.None)
                    return false;
                instruction.SetOpKind(i, OpKind.Register);
                instruction.SetOpRegister(i, register);
            }
        }
        return true;
    }

    private sealed class BytesWriter : CodeWriter
    {
        public List<byte> Bytes { get; } = [];

        public override void WriteByte(byte value) => Bytes.Add(value);
    }
}
