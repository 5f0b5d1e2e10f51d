using HyperOS.Emulation;
using HyperOS.Specs.X86;

namespace HyperOS.Tests.Unit.Emulation;

/// <summary>Two tasks: the running one, with its TSS at 6000h, and another, whose TSS at 6100h says that it begins at 2000h.</summary>
public class TaskSwitchTests
{
    private const ulong Gdt = 0x5000, OldTss = 0x6000, NewTss = 0x6100;
    private const ushort Code = 0x08, Data = 0x10, Old = 0x18, New = 0x20, Local = 0x28, UserCode = 0x30, UserData = 0x38;
    private const ulong Available = 0x89, Busy = 0x8B;

    private readonly TestMachine _machine = TestMachine.Protected();

    public TaskSwitchTests()
    {
        Describe(Code, 0, 0xFFFFF, 0xC9A);
        Describe(Data, 0, 0xFFFFF, 0xC92);
        Describe(Old, OldTss, 0x67, Busy);
        Describe(New, NewTss, 0x67, Available);
        Describe(Local, 0x7000, 0xFF, 0x82);
        Describe(UserCode, 0, 0xFFFFF, 0xCFA);
        Describe(UserData, 0, 0xFFFFF, 0xCF2);
        _machine.Emulator.Tables = new DescriptorTableState
        {
            GdtBase = Gdt,
            GdtLimit = 0x3F,
            TR = new SegmentState { Selector = Old, Attributes = (SegmentAttributes)Busy, Limit = 0x67, Base = OldTss },
        };
        _machine.State.RFLAGS |= Rflags.CF;
        for (int i = 0; i < 8; i++)
            _machine[(GeneralRegister)i] = 0x1000u + (uint)i;
        Set(0x20, 0x2000);
        Set(0x24, (ulong)(Rflags.AlwaysOne | Rflags.ZF));
        for (uint i = 0; i < 8; i++)
            Set(0x28 + i * 4, 0x8000 + i);
        foreach (uint segment in new[] { 0x48u, 0x50u, 0x54u, 0x58u })
            Set(segment, Data);
        Set(0x4C, Code);
    }

    [Theory]
    [InlineData(TaskSwitchCause.Call, 5)]
    [InlineData(TaskSwitchCause.Gate, 0)]
    [InlineData(TaskSwitchCause.Jump, 7)]
    [InlineData(TaskSwitchCause.Return, 1)]
    public void One_task_is_kept_and_the_other_loaded(TaskSwitchCause cause, byte length)
    {
        if (cause == TaskSwitchCause.Return)
        {
            Describe(New, NewTss, 0x67, Busy);
            _machine.State.RFLAGS |= Rflags.NT;
        }
        Assert.Equal(EmulationOutcome.Completed, Switch(cause, out bool hasSwitched, length));
        Assert.True(hasSwitched);
        bool nests = cause is TaskSwitchCause.Call or TaskSwitchCause.Gate;

        Assert.Equal(TestMachine.CodeAddress + length, _machine.Bus.Peek(OldTss + 0x20, 4));
        Assert.Equal((ulong)(Rflags.AlwaysOne | Rflags.CF), _machine.Bus.Peek(OldTss + 0x24, 4));
        Assert.Equal(0x1003ul, _machine.Bus.Peek(OldTss + 0x34, 4));
        Assert.Equal(8ul, _machine.Bus.Peek(OldTss + 0x4C, 2));
        Assert.Equal(nests ? Busy : Available, _machine.Bus.Peek(Gdt + Old + 5, 1));
        Assert.Equal(Busy, _machine.Bus.Peek(Gdt + New + 5, 1));
        Assert.Equal(nests ? Old : 0ul, _machine.Bus.Peek(NewTss, 2));

        ref GuestCpuState state = ref _machine.State;
        Assert.Equal(0x2000ul, state.RIP);
        Assert.Equal(Rflags.AlwaysOne | Rflags.ZF | (nests ? Rflags.NT : 0), state.RFLAGS);
        Assert.Equal(0x8003ul, _machine[GeneralRegister.RBX]);
        Assert.Equal(Cr0.PE | Cr0.TS, state.CR0);
        Assert.Equal((Code, (SegmentAttributes)0xC9B, uint.MaxValue), (state.CS.Selector, state.CS.Attributes, state.CS.Limit));
        Assert.Equal((Data, (SegmentAttributes)0xC93), (state.SS.Selector, state.SS.Attributes));
        Assert.Equal((0, (SegmentAttributes)0), (state.GS.Selector, state.GS.Attributes));
        Assert.Equal((New, (SegmentAttributes)Busy, NewTss), (_machine.Emulator.Tables.TR.Selector, _machine.Emulator.Tables.TR.Attributes, _machine.Emulator.Tables.TR.Base));
        Assert.Equal(0x9Bul, _machine.Bus.Peek(Gdt + Code + 5, 1)); // accessed
        Assert.Equal(0, state.CPL);
    }

    [Fact]
    public void An_error_code_goes_to_the_new_tasks_stack()
    {
        Assert.Equal(EmulationOutcome.Completed, Switch(TaskSwitchCause.Gate, out _, errorCode: 0x1230));
        Assert.Equal(0x8000ul, _machine[GeneralRegister.RSP]);
        Assert.Equal(0x1230ul, _machine.Bus.Peek(0x8000, 4));
    }

    [Fact]
    public void A_task_of_ring_3_has_its_segments_and_its_local_table()
    {
        Set(0x4C, UserCode | 3);
        Set(0x50, UserData | 3);
        Set(0x48, 0);
        Set(0x58, 0);
        Set(0x54, 0x0F); // of the local table, ring 3
        Set(0x60, Local);
        _machine.Bus.Poke(0x7008, 0x00CF_F200_0000_FFFF);
        Assert.Equal(EmulationOutcome.Completed, Switch(TaskSwitchCause.Jump, out _));
        Assert.Equal((3, UserCode | 3, 0x0F), (_machine.State.CPL, _machine.State.CS.Selector, _machine.State.DS.Selector));
        Assert.Equal((Local, 0x7000ul), (_machine.Emulator.Tables.LDTR.Selector, _machine.Emulator.Tables.LDTR.Base));
    }

    [Fact]
    public void A_task_may_be_one_of_virtual_8086_mode()
    {
        Set(0x24, (ulong)(Rflags.AlwaysOne | Rflags.VM));
        Set(0x4C, 0x200);
        Assert.Equal(EmulationOutcome.Completed, Switch(TaskSwitchCause.Jump, out _));
        Assert.Equal((3, 0x2000ul, 0xFFFFu, (SegmentAttributes)0xF3),
            (_machine.State.CPL, _machine.State.CS.Base, _machine.State.CS.Limit, _machine.State.CS.Attributes));
    }

    [Fact]
    public void A_task_can_be_trapped()
    {
        Set(0x64, 1);
        Assert.Equal(EmulationOutcome.Completed, Switch(TaskSwitchCause.Call, out _));
        Assert.Equal(Dr6.BT, _machine.Emulator.Traps);
    }

    [Theory]
    [InlineData(TaskSwitchCause.Call, New, Busy, 0x67, ExceptionVector.GP)]
    [InlineData(TaskSwitchCause.Return, New, Available, 0x67, ExceptionVector.TS)]
    [InlineData(TaskSwitchCause.Jump, New, 0x09, 0x67, ExceptionVector.NP)]
    [InlineData(TaskSwitchCause.Gate, New, Available, 0x66, ExceptionVector.TS)]
    [InlineData(TaskSwitchCause.Call, New, 0x92, 0x67, ExceptionVector.GP)]
    [InlineData(TaskSwitchCause.Call, 0x40, Available, 0x67, ExceptionVector.GP)]
    [InlineData(TaskSwitchCause.Return, New | 4, Available, 0x67, ExceptionVector.TS)]
    public void A_bad_TSS_is_the_old_tasks_fault(TaskSwitchCause cause, ushort selector, ulong access, uint limit, ExceptionVector vector)
    {
        Describe(New, NewTss, limit, access);
        _machine.State.CPL = 3;
        byte[] before = [.. _machine.Bus.Memory];
        _machine.AssertException(Switch(cause, out bool hasSwitched, selector: selector), vector, selector);
        Assert.False(hasSwitched);
        Assert.Equal(before, _machine.Bus.Memory);
        Assert.Equal((3, Old), (_machine.State.CPL, _machine.Emulator.Tables.TR.Selector));
    }

    [Theory]
    [InlineData(0x4C, 0, ExceptionVector.TS, 0)]
    [InlineData(0x4C, Data, ExceptionVector.TS, Data)]
    [InlineData(0x4C, UserCode, ExceptionVector.TS, UserCode)] // DPL 3, RPL 0
    [InlineData(0x50, 0, ExceptionVector.TS, 0)]
    [InlineData(0x50, Code, ExceptionVector.TS, Code)]
    [InlineData(0x50, UserData | 3, ExceptionVector.TS, UserData)]
    [InlineData(0x54, 0x48, ExceptionVector.TS, 0x48)]
    [InlineData(0x54, New, ExceptionVector.TS, New)]
    [InlineData(0x60, Data, ExceptionVector.TS, Data)]
    [InlineData(0x60, 4, ExceptionVector.TS, 4)]
    public void A_bad_segment_is_the_new_tasks_fault(uint field, ushort selector, ExceptionVector vector, uint errorCode)
    {
        Set(field, selector);
        Assert.Equal(EmulationOutcome.Exception, Switch(TaskSwitchCause.Call, out bool hasSwitched));
        Assert.True(hasSwitched);
        Assert.Equal((vector, errorCode), (_machine.Emulator.Exception.Vector, _machine.Emulator.Exception.ErrorCode));
        Assert.Equal((0x2000ul, New), (_machine.State.RIP, _machine.Emulator.Tables.TR.Selector));
    }

    [Theory]
    [InlineData(0x81)]
    [InlineData(0x83)]
    public void A_TSS_of_16_bits_is_not_emulated(ulong access)
    {
        Describe(New, NewTss, 0x2B, access);
        Assert.Equal(EmulationOutcome.Unsupported, Switch(TaskSwitchCause.Call, out bool hasSwitched));
        Assert.False(hasSwitched);
    }

    private EmulationOutcome Switch(TaskSwitchCause cause, out bool hasSwitched, byte length = 0, ushort selector = New, uint? errorCode = null) =>
        _machine.Emulator.SwitchTask(
            new TaskSwitch { Selector = selector, Cause = cause, Length = length, HasErrorCode = errorCode is not null, ErrorCode = errorCode ?? 0 },
            out hasSwitched);

    private void Set(uint field, ulong value) => _machine.Bus.Poke(NewTss + field, value, 4);

    // Attributes as a segment register has them.
    private void Describe(ushort selector, ulong address, uint limit, ulong attributes) => _machine.Bus.Poke(
        Gdt + selector,
        limit & 0xFFFF | (address & 0xFF_FFFF) << 16 | (attributes & 0xFF) << 40 | (limit & 0xF_0000ul) << 32 | (attributes & 0xF00) << 44 | (address >> 24) << 56);
}
