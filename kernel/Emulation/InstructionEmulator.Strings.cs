using HyperOS.Core;
using HyperOS.Specs.X86;

namespace HyperOS.Emulation;

/// <summary>String instructions: AMD APM vol. 3, "Repeat Prefixes" and the instructions' own pages. Each iteration is committed when it is done.</summary>
public sealed partial class InstructionEmulator
{
    private EmulationOutcome ExecuteString(int budget, bool singleStep)
    {
        FaultPoint.Hit(FaultPlace.StringInstruction);
        if (_instruction.Repeat == RepeatPrefix.None)
            return ExecuteIteration() ? Complete(singleStep) : Abandon();

        int countSize = _instruction.AddressSize;
        ulong count = ReadRegister(GeneralRegister.RCX, countSize);
        // Single-stepping stops after every iteration, breakpoints after the one that meets them.
        int left = singleStep ? 1 : budget;
        for (; count != 0; left--)
        {
            if (!ExecuteIteration())
                return Abandon();
            count--;
            WriteRegister(GeneralRegister.RCX, count, countSize);
            if (count == 0 || HasFoundEnd())
                break;
            if (left <= 1 || Traps != 0)
            {
                if (singleStep)
                    Traps |= Dr6.BS;
                return EmulationOutcome.Again;
            }
        }
        return Complete(singleStep);
    }

    /// <summary>CMPS and SCAS stop when ZF contradicts REPE or REPNE.</summary>
    private bool HasFoundEnd()
    {
        if (_instruction.Operation is not (Operation.CMPS or Operation.SCAS))
            return false;
        bool equal = (State.RFLAGS & Rflags.ZF) != 0;
        return equal != (_instruction.Repeat == RepeatPrefix.REP);
    }

    private bool ExecuteIteration() => _instruction.Operation switch
    {
        Operation.MOVS => MoveString(),
        Operation.CMPS => CompareStrings(),
        Operation.STOS => StoreString(),
        Operation.LODS => LoadString(),
        Operation.SCAS => ScanString(),
        Operation.INS => InputString(),
        _ => OutputString(),
    };

    private bool MoveString()
    {
        if (!ResolveSource(out MemoryOperand source) || !ResolveDestination(PageAccess.Write, out MemoryOperand destination)
            || !Read(in source, out ulong value) || !Write(in destination, value))
            return false;
        Advance(GeneralRegister.RSI);
        Advance(GeneralRegister.RDI);
        return true;
    }

    private bool CompareStrings()
    {
        if (!ResolveSource(out MemoryOperand source) || !ResolveDestination(PageAccess.Read, out MemoryOperand destination)
            || !Read(in source, out ulong left) || !Read(in destination, out ulong right))
            return false;
        Arithmetic.Compute(Operation.CMP, left, right, _instruction.OperandSize, ref State.RFLAGS);
        Advance(GeneralRegister.RSI);
        Advance(GeneralRegister.RDI);
        return true;
    }

    private bool StoreString()
    {
        ulong value = ReadRegister(GeneralRegister.RAX, _instruction.OperandSize);
        if (!ResolveDestination(PageAccess.Write, out MemoryOperand destination) || !Write(in destination, value))
            return false;
        Advance(GeneralRegister.RDI);
        return true;
    }

    private bool LoadString()
    {
        if (!ResolveSource(out MemoryOperand source) || !Read(in source, out ulong value))
            return false;
        WriteRegister(GeneralRegister.RAX, value, _instruction.OperandSize);
        Advance(GeneralRegister.RSI);
        return true;
    }

    private bool ScanString()
    {
        if (!ResolveDestination(PageAccess.Read, out MemoryOperand destination) || !Read(in destination, out ulong value))
            return false;
        int size = _instruction.OperandSize;
        Arithmetic.Compute(Operation.CMP, ReadRegister(GeneralRegister.RAX, size), value, size, ref State.RFLAGS);
        Advance(GeneralRegister.RDI);
        return true;
    }

    private bool InputString()
    {
        if (!ResolveDestination(PageAccess.Write, out MemoryOperand destination)
            || !Check(_bus.Input(Port, _instruction.OperandSize, out uint value)) || !Write(in destination, value))
            return false;
        MatchPort();
        Advance(GeneralRegister.RDI);
        return true;
    }

    private bool OutputString()
    {
        if (!ResolveSource(out MemoryOperand source) || !Read(in source, out ulong value)
            || !Check(_bus.Output(Port, _instruction.OperandSize, (uint)(value & uint.MaxValue))))
            return false;
        MatchPort();
        Advance(GeneralRegister.RSI);
        return true;
    }

    private void MatchPort()
    {
        if (Breakpoints.Watches)
            Traps |= Breakpoints.MatchPort(Port, _instruction.OperandSize, State.CR4);
    }

    private ushort Port => (ushort)ReadRegister(GeneralRegister.RDX, 2);

    private bool ResolveSource(out MemoryOperand source) => Resolve(
        _instruction.Segment, ReadRegister(GeneralRegister.RSI, _instruction.AddressSize), _instruction.MemorySize, PageAccess.Read, ref _source, out source);

    /// <summary>The destination is in ES, whatever the prefix says.</summary>
    private bool ResolveDestination(PageAccess access, out MemoryOperand destination) => Resolve(
        SegmentRegister.ES, ReadRegister(GeneralRegister.RDI, _instruction.AddressSize), _instruction.MemorySize, access, ref _destination, out destination);

    /// <summary>Moves an index register past the element, in the direction of RFLAGS.DF.</summary>
    private void Advance(GeneralRegister register)
    {
        ulong size = _instruction.OperandSize;
        ulong step = (State.RFLAGS & Rflags.DF) != 0 ? unchecked(0 - size) : size;
        WriteRegister(register, unchecked(ReadRegister(register, _instruction.AddressSize) + step), _instruction.AddressSize);
    }
}
