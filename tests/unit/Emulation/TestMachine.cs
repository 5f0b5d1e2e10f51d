using HyperOS.Emulation;
using HyperOS.Specs.X86;

namespace HyperOS.Tests.Unit.Emulation;

/// <summary>An emulator on a <see cref="TestBus"/>, in one of the processor's modes, with code at 1000h.</summary>
internal sealed class TestMachine
{
    public const ulong CodeAddress = 0x1000;
    private const SegmentAttributes Present = SegmentAttributes.P | SegmentAttributes.S;

    public const SegmentAttributes Code64 = Present | SegmentAttributes.Code | SegmentAttributes.ReadWrite | SegmentAttributes.L;
    public const SegmentAttributes Code32 = Present | SegmentAttributes.Code | SegmentAttributes.ReadWrite | SegmentAttributes.DB;
    public const SegmentAttributes Data32 = Present | SegmentAttributes.ReadWrite | SegmentAttributes.DB;
    public const SegmentAttributes Data16 = Present | SegmentAttributes.ReadWrite;

    private TestMachine()
    {
        Emulator = new InstructionEmulator(Bus);
        State.RFLAGS = Rflags.AlwaysOne;
        State.RIP = CodeAddress;
        State.PhysicalAddressBits = 40;
    }

    public TestBus Bus { get; } = new();

    public InstructionEmulator Emulator { get; }

    public ref GuestCpuState State => ref Emulator.State;

    public ulong this[GeneralRegister register]
    {
        get => State.Registers[(int)register];
        set => State.Registers[(int)register] = value;
    }

    /// <summary>64-bit mode, CPL 0. Without <see cref="Cr0.PG"/> linear addresses are physical, which spares most tests the tables.</summary>
    public static TestMachine Long()
    {
        TestMachine machine = new();
        machine.State.CR0 = Cr0.PE;
        machine.State.CR4 = Cr4.PAE | Cr4.OSFXSR | Cr4.OSXMMEXCPT;
        machine.State.EFER = Efer.LMA | Efer.NXE;
        machine.SetFlatSegments(Code64);
        return machine;
    }

    /// <summary>32-bit protected mode without paging, CPL 0, flat segments.</summary>
    public static TestMachine Protected()
    {
        TestMachine machine = new();
        machine.State.CR0 = Cr0.PE;
        machine.SetFlatSegments(Code32);
        return machine;
    }

    /// <summary>Real mode; every segment's base is 0.</summary>
    public static TestMachine Real()
    {
        TestMachine machine = new();
        SegmentState segment = new() { Attributes = Data16, Limit = 0xFFFF };
        machine.State.CS = machine.State.SS = machine.State.DS = machine.State.ES = machine.State.FS = machine.State.GS = segment;
        return machine;
    }

    public EmulationOutcome Run(string hex, int budget = 1000)
    {
        byte[] code = Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));
        return Run(code, budget);
    }

    public EmulationOutcome Run(byte[] code, int budget = 1000)
    {
        code.CopyTo(Bus.Memory, (int)State.RIP);
        return Emulator.Run(budget);
    }

    public void AssertException(EmulationOutcome outcome, ExceptionVector vector, uint errorCode = 0)
    {
        Assert.Equal(EmulationOutcome.Exception, outcome);
        Assert.Equal(vector, Emulator.Exception.Vector);
        Assert.Equal(errorCode, Emulator.Exception.ErrorCode);
        Assert.Equal(CodeAddress, State.RIP);
    }

    private void SetFlatSegments(SegmentAttributes code)
    {
        State.CS = new SegmentState { Selector = 8, Attributes = code, Limit = uint.MaxValue };
        State.SS = State.DS = State.ES = State.FS = State.GS = new SegmentState { Selector = 16, Attributes = Data32, Limit = uint.MaxValue };
    }
}
