using System;
using System.Buffers.Binary;

namespace HyperOS.Emulation;

/// <summary>
/// Reads the parts that all instructions share: prefixes, ModRM, SIB, displacement, immediate (AMD APM vol. 3, "Instruction Encoding").
/// Bytes beyond the end read as zero and set <see cref="Exhausted"/>: one check at the end is enough.
/// </summary>
internal ref struct InstructionReader
{
    /// <summary>AMD APM vol. 3, "Instruction Encoding Overview".</summary>
    public const int MaximumLength = 15;

    private const byte RexW = 8;
    private const byte RexR = 4;
    private const byte RexX = 2;
    private const byte RexB = 1;

    private readonly ReadOnlySpan<byte> _bytes;
    private byte _rex;
    private byte _modRm;
    private bool _segmentOverridden;
    private SegmentRegister _override;

    public InstructionReader(ReadOnlySpan<byte> bytes, CodeSize codeSize)
    {
        _bytes = bytes.Length > MaximumLength ? bytes.Slice(0, MaximumLength) : bytes;
        CodeSize = codeSize;
    }

    public readonly CodeSize CodeSize;

    /// <summary>Bytes read so far.</summary>
    public int Position { get; private set; }

    /// <summary>The instruction goes on beyond the bytes given.</summary>
    public bool Exhausted { get; private set; }

    public readonly bool MayGrow => _bytes.Length < MaximumLength;

    public bool Lock { get; private set; }

    public bool OperandSizePrefix { get; private set; }

    public RepeatPrefix Repeat { get; private set; }

    /// <summary>2, 4 or 8: the size of operands that follow the operand-size prefix and REX.W.</summary>
    public byte OperandSize { get; private set; }

    /// <summary>2, 4 or 8.</summary>
    public byte AddressSize { get; private set; }

    public readonly bool HasRex => _rex != 0;

    public readonly bool WideOperand => (_rex & RexW) != 0;

    public readonly byte Mod => (byte)(_modRm >> 6);

    public readonly byte Rm => (byte)(_modRm & 7);

    /// <summary>ModRM.reg as the extension of an opcode: 0 to 7.</summary>
    public readonly byte Group => (byte)(_modRm >> 3 & 7);

    /// <summary>ModRM.reg as a register: 0 to 15.</summary>
    public readonly byte Register => (byte)(Group | ((_rex & RexR) != 0 ? 8 : 0));

    /// <summary>ModRM.rm as a register: 0 to 15.</summary>
    public readonly byte RegisterOperand => (byte)(Rm | ((_rex & RexB) != 0 ? 8 : 0));

    public byte Next()
    {
        if (Position >= _bytes.Length)
        {
            Exhausted = true;
            return 0;
        }
        return _bytes[Position++];
    }

    /// <summary>Reads the prefixes and the first opcode byte, which it returns.</summary>
    public byte ReadPrefixesAndOpcode()
    {
        bool addressSizePrefix = false;
        byte next;
        for (; ; )
        {
            next = Next();
            switch (next)
            {
                case 0x26 or 0x2E or 0x36 or 0x3E:
                    // 64-bit mode knows these prefixes and ignores them.
                    if (CodeSize != CodeSize.Bits64)
                        Override((SegmentRegister)(next >> 3 & 3));
                    break;
                case 0x64: Override(SegmentRegister.FS); break;
                case 0x65: Override(SegmentRegister.GS); break;
                case 0x66: OperandSizePrefix = true; break;
                case 0x67: addressSizePrefix = true; break;
                case 0xF0: Lock = true; break;
                case 0xF2: Repeat = RepeatPrefix.REPNE; break;
                case 0xF3: Repeat = RepeatPrefix.REP; break;
                case >= 0x40 and <= 0x4F when CodeSize == CodeSize.Bits64:
                    _rex = next;
                    continue;
                default:
                    SetSizes(addressSizePrefix);
                    return next;
            }
            // A REX prefix counts only right before the opcode.
            _rex = 0;
        }
    }

    public void ReadModRm() => _modRm = Next();

    /// <summary>Reads SIB and displacement of the memory operand that ModRM names; a register operand (mod = 3) has neither.</summary>
    public void ReadMemoryOperand(ref Instruction instruction)
    {
        instruction.Base = GeneralRegister.None;
        instruction.Index = GeneralRegister.None;
        if (AddressSize == 2)
            ReadMemoryOperand16(ref instruction);
        else
            ReadMemoryOperand32(ref instruction);
        instruction.Segment = DataSegment(instruction.Base is GeneralRegister.RSP or GeneralRegister.RBP ? SegmentRegister.SS : SegmentRegister.DS);
    }

    /// <summary>The overriding segment, or <paramref name="standard"/> if there is none.</summary>
    public readonly SegmentRegister DataSegment(SegmentRegister standard) => _segmentOverridden ? _override : standard;

    /// <summary>Sign-extends an immediate or displacement of 1, 2, 4 or 8 bytes.</summary>
    public ulong ReadSigned(int size)
    {
        if (_bytes.Length - Position < size)
        {
            Exhausted = true;
            return 0;
        }
        ReadOnlySpan<byte> source = _bytes.Slice(Position, size);
        Position += size;
        return unchecked(size switch
        {
            1 => (ulong)(sbyte)source[0],
            2 => (ulong)(short)BinaryPrimitives.ReadUInt16LittleEndian(source),
            4 => (ulong)(int)BinaryPrimitives.ReadUInt32LittleEndian(source),
            _ => BinaryPrimitives.ReadUInt64LittleEndian(source),
        });
    }

    private void Override(SegmentRegister segment)
    {
        _override = segment;
        _segmentOverridden = true;
    }

    private void SetSizes(bool addressSizePrefix)
    {
        switch (CodeSize)
        {
            case CodeSize.Bits16:
                OperandSize = (byte)(OperandSizePrefix ? 4 : 2);
                AddressSize = (byte)(addressSizePrefix ? 4 : 2);
                break;
            case CodeSize.Bits32:
                OperandSize = (byte)(OperandSizePrefix ? 2 : 4);
                AddressSize = (byte)(addressSizePrefix ? 2 : 4);
                break;
            default:
                OperandSize = (byte)(WideOperand ? 8 : OperandSizePrefix ? 2 : 4);
                AddressSize = (byte)(addressSizePrefix ? 4 : 8);
                break;
        }
    }

    /// <summary>AMD APM vol. 3, "16-Bit Addressing".</summary>
    private void ReadMemoryOperand16(ref Instruction instruction)
    {
        switch (Rm)
        {
            case 0: instruction.Base = GeneralRegister.RBX; instruction.Index = GeneralRegister.RSI; break;
            case 1: instruction.Base = GeneralRegister.RBX; instruction.Index = GeneralRegister.RDI; break;
            case 2: instruction.Base = GeneralRegister.RBP; instruction.Index = GeneralRegister.RSI; break;
            case 3: instruction.Base = GeneralRegister.RBP; instruction.Index = GeneralRegister.RDI; break;
            case 4: instruction.Base = GeneralRegister.RSI; break;
            case 5: instruction.Base = GeneralRegister.RDI; break;
            case 6 when Mod == 0: instruction.Displacement = ReadSigned(2); break;
            case 6: instruction.Base = GeneralRegister.RBP; break;
            default: instruction.Base = GeneralRegister.RBX; break;
        }
        if (Mod is 1 or 2)
            instruction.Displacement = ReadSigned(Mod);
    }

    /// <summary>AMD APM vol. 3, "32-Bit and 64-Bit Addressing", with SIB and RIP-relative addressing.</summary>
    private void ReadMemoryOperand32(ref Instruction instruction)
    {
        byte rm = Rm;
        if (rm == 4)
        {
            byte sib = Next();
            int index = sib >> 3 & 7 | ((_rex & RexX) != 0 ? 8 : 0);
            if (index != (int)GeneralRegister.RSP)
            {
                instruction.Index = (GeneralRegister)index;
                instruction.Scale = (byte)(sib >> 6);
            }
            rm = (byte)(sib & 7);
            if (rm == 5 && Mod == 0)
            {
                instruction.Displacement = ReadSigned(4);
                return;
            }
        }
        else if (rm == 5 && Mod == 0)
        {
            instruction.Base = CodeSize == CodeSize.Bits64 ? GeneralRegister.RIP : GeneralRegister.None;
            instruction.Displacement = ReadSigned(4);
            return;
        }
        instruction.Base = (GeneralRegister)(rm | ((_rex & RexB) != 0 ? 8 : 0));
        if (Mod == 1)
            instruction.Displacement = ReadSigned(1);
        else if (Mod == 2)
            instruction.Displacement = ReadSigned(4);
    }
}
