using System.Collections.Frozen;
using System.Reflection;
using System.Reflection.Emit;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;

namespace HyperOS.Tests.Unit.Safety;

/// <summary>One instruction: ECMA-335, partition III.</summary>
/// <param name="Code">The opcode, with its prefix byte 0xFE where it has one.</param>
/// <param name="Token">What the operand names, for instructions whose operand is a token.</param>
/// <param name="Number">The operand of <c>ldc.i4</c> in its many forms.</param>
internal readonly record struct IlInstruction(OpCode Code, EntityHandle Token, int? Number);

/// <summary>Takes a method's body apart.</summary>
internal static class IlReader
{
    private static readonly FrozenDictionary<ushort, OpCode> s_codes = typeof(OpCodes).GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(field => (OpCode)field.GetValue(null)!)
        .ToFrozenDictionary(code => unchecked((ushort)code.Value));

    public static List<IlInstruction> Read(MethodBodyBlock body)
    {
        List<IlInstruction> instructions = [];
        BlobReader reader = body.GetILReader();
        while (reader.RemainingBytes > 0)
        {
            ushort value = reader.ReadByte();
            if (value == 0xFE)
                value = (ushort)(value << 8 | reader.ReadByte());
            OpCode code = s_codes[value];
            EntityHandle token = default;
            int? number = value is >= 0x15 and <= 0x1E ? value - 0x16 : null;                  // ldc.i4.m1 to ldc.i4.8
            switch (code.OperandType)
            {
                case OperandType.InlineNone:
                    break;
                case OperandType.ShortInlineI when value == 0x1F:
                    number = reader.ReadSByte();
                    break;
                case OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar:
                    reader.ReadByte();
                    break;
                case OperandType.InlineVar:
                    reader.ReadInt16();
                    break;
                case OperandType.InlineI:
                    number = reader.ReadInt32();
                    break;
                case OperandType.InlineBrTarget or OperandType.ShortInlineR or OperandType.InlineString or OperandType.InlineSig:
                    reader.ReadInt32();
                    break;
                case OperandType.InlineI8 or OperandType.InlineR:
                    reader.ReadInt64();
                    break;
                case OperandType.InlineSwitch:
                    int targets = reader.ReadInt32();
                    reader.Offset += targets * sizeof(int);
                    break;
                default:
                    token = MetadataTokens.EntityHandle(reader.ReadInt32());
                    break;
            }
            instructions.Add(new IlInstruction(code, token, number));
        }
        return instructions;
    }
}
