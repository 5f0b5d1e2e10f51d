using System;
using System.Buffers.Binary;
using HyperOS.Core;
using HyperOS.Specs.X86;

namespace HyperOS.Emulation;

/// <summary>
/// Executes one instruction that the processor could not finish, as the guest would see it done: faults come before any change, each architectural
/// access is one access of <see cref="GuestBus"/>. One instance per vCPU, used by the thread that runs it.
/// <code>
///   State &lt;- VMCB        [UseNestedFault]        Run(budget)        VMCB &lt;- State        act on the outcome, then on Traps
/// </code>
/// </summary>
public sealed partial class InstructionEmulator
{
    private const int UpperHalf = InstructionReader.MaximumLength - sizeof(ulong);

    private readonly GuestBus _bus;
    private readonly byte[] _code = new byte[InstructionReader.MaximumLength];

    private int _codeLength;
    private CodeSize _codeSize;
    private Instruction _instruction;

    // The bytes that _instruction was decoded from, where all that one can have were there, and for which code size; the upper half begins
    // in the middle, as the length is odd.
    private ulong _decodedLower, _decodedUpper;
    private CodeSize _decodedSize;
    private bool _isDecoded;
    private EmulationOutcome _outcome;
    private Translation _source;
    private Translation _destination;
    private Translation _nestedFault;

    public InstructionEmulator(GuestBus bus) => _bus = bus;

    /// <summary>The vCPU's registers: filled before, written back after each run.</summary>
    public GuestCpuState State;

    /// <summary>The vCPU's breakpoints: accesses to data and ports are compared with them.</summary>
    public DebugBreakpoints Breakpoints;

    /// <summary>With <see cref="EmulationOutcome.Exception"/>.</summary>
    public GuestException Exception { get; private set; }

    /// <summary>
    /// The instruction, or an iteration of it, was executed, and a #DB is pending with these bits of DR6: BS where RFLAGS.TF was set (AMD APM vol. 2,
    /// "Single-Stepping"), and breakpoints that its accesses met. It is delivered before anything else. 0 for none.
    /// </summary>
    public Dr6 Traps { get; private set; }

    /// <summary>Bytes fetched at RIP, up to 15: the instruction and perhaps what follows.</summary>
    public ReadOnlySpan<byte> Code => new(_code, 0, _codeLength);

    /// <summary>
    /// Spares the next run a walk of the guest's tables: the hardware has just translated the instruction's memory operand. Only for a nested page fault on the
    /// access itself, not on a table.
    /// </summary>
    /// <param name="address">Guest-physical address that faulted.</param>
    /// <param name="write">The faulting access was a write.</param>
    public void UseNestedFault(GuestPhysicalAddress address, bool write)
    {
        _nestedFault.Valid = true;
        _nestedFault.Physical = address.Value;
        _nestedFault.Access = write ? PageAccess.Write : PageAccess.Read;
    }

    /// <summary>Fetches the instruction at RIP and executes it.</summary>
    /// <param name="budget">Iterations that a repeated string instruction may take in this run; at least one is done.</param>
    public EmulationOutcome Run(int budget) => Run(default, budget);

    /// <summary>As <see cref="Run(int)"/>, with the bytes at RIP that the hardware saved (DecodeAssists); they may be fewer than the instruction has.</summary>
    public EmulationOutcome Run(ReadOnlySpan<byte> code, int budget)
    {
        Begin(code);
        EmulationOutcome outcome = Decode() ? Execute(budget) : _outcome;
        _nestedFault.Valid = false;
        return outcome;
    }

    /// <summary>Fetches and decodes the instruction at RIP that caused an intercept. Executes nothing.</summary>
    /// <returns><see cref="EmulationOutcome.Completed"/> if <paramref name="instruction"/> describes it.</returns>
    public EmulationOutcome DecodeIntercepted(out InterceptedInstruction instruction)
    {
        Begin(default);
        DecodeResult result;
        do
        {
            if (!Fetch())
            {
                instruction = default;
                return _outcome;
            }
            result = InterceptedInstructionDecoder.Decode(Code, _codeSize, out instruction);
        }
        while (result == DecodeResult.NeedMoreBytes);
        return Accept(result) ? EmulationOutcome.Completed : _outcome;
    }

    /// <summary>Reads the operand of what <see cref="DecodeIntercepted"/> has just decoded: a register's low bytes, or memory.</summary>
    /// <param name="size">In bytes: 2, 4 or 8.</param>
    /// <returns><see cref="EmulationOutcome.Completed"/> if <paramref name="value"/> holds it.</returns>
    public EmulationOutcome ReadOperand(in InterceptedInstruction instruction, int size, out ulong value)
    {
        if (!instruction.HasMemoryOperand)
        {
            value = ReadRegister(instruction.Register, size);
            return EmulationOutcome.Completed;
        }
        _isDecoded = false;
        Traps = 0;
        _instruction = instruction.MemoryOperand;
        _instruction.MemorySize = (byte)size;
        return Load(out value) ? EmulationOutcome.Completed : _outcome;
    }

    private void Begin(ReadOnlySpan<byte> code)
    {
        _codeSize = State.CodeSize;
        _source.Valid = false;
        _destination.Valid = false;
        Traps = 0;
        _codeLength = Math.Min(code.Length, _code.Length);
        if (_codeLength != 0)
            code.Slice(0, _codeLength).CopyTo(_code);
    }

    private bool Decode()
    {
        if (_codeLength == 0 && !Fetch())
            return false;
        ulong lower = BinaryPrimitives.ReadUInt64LittleEndian(_code);
        ulong upper = BinaryPrimitives.ReadUInt64LittleEndian(new ReadOnlySpan<byte>(_code, UpperHalf, sizeof(ulong)));
        bool whole = _codeLength == InstructionReader.MaximumLength;
        if (whole && _isDecoded && lower == _decodedLower && upper == _decodedUpper && _codeSize == _decodedSize)
            return true;
        _isDecoded = false;
        DecodeResult result;
        while ((result = InstructionDecoder.Decode(Code, _codeSize, out _instruction)) == DecodeResult.NeedMoreBytes)
        {
            if (!Fetch())
                return false;
        }
        if (!Accept(result))
            return false;
        _isDecoded = whole;
        _decodedLower = lower;
        _decodedUpper = upper;
        _decodedSize = _codeSize;
        return true;
    }

    private bool Accept(DecodeResult result)
    {
        switch (result)
        {
            case DecodeResult.Decoded: return true;
            case DecodeResult.Invalid: return Fault(ExceptionVector.UD);
            case DecodeResult.TooLong: return Fault(ExceptionVector.GP);
            default: return Stop(EmulationOutcome.Unsupported);
        }
    }

    private EmulationOutcome Execute(int budget)
    {
        bool singleStep = (State.RFLAGS & Rflags.TF) != 0;
        if (_instruction.Form == OperandForm.Implied)
            return ExecuteString(budget, singleStep);
        return ExecuteOne() ? Complete(singleStep) : Abandon();
    }

    private EmulationOutcome Complete(bool singleStep)
    {
        ulong next = unchecked(State.RIP + _instruction.Length);
        State.RIP = _codeSize switch
        {
            CodeSize.Bits64 => next,
            CodeSize.Bits32 => next & uint.MaxValue,
            _ => next & ushort.MaxValue,
        };
        State.RFLAGS &= ~Rflags.RF;
        if (singleStep)
            Traps |= Dr6.BS;
        return EmulationOutcome.Completed;
    }

    // What accesses have met so far comes again with them.
    private EmulationOutcome Abandon()
    {
        Traps = 0;
        return _outcome;
    }

    /// <returns>False if <see cref="_outcome"/> says why it could not be done.</returns>
    private bool ExecuteOne()
    {
        switch (_instruction.Operation)
        {
            case Operation.MOV or Operation.MOVNTI or Operation.MOVBE when _instruction.Form != OperandForm.RegisterMemory:
            {
                ulong value = Source();
                return Store(_instruction.Operation == Operation.MOVBE ? ReverseBytes(value, _instruction.OperandSize) : value);
            }
            case Operation.MOV or Operation.MOVZX or Operation.MOVSX or Operation.MOVSXD or Operation.MOVBE:
            {
                if (!Load(out ulong value))
                    return false;
                if (_instruction.Operation == Operation.MOVBE)
                    value = ReverseBytes(value, _instruction.OperandSize);
                else if (_instruction.Operation is Operation.MOVSX or Operation.MOVSXD)
                    value = Arithmetic.SignExtend(value, _instruction.MemorySize);
                SetDestination(value);
                return true;
            }
            case Operation.CMP or Operation.TEST or Operation.BT: return Compare();
            case Operation.ADD or Operation.OR or Operation.ADC or Operation.SBB or Operation.AND or Operation.SUB or Operation.XOR
                when _instruction.Form == OperandForm.RegisterMemory:
            {
                if (!Load(out ulong value))
                    return false;
                SetDestination(Arithmetic.Compute(_instruction.Operation, Destination(), value, _instruction.OperandSize, ref State.RFLAGS));
                return true;
            }
            case Operation.IMUL when _instruction.Form != OperandForm.Memory:
            {
                if (!Load(out ulong value))
                    return false;
                ulong factor = _instruction.Form == OperandForm.RegisterMemoryImmediate ? _instruction.Immediate : Destination();
                SetDestination(Arithmetic.MultiplySigned(value, factor, _instruction.OperandSize, ref State.RFLAGS));
                return true;
            }
            case Operation.MUL or Operation.IMUL: return Multiply();
            case Operation.DIV or Operation.IDIV: return Divide();
            case Operation.BSF or Operation.BSR: return BitScan();
            case Operation.CMOVcc:
            {
                if (!Load(out ulong value))
                    return false;
                SetDestination(Arithmetic.IsMet(_instruction.Condition, State.RFLAGS) ? value : Destination());
                return true;
            }
            case Operation.SETcc: return Store(Arithmetic.IsMet(_instruction.Condition, State.RFLAGS) ? 1ul : 0);
            case Operation.StoreSegment: return Store(GuestCpuState.Segment(in State, (SegmentRegister)_instruction.Register).Selector);
            case Operation.PUSH: return Push();
            case Operation.POP: return Pop();
            case Operation.CMPXCHG: return CompareAndExchange();
            case Operation.CMPXCHG8B: return CompareAndExchange8();
            case Operation.CMPXCHG16B: return CompareAndExchange16();
            case Operation.MoveVector or Operation.MoveVectorAligned: return MoveVector();
            default: return Modify();
        }
    }

    private bool Load(out ulong value)
    {
        value = 0;
        return ResolveOperand(PageAccess.Read, out MemoryOperand operand) && Read(in operand, out value);
    }

    private bool Store(ulong value) => ResolveOperand(PageAccess.Write, out MemoryOperand operand) && Write(in operand, value);

    /// <summary>Memory becomes a function of itself and a source: one read and one write.</summary>
    private bool Modify()
    {
        if (!ResolveForUpdate(out MemoryOperand operand) || !Read(in operand, out ulong old))
            return false;
        Rflags flags = State.RFLAGS;
        ulong source = Source();
        ulong value = Arithmetic.Compute(_instruction.Operation, old, source, _instruction.OperandSize, ref flags);
        if (!Replace(in operand, old, value))
            return false;
        State.RFLAGS = flags;
        if (_instruction.Operation is Operation.XCHG or Operation.XADD)
            SetDestination(old);
        return true;
    }

    /// <summary>CMP, TEST and BT: flags alone.</summary>
    private bool Compare()
    {
        if (!Load(out ulong value))
            return false;
        bool registerFirst = _instruction.Form == OperandForm.RegisterMemory;
        ulong left = registerFirst ? Destination() : value;
        ulong right = registerFirst ? value : Source();
        Arithmetic.Compute(_instruction.Operation, left, right, _instruction.OperandSize, ref State.RFLAGS);
        return true;
    }

    private bool Multiply()
    {
        if (!Load(out ulong value))
            return false;
        int size = _instruction.OperandSize;
        bool signed = _instruction.Operation == Operation.IMUL;
        Arithmetic.Multiply(signed, ReadRegister(GeneralRegister.RAX, size), value, size, out ulong low, out ulong high, ref State.RFLAGS);
        WriteAccumulator(low, high, size);
        return true;
    }

    private bool Divide()
    {
        if (!Load(out ulong divisor))
            return false;
        int size = _instruction.OperandSize;
        ulong low = ReadRegister(GeneralRegister.RAX, size);
        ulong high = size == 1 ? ReadRegister(GeneralRegister.RAX, 2) >> 8 : ReadRegister(GeneralRegister.RDX, size);
        bool signed = _instruction.Operation == Operation.IDIV;
        if (!Arithmetic.TryDivide(signed, high, low, divisor, size, out ulong quotient, out ulong remainder))
            return Fault(ExceptionVector.DE);
        WriteAccumulator(quotient, remainder, size);
        return true;
    }

    /// <summary>Both halves of rDX:rAX, or AX for byte operations.</summary>
    private void WriteAccumulator(ulong low, ulong high, int size)
    {
        if (size == 1)
        {
            WriteRegister(GeneralRegister.RAX, high << 8 | low, 2);
            return;
        }
        WriteRegister(GeneralRegister.RAX, low, size);
        WriteRegister(GeneralRegister.RDX, high, size);
    }

    /// <summary>A source of zero sets ZF and leaves the destination alone.</summary>
    private bool BitScan()
    {
        if (!Load(out ulong value))
            return false;
        if (value == 0)
        {
            State.RFLAGS |= Rflags.ZF;
            return true;
        }
        State.RFLAGS &= ~Rflags.ZF;
        SetDestination(Arithmetic.BitScan(_instruction.Operation, value));
        return true;
    }

    private bool Push()
    {
        int size = _instruction.OperandSize;
        ulong stackPointer = StackOffset(unchecked(0ul - (ulong)size));
        if (!ResolveOperand(PageAccess.Read, out MemoryOperand source)
            || !Resolve(SegmentRegister.SS, stackPointer, size, PageAccess.Write, ref _destination, out MemoryOperand top)
            || !Read(in source, out ulong value) || !Write(in top, value))
            return false;
        WriteRegister(GeneralRegister.RSP, stackPointer, StackSize);
        return true;
    }

    /// <summary>A destination addressed through rSP sees it already incremented.</summary>
    private bool Pop()
    {
        int size = _instruction.OperandSize;
        if (!Resolve(SegmentRegister.SS, StackOffset(0), size, PageAccess.Read, ref _source, out MemoryOperand top))
            return false;
        ulong offset = EffectiveOffset(_instruction.Base == GeneralRegister.RSP ? (ulong)size : 0);
        if (!Resolve(_instruction.Segment, offset, size, PageAccess.Write, ref _destination, out MemoryOperand destination)
            || !Read(in top, out ulong value) || !Write(in destination, value))
            return false;
        WriteRegister(GeneralRegister.RSP, StackOffset((ulong)size), StackSize);
        return true;
    }

    /// <summary>Memory is written in either case: with what it held if the comparison fails.</summary>
    private bool CompareAndExchange()
    {
        int size = _instruction.OperandSize;
        if (!ResolveForUpdate(out MemoryOperand operand) || !Read(in operand, out ulong old))
            return false;
        Rflags flags = State.RFLAGS;
        Arithmetic.Compute(Operation.CMP, ReadRegister(GeneralRegister.RAX, size), old, size, ref flags);
        bool equal = (flags & Rflags.ZF) != 0;
        if (!Replace(in operand, old, equal ? Source() : old))
            return false;
        State.RFLAGS = flags;
        if (!equal)
            WriteRegister(GeneralRegister.RAX, old, size);
        return true;
    }

    private bool CompareAndExchange8()
    {
        if (!ResolveForUpdate(out MemoryOperand operand) || !Read(in operand, out ulong old))
            return false;
        ulong expected = ReadRegister(GeneralRegister.RDX, 4) << 32 | ReadRegister(GeneralRegister.RAX, 4);
        bool equal = old == expected;
        ulong replacement = equal ? ReadRegister(GeneralRegister.RCX, 4) << 32 | ReadRegister(GeneralRegister.RBX, 4) : old;
        if (!Replace(in operand, old, replacement))
            return false;
        SetEqual(equal);
        if (!equal)
        {
            WriteRegister(GeneralRegister.RAX, old & uint.MaxValue, 4);
            WriteRegister(GeneralRegister.RDX, old >> 32, 4);
        }
        return true;
    }

    private bool CompareAndExchange16()
    {
        if (!ResolveForUpdate(out MemoryOperand operand, aligned: true) || !Read16(in operand, out ulong oldLow, out ulong oldHigh))
            return false;
        bool equal = oldLow == State.Registers[(int)GeneralRegister.RAX] && oldHigh == State.Registers[(int)GeneralRegister.RDX];
        ulong low = equal ? State.Registers[(int)GeneralRegister.RBX] : oldLow;
        ulong high = equal ? State.Registers[(int)GeneralRegister.RCX] : oldHigh;
        bool written = _instruction.Lock
            ? Check(_bus.CompareExchange16(new GuestPhysicalAddress(operand.Address), oldLow, oldHigh, low, high))
            : Write16(in operand, low, high);
        if (!written)
            return false;
        SetEqual(equal);
        if (!equal)
        {
            State.Registers[(int)GeneralRegister.RAX] = oldLow;
            State.Registers[(int)GeneralRegister.RDX] = oldHigh;
        }
        return true;
    }

    private bool MoveVector()
    {
        if ((State.CR0 & Cr0.EM) != 0 || (State.CR4 & Cr4.OSFXSR) == 0)
            return Fault(ExceptionVector.UD);
        if ((State.CR0 & Cr0.TS) != 0)
            return Fault(ExceptionVector.NM);

        bool load = _instruction.Form == OperandForm.VectorMemory;
        bool aligned = _instruction.Operation == Operation.MoveVectorAligned;
        if (!ResolveOperand(load ? PageAccess.Read : PageAccess.Write, out MemoryOperand operand, aligned))
            return false;
        ulong low;
        ulong high = 0;
        if (load)
        {
            bool done = _instruction.MemorySize == 16 ? Read16(in operand, out low, out high) : Read(in operand, out low);
            if (done)
                _bus.WriteVector(_instruction.Register, low, high);
            return done;
        }
        _bus.ReadVector(_instruction.Register, out low, out high);
        return _instruction.MemorySize == 16 ? Write16(in operand, low, high) : Write(in operand, low);
    }

    /// <summary>The register or immediate that an instruction combines with memory; 0 for those with neither.</summary>
    private ulong Source() => _instruction.Form switch
    {
        OperandForm.MemoryRegister when _instruction.Operation is >= Operation.ROL and <= Operation.SAR => ReadRegister(GeneralRegister.RCX, 1),
        OperandForm.MemoryRegister => Destination(),
        OperandForm.MemoryImmediate => _instruction.Immediate & Arithmetic.Mask(_instruction.OperandSize),
        _ => 0,
    };

    /// <summary>Value of the register operand.</summary>
    private ulong Destination()
    {
        ulong value = State.Registers[_instruction.Register & 0xF];
        return (_instruction.HighByte ? value >> 8 : value) & Arithmetic.Mask(_instruction.OperandSize);
    }

    private void SetDestination(ulong value)
    {
        if (_instruction.HighByte)
        {
            ref ulong register = ref State.Registers[_instruction.Register & 0xF];
            register = (register & ~0xFF00ul) | (value & 0xFF) << 8;
            return;
        }
        WriteRegister((GeneralRegister)_instruction.Register, value, _instruction.OperandSize);
    }

    private ulong ReadRegister(GeneralRegister register, int size) => State.Registers[(int)register & 0xF] & Arithmetic.Mask(size);

    /// <summary>Writes of 4 bytes clear the upper half, shorter ones leave the rest (AMD APM vol. 1, "Registers").</summary>
    private void WriteRegister(GeneralRegister register, ulong value, int size)
    {
        ref ulong target = ref State.Registers[(int)register & 0xF];
        ulong mask = Arithmetic.Mask(size);
        target = size >= 4 ? value & mask : (target & ~mask) | (value & mask);
    }

    private void SetEqual(bool equal) => State.RFLAGS = equal ? State.RFLAGS | Rflags.ZF : State.RFLAGS & ~Rflags.ZF;

    private static ulong ReverseBytes(ulong value, int size) => BinaryPrimitives.ReverseEndianness(value) >> (64 - (size * 8));

    private bool Fault(ExceptionVector vector, uint errorCode = 0)
    {
        bool hasErrorCode = (ExceptionProperties.PushesErrorCode >> (int)vector & 1) != 0 && (State.CR0 & Cr0.PE) != 0;
        Exception = new GuestException(vector, hasErrorCode, errorCode);
        return Stop(EmulationOutcome.Exception);
    }

    private bool Stop(EmulationOutcome outcome)
    {
        _outcome = outcome;
        return false;
    }
}
