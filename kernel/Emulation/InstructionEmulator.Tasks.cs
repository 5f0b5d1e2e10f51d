using System;
using HyperOS.Core;
using HyperOS.Specs.X86;

namespace HyperOS.Emulation;

/// <summary>What switches to another task.</summary>
public enum TaskSwitchCause : byte
{
    /// <summary>A far CALL.</summary>
    Call,

    /// <summary>A far JMP.</summary>
    Jump,

    /// <summary>An IRET with NT set.</summary>
    Return,

    /// <summary>A task gate of the interrupt table.</summary>
    Gate,
}

/// <summary>A switch to another task, as the exit tells of it.</summary>
public struct TaskSwitch
{
    /// <summary>Of the new task's TSS.</summary>
    public ushort Selector;

    public TaskSwitchCause Cause;

    /// <summary>Of the instruction that the old task goes on behind; 0 for an event, which the old task goes on at.</summary>
    public byte Length;

    /// <summary>The event pushes <see cref="ErrorCode"/>.</summary>
    public bool HasErrorCode;
    public uint ErrorCode;
}

/// <summary>Descriptor-table registers and the task register.</summary>
public struct DescriptorTableState
{
    public ulong GdtBase;
    public ushort GdtLimit;
    public ulong IdtBase;
    public ushort IdtLimit;
    public SegmentState TR;
    public SegmentState LDTR;
}

/// <summary>
/// Task switches in protected mode, between TSSs of 32 bits; those of 16 bits are not emulated. AMD APM vol. 2, "Task Management"; Intel SDM vol. 3A, "Task
/// Switching".
/// </summary>
public sealed partial class InstructionEmulator
{
    private const uint TssLimit = 0x67;

    // Offsets within a TSS.
    private const uint TssLink = 0x00, TssCr3 = 0x1C, TssEip = 0x20, TssEflags = 0x24, TssRegisters = 0x28, TssSegments = 0x48, TssLdt = 0x60, TssTrap = 0x64;

    private const int TssSegmentCount = 6;

    // The type of system descriptors; bit 1 of a TSS's is its busy flag.
    private const uint TypeLdt = 0x2, TypeTss32 = 0x9, TypeTss16 = 0x1, Busy = 0x2;

    private const Rflags TaskFlags = Rflags.CF | Rflags.PF | Rflags.AF | Rflags.ZF | Rflags.SF | Rflags.TF | Rflags.IF | Rflags.DF | Rflags.OF | Rflags.IOPL
        | Rflags.NT | Rflags.RF | Rflags.VM | Rflags.AC | Rflags.VIF | Rflags.VIP | Rflags.ID;

    /// <summary>A segment descriptor as it lies in its table.</summary>
    private struct Descriptor
    {
        public ushort Selector;
        public uint Linear;
        public SegmentState State;

        public readonly uint Type => (uint)(State.Attributes & SegmentAttributes.Type);

        public readonly bool Is(SegmentAttributes bits) => (State.Attributes & bits) == bits;

        public readonly int Dpl => (int)(State.Attributes & SegmentAttributes.DPL) >> 5;
    }

    // Of the task switch at hand: the registers are the new task's; the privilege level by its end; the selector of its stack.
    private bool _hasSwitched;
    private byte _privilege;
    private ushort _newStack;

    /// <summary>Filled before <see cref="SwitchTask"/>, and written back after it with the segments of <see cref="State"/>.</summary>
    public DescriptorTableState Tables;

    /// <summary>
    /// Switches to another task. Afterwards translations are to be forgotten, and DR7's local bits.
    /// </summary>
    /// <param name="task">To which, and why.</param>
    /// <param name="hasSwitched">An exception is the new task's; if not, it is the old one's, and nothing has changed.</param>
    public EmulationOutcome SwitchTask(in TaskSwitch task, out bool hasSwitched)
    {
        Begin(default);
        _hasSwitched = false;
        _privilege = State.CPL;
        State.CPL = 0; // tables are the system's
        bool done = TrySwitch(in task, out ushort code) && TryLoadSegments(code) && TryArrive(in task);
        State.CPL = _privilege;
        hasSwitched = _hasSwitched;
        return done ? EmulationOutcome.Completed : Abandon();
    }

    // Up to the point where the new task's registers are in, but for its segments. Everything that can fail comes first.
    private bool TrySwitch(in TaskSwitch task, out ushort code)
    {
        code = 0;
        ref readonly SegmentState old = ref Tables.TR;
        if (((uint)(old.Attributes & SegmentAttributes.Type) | Busy) != (TypeTss32 | Busy) || old.Limit < TssLimit || State.IsLongMode)
            return Stop(EmulationOutcome.Unsupported);
        if (!TryFindTss(in task, out Descriptor found))
            return false;
        uint oldTss = unchecked((uint)old.Base), newTss = unchecked((uint)found.State.Base);
        bool links = task.Cause is TaskSwitchCause.Call or TaskSwitchCause.Gate, leaves = task.Cause is TaskSwitchCause.Jump or TaskSwitchCause.Return;
        Span<uint> fields = stackalloc uint[(int)(TssLimit + 1) / sizeof(uint)];
        for (int i = 0; i < fields.Length; i++)
        {
            if (!ReadLinear(unchecked(newTss + (uint)i * sizeof(uint)), sizeof(uint), out ulong field))
                return false;
            fields[i] = unchecked((uint)field);
        }
        if (!ReadLinear(unchecked(GdtEntry(old.Selector) + 5), 1, out ulong oldType)
            || !Reaches(unchecked(oldTss + TssEip)) || !Reaches(unchecked(oldTss + TssLdt - 1)) || !Reaches(unchecked(GdtEntry(old.Selector) + 5))
            || !Reaches(unchecked(found.Linear + 5)) || links && (!Reaches(newTss) || !Reaches(unchecked(newTss + 1))))
        {
            return false;
        }

        uint next = unchecked((uint)State.RIP + task.Length);
        Rflags flags = task.Cause == TaskSwitchCause.Return ? State.RFLAGS & ~Rflags.NT : State.RFLAGS;
        WriteLinear(unchecked(oldTss + TssEip), sizeof(uint), next);
        WriteLinear(unchecked(oldTss + TssEflags), sizeof(uint), (ulong)flags & uint.MaxValue);
        for (int i = 0; i < 8; i++)
            WriteLinear(unchecked(oldTss + TssRegisters + (uint)i * sizeof(uint)), sizeof(uint), State.Registers[i] & uint.MaxValue);
        for (int i = 0; i < TssSegmentCount; i++)
            WriteLinear(unchecked(oldTss + TssSegments + (uint)i * sizeof(uint)), sizeof(ushort), GuestCpuState.Segment(in State, (SegmentRegister)i).Selector);
        if (leaves)
            WriteLinear(unchecked(GdtEntry(old.Selector) + 5), 1, oldType & ~(ulong)Busy);
        if (links)
            WriteLinear(newTss, sizeof(ushort), old.Selector);
        found.State.Attributes |= (SegmentAttributes)Busy;
        WriteLinear(unchecked(found.Linear + 5), 1, (ulong)found.State.Attributes & 0xFF);

        _hasSwitched = true;
        Tables.TR = found.State;
        if ((State.CR0 & Cr0.PG) != 0)
            State.CR3 = fields[(int)TssCr3 / sizeof(uint)];
        State.CR0 |= Cr0.TS;
        State.RIP = fields[(int)TssEip / sizeof(uint)];
        State.RFLAGS = (Rflags)fields[(int)TssEflags / sizeof(uint)] & TaskFlags | Rflags.AlwaysOne | (links ? Rflags.NT : 0);
        for (int i = 0; i < 8; i++)
            State.Registers[i] = fields[(int)TssRegisters / sizeof(uint) + i];
        if ((fields[(int)TssTrap / sizeof(uint)] & 1) != 0)
            Traps |= Dr6.BT;
        int segments = (int)TssSegments / sizeof(uint);
        Tables.LDTR = new SegmentState { Selector = unchecked((ushort)fields[(int)TssLdt / sizeof(uint)]) };
        State.ES = new SegmentState { Selector = unchecked((ushort)fields[segments]) };
        code = unchecked((ushort)fields[segments + 1]);
        _newStack = unchecked((ushort)fields[segments + 2]);
        State.DS = new SegmentState { Selector = unchecked((ushort)fields[segments + 3]) };
        State.FS = new SegmentState { Selector = unchecked((ushort)fields[segments + 4]) };
        State.GS = new SegmentState { Selector = unchecked((ushort)fields[segments + 5]) };
        return true;
    }

    private bool TryFindTss(in TaskSwitch task, out Descriptor found)
    {
        found = default;
        ExceptionVector bad = task.Cause == TaskSwitchCause.Return ? ExceptionVector.TS : ExceptionVector.GP;
        uint offset = task.Selector & ~7u;
        if ((task.Selector & 4) != 0 || offset == 0 || offset + 7 > Tables.GdtLimit)
            return SelectorFault(bad, task.Selector);
        if (!ReadDescriptor(task.Selector, GdtEntry(task.Selector), out found))
            return false;
        uint wanted = task.Cause == TaskSwitchCause.Return ? TypeTss32 | Busy : TypeTss32;
        if (found.Is(SegmentAttributes.S) || found.Type != wanted)
        {
            return !found.Is(SegmentAttributes.S) && (found.Type | Busy) == (TypeTss16 | Busy)
                ? Stop(EmulationOutcome.Unsupported)
                : SelectorFault(bad, task.Selector);
        }
        if (!found.Is(SegmentAttributes.P))
            return SelectorFault(ExceptionVector.NP, task.Selector);
        return found.State.Limit >= TssLimit || SelectorFault(ExceptionVector.TS, task.Selector);
    }

    // CS and SS change together: where one of them is bad, both stay, so that there is a state to raise the exception in.
    private bool TryLoadSegments(ushort code)
    {
        if ((Tables.LDTR.Selector & ~3) != 0)
        {
            ushort selector = Tables.LDTR.Selector;
            if ((selector & 4) != 0 || (selector | 7) > Tables.GdtLimit)
                return SelectorFault(ExceptionVector.TS, selector);
            if (!ReadDescriptor(selector, GdtEntry(selector), out Descriptor table))
                return false;
            if (table.Is(SegmentAttributes.S) || table.Type != TypeLdt || !table.Is(SegmentAttributes.P))
                return SelectorFault(ExceptionVector.TS, selector);
            Tables.LDTR = table.State;
        }
        if ((State.RFLAGS & Rflags.VM) != 0)
        {
            State.CS = Virtual8086(code);
            State.SS = Virtual8086(_newStack);
            State.ES = Virtual8086(State.ES.Selector);
            State.DS = Virtual8086(State.DS.Selector);
            State.FS = Virtual8086(State.FS.Selector);
            State.GS = Virtual8086(State.GS.Selector);
            State.CPL = _privilege = 3;
            return true;
        }
        int privilege = code & 3;
        if (!TryFindSegment(code, ExceptionVector.TS, out Descriptor cs) || !IsCode(in cs, privilege))
            return false;
        if (!TryFindSegment(_newStack, ExceptionVector.TS, out Descriptor ss) || !IsStack(in ss, privilege))
            return false;
        if (!MarkAccessed(ref cs) || !MarkAccessed(ref ss))
            return false;
        State.CS = cs.State;
        State.SS = ss.State;
        _privilege = (byte)privilege;
        bool done = TryLoadData(ref State.ES, privilege) && TryLoadData(ref State.DS, privilege) && TryLoadData(ref State.FS, privilege)
            && TryLoadData(ref State.GS, privilege);
        State.CPL = _privilege;
        return done;
    }

    private bool TryArrive(in TaskSwitch task)
    {
        _codeSize = State.CodeSize;
        if (task.HasErrorCode)
        {
            ulong stackPointer = StackOffset(unchecked(0ul - sizeof(uint)));
            if (!Resolve(SegmentRegister.SS, stackPointer, sizeof(uint), PageAccess.Write, ref _destination, out MemoryOperand top)
                || !Write(in top, task.ErrorCode))
            {
                return false;
            }
            WriteRegister(GeneralRegister.RSP, stackPointer, StackSize);
        }
        return State.RIP <= State.CS.Limit || Fault(ExceptionVector.GP);
    }

    private bool IsCode(in Descriptor segment, int privilege)
    {
        bool conforming = segment.Is(SegmentAttributes.ConformingDown);
        if (!segment.Is(SegmentAttributes.S | SegmentAttributes.Code) || (conforming ? segment.Dpl > privilege : segment.Dpl != privilege))
            return SelectorFault(ExceptionVector.TS, segment.Selector);
        return segment.Is(SegmentAttributes.P) || SelectorFault(ExceptionVector.NP, segment.Selector);
    }

    private bool IsStack(in Descriptor segment, int privilege)
    {
        if (!segment.Is(SegmentAttributes.S | SegmentAttributes.ReadWrite) || segment.Is(SegmentAttributes.Code) || segment.Dpl != privilege
            || (segment.Selector & 3) != privilege)
        {
            return SelectorFault(ExceptionVector.TS, segment.Selector);
        }
        return segment.Is(SegmentAttributes.P) || SelectorFault(ExceptionVector.SS, segment.Selector);
    }

    private bool TryLoadData(ref SegmentState register, int privilege)
    {
        ushort selector = register.Selector;
        if ((selector & ~3) == 0)
            return true;
        if (!TryFindSegment(selector, ExceptionVector.TS, out Descriptor segment))
            return false;
        bool isCode = segment.Is(SegmentAttributes.Code), conforming = isCode && segment.Is(SegmentAttributes.ConformingDown);
        if (!segment.Is(SegmentAttributes.S) || isCode && !segment.Is(SegmentAttributes.ReadWrite)
            || !conforming && segment.Dpl < Math.Max(privilege, selector & 3))
        {
            return SelectorFault(ExceptionVector.TS, selector);
        }
        if (!segment.Is(SegmentAttributes.P))
            return SelectorFault(ExceptionVector.NP, selector);
        if (!MarkAccessed(ref segment))
            return false;
        register = segment.State;
        return true;
    }

    private bool TryFindSegment(ushort selector, ExceptionVector bad, out Descriptor found)
    {
        found = default;
        bool local = (selector & 4) != 0;
        uint limit = !local ? Tables.GdtLimit : (Tables.LDTR.Attributes & SegmentAttributes.P) != 0 ? Tables.LDTR.Limit : 0;
        if ((selector & ~3) == 0 || (selector | 7u) > limit)
            return SelectorFault(bad, selector);
        uint linear = local ? unchecked((uint)Tables.LDTR.Base + (selector & ~7u)) : GdtEntry(selector);
        return ReadDescriptor(selector, linear, out found);
    }

    private bool ReadDescriptor(ushort selector, uint linear, out Descriptor found)
    {
        found = default;
        if (!ReadLinear(linear, sizeof(ulong), out ulong raw))
            return false;
        SegmentAttributes attributes = (SegmentAttributes)(raw >> 40 & 0xFF | raw >> 44 & 0xF00);
        uint limit = (uint)(raw & 0xFFFF | raw >> 32 & 0xF_0000);
        found.Selector = selector;
        found.Linear = linear;
        found.State = new SegmentState
        {
            Selector = selector,
            Attributes = attributes,
            Limit = (attributes & SegmentAttributes.G) != 0 ? limit << 12 | 0xFFF : limit,
            Base = raw >> 16 & 0xFF_FFFF | raw >> 32 & 0xFF00_0000,
        };
        return true;
    }

    private bool MarkAccessed(ref Descriptor segment)
    {
        if (segment.Is(SegmentAttributes.Accessed))
            return true;
        segment.State.Attributes |= SegmentAttributes.Accessed;
        return WriteLinear(unchecked(segment.Linear + 5), 1, (ulong)segment.State.Attributes & 0xFF);
    }

    private uint GdtEntry(ushort selector) => unchecked((uint)Tables.GdtBase + (selector & ~7u));

    private static SegmentState Virtual8086(ushort selector) => new()
    {
        Selector = selector,
        Attributes = SegmentAttributes.P | SegmentAttributes.DPL | SegmentAttributes.S | SegmentAttributes.ReadWrite | SegmentAttributes.Accessed,
        Limit = ushort.MaxValue,
        Base = (ulong)selector << 4,
    };

    private bool SelectorFault(ExceptionVector vector, ushort selector) => Fault(vector, selector & ~3u);

    // Of the system's, by linear address.
    private bool ReadLinear(uint linear, int size, out ulong value)
    {
        value = 0;
        return ResolveLinear(linear, size, PageAccess.Read, out MemoryOperand operand) && Read(in operand, out value);
    }

    private bool WriteLinear(uint linear, int size, ulong value) =>
        ResolveLinear(linear, size, PageAccess.Write, out MemoryOperand operand) && Write(in operand, value);

    private bool Reaches(uint linear) => Translate(linear, PageAccess.Write, out _);

    private bool ResolveLinear(uint linear, int size, PageAccess access, out MemoryOperand operand)
    {
        operand = new MemoryOperand { Size = size, FirstSize = (int)Math.Min((ulong)size, Size.Page - (linear & (Size.Page - 1))) };
        return Translate(linear, access, out operand.Address)
            && (!operand.CrossesPage || Translate(unchecked((linear | (uint)(Size.Page - 1)) + 1), access, out operand.SecondAddress));
    }
}
