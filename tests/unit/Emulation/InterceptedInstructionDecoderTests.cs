using HyperOS.Emulation;
using Iced.Intel;
using CodeSize = HyperOS.Emulation.CodeSize;

namespace HyperOS.Tests.Unit.Emulation;

public class InterceptedInstructionDecoderTests
{
    private static readonly Dictionary<Mnemonic, InterceptedOperation> s_operations = new()
    {
        [Mnemonic.Iretd] = InterceptedOperation.IRET,
        [Mnemonic.Iretq] = InterceptedOperation.IRET,
        [Mnemonic.Pushfd] = InterceptedOperation.PUSHF,
        [Mnemonic.Pushfq] = InterceptedOperation.PUSHF,
        [Mnemonic.Popfd] = InterceptedOperation.POPF,
        [Mnemonic.Popfq] = InterceptedOperation.POPF,
        [Mnemonic.Vmgexit] = InterceptedOperation.VMMCALL,
        [Mnemonic.Int1] = InterceptedOperation.ICEBP,
        [Mnemonic.Insb] = InterceptedOperation.INS,
        [Mnemonic.Insw] = InterceptedOperation.INS,
        [Mnemonic.Insd] = InterceptedOperation.INS,
        [Mnemonic.Outsb] = InterceptedOperation.OUTS,
        [Mnemonic.Outsw] = InterceptedOperation.OUTS,
        [Mnemonic.Outsd] = InterceptedOperation.OUTS,
    };

    [Fact]
    public void Every_opcode_and_prefix_agrees_with_the_oracle()
    {
        byte[] buffer = new byte[15];
        ByteArrayCodeReader reader = new(buffer);
        Random random = new(4);
        HashSet<InterceptedOperation> seen = [];
        byte[][] prefixes = [[], [0x66], [0x67], [0xF3], [0xF2], [0xF0], [0x2E], [0x48], [0x4F], [0x66, 0x41]];
        foreach (int bitness in new[] { 16, 32, 64 })
        {
            CodeSize codeSize = bitness switch { 16 => CodeSize.Bits16, 32 => CodeSize.Bits32, _ => CodeSize.Bits64 };
            Decoder decoder = Decoder.Create(bitness, reader, DecoderOptions.AMD);
            foreach (byte[] prefix in prefixes)
            {
                for (int opcode = 0; opcode < 0x300; opcode++)
                {
                    for (int modRm = 0; modRm < 256; modRm++)
                    {
                        random.NextBytes(buffer);
                        byte[] start = (opcode >> 8) switch
                        {
                            0 => [.. prefix, (byte)opcode, (byte)modRm],
                            1 => [.. prefix, 0x0F, (byte)opcode, (byte)modRm],
                            _ => [.. prefix, 0x0F, 0x38, (byte)opcode, (byte)modRm],
                        };
                        start.CopyTo(buffer, 0);
                        reader.Position = 0;
                        decoder.Decode(out Iced.Intel.Instruction expected);
                        DecodeResult result = InterceptedInstructionDecoder.Decode(buffer, codeSize, out InterceptedInstruction actual);
                        InterceptedOperation operation = Expected(in expected);
                        string context = $"{bitness} {Convert.ToHexString(buffer)} {expected}";
                        if (result == DecodeResult.Decoded)
                        {
                            Assert.True(operation == actual.Operation, $"{context}: {actual.Operation}");
                            Assert.True(expected.Length == actual.Length, $"{context}: {actual.Length}");
                            AssertOperands(in expected, in actual, context);
                            seen.Add(operation);
                        }
                        else
                        {
                            Assert.True(operation == InterceptedOperation.None, $"{context}: {result}");
                        }
                    }
                }
            }
        }
        Assert.Empty(Enum.GetValues<InterceptedOperation>().Except(seen).Except([InterceptedOperation.None]));
    }

    [Theory]
    [InlineData("0F A2", InterceptedOperation.CPUID, 2)]
    [InlineData("66 0F A2", InterceptedOperation.CPUID, 3)]
    [InlineData("0F 01 F9", InterceptedOperation.RDTSCP, 3)]
    [InlineData("0F 22 C0", InterceptedOperation.MovToCr, 3)]
    [InlineData("44 0F 20 C0", InterceptedOperation.MovFromCr, 4)]
    [InlineData("0F 01 3C 24", InterceptedOperation.INVLPG, 4)]
    [InlineData("F3 90", InterceptedOperation.PAUSE, 2)]
    [InlineData("CD 80", InterceptedOperation.INT, 2)]
    public void The_length_counts_everything(string hex, InterceptedOperation operation, int length)
    {
        Assert.True(InterceptedInstructionDecoder.TryGetLength(Hex(hex), CodeSize.Bits64, operation, out int actual));
        Assert.Equal(length, actual);
    }

    [Fact]
    public void Another_instruction_has_no_length() =>
        Assert.False(InterceptedInstructionDecoder.TryGetLength([0x0F, 0x31], CodeSize.Bits64, InterceptedOperation.CPUID, out _));

    [Fact]
    public void Cr8_is_named_by_rex_or_by_lock()
    {
        Assert.Equal(DecodeResult.Decoded, InterceptedInstructionDecoder.Decode(Hex("44 0F 22 C1"), CodeSize.Bits64, out InterceptedInstruction rex));
        Assert.Equal(8, rex.SystemRegister);
        Assert.Equal(GeneralRegister.RCX, rex.Register);
        Assert.Equal(DecodeResult.Decoded, InterceptedInstructionDecoder.Decode(Hex("F0 0F 22 C1"), CodeSize.Bits32, out InterceptedInstruction locked));
        Assert.Equal(8, locked.SystemRegister);
    }

    [Fact]
    public void The_emulator_fetches_the_instruction_across_a_page()
    {
        TestMachine machine = TestMachine.Long();
        machine.State.RIP = 0x1FFE;
        Hex("0F 01 F9").CopyTo(machine.Bus.Memory, 0x1FFE);
        Assert.Equal(EmulationOutcome.Completed, machine.Emulator.DecodeIntercepted(out InterceptedInstruction instruction));
        Assert.Equal(InterceptedOperation.RDTSCP, instruction.Operation);
        Assert.Equal(3, instruction.Length);
    }

    [Theory]
    [InlineData("0F 01 F1", 0x5678)] // LMSW CX
    [InlineData("0F 01 B3 00 02 00 00", 0xCDEF)] // LMSW [RBX+200h]
    public void The_emulator_reads_the_operand(string code, ulong expected)
    {
        TestMachine machine = TestMachine.Long();
        machine.State.RIP = 0x1000;
        machine.State.Registers[(int)GeneralRegister.RCX] = 0x12345678;
        machine.State.Registers[(int)GeneralRegister.RBX] = 0x2000;
        Hex(code).CopyTo(machine.Bus.Memory, 0x1000);
        Hex("EF CD AB").CopyTo(machine.Bus.Memory, 0x2200);
        Assert.Equal(EmulationOutcome.Completed, machine.Emulator.DecodeIntercepted(out InterceptedInstruction instruction));
        Assert.Equal(EmulationOutcome.Completed, machine.Emulator.ReadOperand(in instruction, 2, out ulong value));
        Assert.Equal(expected, value);
    }

    private static void AssertOperands(in Iced.Intel.Instruction expected, in InterceptedInstruction actual, string context)
    {
        for (int i = 0; i < expected.OpCount; i++)
        {
            Register register = expected.GetOpKind(i) == OpKind.Register ? expected.GetOpRegister(i) : Register.None;
            if (register.IsCR() || register.IsDR())
                Assert.True(actual.SystemRegister == register.GetNumber(), context);
            else if (expected.Op0Kind == OpKind.Register && register.IsGPR() && actual.Operation is not (InterceptedOperation.IN or InterceptedOperation.OUT
                or InterceptedOperation.OUTS or InterceptedOperation.INS) && expected.Code.ToOpCode().GetOpKind(i).ToString().StartsWith('r'))
                Assert.True((int)actual.Register == register.GetFullRegister().GetNumber(), $"{context}: {actual.Register}");
            if (expected.GetOpKind(i) == OpKind.Memory)
            {
                Assert.True(actual.HasMemoryOperand, context);
                Assert.True((actual.MemoryOperand.Base == GeneralRegister.None) == (expected.MemoryBase == Register.None), context);
            }
            if (expected.GetOpKind(i) == OpKind.Immediate8)
                Assert.True(actual.Immediate == expected.Immediate8, context);
        }
    }

    private static InterceptedOperation Expected(in Iced.Intel.Instruction instruction)
    {
        if (instruction.IsInvalid || instruction.Code.ToOpCode().Encoding != EncodingKind.Legacy)
            return InterceptedOperation.None;
        if (instruction.IsCallFar || instruction.IsCallFarIndirect)
            return InterceptedOperation.CallFar;
        if (instruction.IsJmpFar || instruction.IsJmpFarIndirect)
            return InterceptedOperation.JmpFar;
        Mnemonic mnemonic = instruction.Mnemonic;
        if (s_operations.TryGetValue(mnemonic, out InterceptedOperation operation))
            return operation;
        if (mnemonic == Mnemonic.Mov && (instruction.Op0Register.IsCR() || instruction.Op1Register.IsCR()))
            return instruction.Op0Register.IsCR() ? InterceptedOperation.MovToCr : InterceptedOperation.MovFromCr;
        if (mnemonic == Mnemonic.Mov && (instruction.Op0Register.IsDR() || instruction.Op1Register.IsDR()))
            return instruction.Op0Register.IsDR() ? InterceptedOperation.MovToDr : InterceptedOperation.MovFromDr;
        return Enum.TryParse(mnemonic.ToString(), ignoreCase: true, out InterceptedOperation found) ? found : InterceptedOperation.None;
    }

    private static byte[] Hex(string text) => Convert.FromHexString(text.Replace(" ", "", StringComparison.Ordinal));
}
