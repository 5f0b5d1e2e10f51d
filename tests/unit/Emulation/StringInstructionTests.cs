using HyperOS.Emulation;
using HyperOS.Specs.X86;

namespace HyperOS.Tests.Unit.Emulation;

public class StringInstructionTests
{
    private const ulong From = 0x4000;
    private const ulong To = 0x8000;

    [Theory]
    [InlineData(1, false), InlineData(2, false), InlineData(4, false), InlineData(8, false)]
    [InlineData(1, true), InlineData(2, true), InlineData(4, true), InlineData(8, true)]
    public void A_repeated_move_copies_in_either_direction_across_pages(int size, bool down)
    {
        const int count = 700;
        TestMachine machine = TestMachine.Long();
        Random random = new(size);
        byte[] data = new byte[count * size];
        random.NextBytes(data);
        // Odd addresses make elements cross pages.
        data.CopyTo(machine.Bus.Memory, (int)From + 3);
        ulong last = (ulong)((count - 1) * size);
        machine[GeneralRegister.RSI] = From + 3 + (down ? last : 0);
        machine[GeneralRegister.RDI] = To + 5 + (down ? last : 0);
        machine[GeneralRegister.RCX] = count;
        if (down)
            machine.State.RFLAGS |= Rflags.DF;
        Assert.Equal(EmulationOutcome.Completed, machine.Run([0xF3, .. Encode(size, 0xA4)]));
        Assert.Equal(data, machine.Bus.Memory.AsSpan((int)To + 5, data.Length).ToArray());
        Assert.Equal(0ul, machine[GeneralRegister.RCX]);
        Assert.Equal(From + 3 + (down ? unchecked((ulong)-size) : (ulong)data.Length), machine[GeneralRegister.RSI]);
        Assert.Equal(To + 5 + (down ? unchecked((ulong)-size) : (ulong)data.Length), machine[GeneralRegister.RDI]);
    }

    [Fact]
    public void A_spent_budget_leaves_the_rest_for_the_next_run()
    {
        TestMachine machine = TestMachine.Long();
        machine[GeneralRegister.RDI] = To;
        machine[GeneralRegister.RAX] = 0xAB;
        machine[GeneralRegister.RCX] = 25;
        Assert.Equal(EmulationOutcome.Again, machine.Run("F3 AA", budget: 10));
        Assert.Equal((15ul, To + 10, TestMachine.CodeAddress), (machine[GeneralRegister.RCX], machine[GeneralRegister.RDI], machine.State.RIP));
        Assert.Equal(EmulationOutcome.Again, machine.Emulator.Run(10));
        Assert.Equal(EmulationOutcome.Completed, machine.Emulator.Run(10));
        Assert.Equal((0ul, To + 25, TestMachine.CodeAddress + 2), (machine[GeneralRegister.RCX], machine[GeneralRegister.RDI], machine.State.RIP));

        machine.State.RIP = TestMachine.CodeAddress;
        machine[GeneralRegister.RCX] = 10;
        Assert.Equal(EmulationOutcome.Completed, machine.Emulator.Run(10));
        machine.State.RIP = TestMachine.CodeAddress;
        machine[GeneralRegister.RCX] = 2;
        Assert.Equal(EmulationOutcome.Again, machine.Emulator.Run(0));
        Assert.Equal(1ul, machine[GeneralRegister.RCX]);
    }

    [Fact]
    public void A_count_of_zero_touches_nothing()
    {
        TestMachine machine = TestMachine.Long();
        machine[GeneralRegister.RDI] = TestBus.Device;
        Assert.Equal(EmulationOutcome.Completed, machine.Run("F3 AB"));
        Assert.Empty(machine.Bus.Log);
        Assert.Equal(TestMachine.CodeAddress + 2, machine.State.RIP);
    }

    [Fact]
    public void Input_and_output_access_the_port_once_an_element()
    {
        TestMachine machine = TestMachine.Long();
        machine[GeneralRegister.RDX] = 0xFFFF_01F0;
        machine[GeneralRegister.RDI] = To;
        machine[GeneralRegister.RCX] = 3;
        foreach (uint value in new uint[] { 0x1111, 0x2222, 0x3333 })
            machine.Bus.Inputs.Enqueue(value);
        Assert.Equal(EmulationOutcome.Completed, machine.Run("F3 66 6D"));
        Assert.Equal(0x3333_2222_1111ul, machine.Bus.Peek(To));
        Assert.Equal(["IN2 1F0", "IN2 1F0", "IN2 1F0"], machine.Bus.Log);

        machine.Bus.Log.Clear();
        machine.State.RIP = TestMachine.CodeAddress;
        machine[GeneralRegister.RSI] = To;
        machine[GeneralRegister.RCX] = 2;
        Assert.Equal(EmulationOutcome.Completed, machine.Run("F3 48 6F"));
        Assert.Equal(["OUT4 1F0=22221111", "OUT4 1F0=3333"], machine.Bus.Log);
        Assert.Equal(To + 8, machine[GeneralRegister.RSI]);

        machine.Bus.Log.Clear();
        machine.State.RIP = TestMachine.CodeAddress;
        machine.Run("6E");
        Assert.Equal(["OUT1 1F0=0"], machine.Bus.Log);
    }

    [Fact]
    public void Input_to_a_page_that_cannot_be_written_does_not_touch_the_port()
    {
        TestMachine machine = TestMachine.Protected();
        machine.State.ES.Limit = (uint)To + 1;
        machine[GeneralRegister.RDX] = 0x60;
        machine[GeneralRegister.RDI] = To;
        machine[GeneralRegister.RCX] = 5;
        machine.AssertException(machine.Run("F3 6C"), ExceptionVector.GP);
        Assert.Equal(2, machine.Bus.Log.Count);
        Assert.Equal((3ul, To + 2), (machine[GeneralRegister.RCX], machine[GeneralRegister.RDI]));
    }

    [Theory]
    [InlineData("F3 A6", 4)]
    [InlineData("F2 A6", 1)]
    [InlineData("A6", 1)]
    public void Comparison_stops_where_its_condition_ends(string code, int compared)
    {
        TestMachine machine = TestMachine.Long();
        "abcXefg"u8.CopyTo(machine.Bus.Memory.AsSpan((int)From));
        "abcdefg"u8.CopyTo(machine.Bus.Memory.AsSpan((int)To));
        machine[GeneralRegister.RSI] = From;
        machine[GeneralRegister.RDI] = To;
        machine[GeneralRegister.RCX] = 7;
        Assert.Equal(EmulationOutcome.Completed, machine.Run(code));
        Assert.Equal(To + (ulong)compared, machine[GeneralRegister.RDI]);
        Assert.Equal(From + (ulong)compared, machine[GeneralRegister.RSI]);
        Assert.Equal(compared == 1, (machine.State.RFLAGS & Rflags.ZF) != 0);
        Assert.Equal(code == "A6" ? 7ul : 7 - (ulong)compared, machine[GeneralRegister.RCX]);
    }

    [Fact]
    public void Scan_finds_a_byte_and_load_fills_the_accumulator()
    {
        TestMachine machine = TestMachine.Long();
        "hypervisor"u8.CopyTo(machine.Bus.Memory.AsSpan((int)To));
        machine[GeneralRegister.RDI] = To;
        machine[GeneralRegister.RCX] = 10;
        machine[GeneralRegister.RAX] = 'v';
        machine.Run("F2 AE");
        Assert.Equal(To + 6, machine[GeneralRegister.RDI]);

        machine.State.RIP = TestMachine.CodeAddress;
        machine[GeneralRegister.RSI] = To;
        machine[GeneralRegister.RAX] = ulong.MaxValue;
        machine.Run("AC");
        Assert.Equal(0xFFFF_FFFF_FFFF_FF00 | 'h', machine[GeneralRegister.RAX]);
    }

    [Fact]
    public void Registers_move_in_the_address_size()
    {
        TestMachine machine = TestMachine.Real();
        machine[GeneralRegister.RSI] = 0xAAAA_FFFF;
        machine[GeneralRegister.RDI] = 0xBBBB_4000;
        machine[GeneralRegister.RCX] = 0xCCCC_0001;
        machine.Bus.Poke(0xFFFF, 0x77, 1);
        Assert.Equal(EmulationOutcome.Completed, machine.Run("F3 A4"));
        Assert.Equal((0xAAAA_0000ul, 0xBBBB_4001ul, 0xCCCC_0000ul),
            (machine[GeneralRegister.RSI], machine[GeneralRegister.RDI], machine[GeneralRegister.RCX]));
        Assert.Equal(0x77ul, machine.Bus.Peek(0x4000, 1));
    }

    [Fact]
    public void Single_stepping_stops_after_each_iteration()
    {
        TestMachine machine = TestMachine.Long();
        machine[GeneralRegister.RDI] = To;
        machine[GeneralRegister.RCX] = 2;
        machine.State.RFLAGS |= Rflags.TF;
        Assert.Equal(EmulationOutcome.Again, machine.Run("F3 AA"));
        Assert.Equal(Dr6.BS, machine.Emulator.Traps);
        Assert.Equal(1ul, machine[GeneralRegister.RCX]);
        Assert.Equal(EmulationOutcome.Completed, machine.Emulator.Run(100));
        Assert.Equal(Dr6.BS, machine.Emulator.Traps);
    }

    [Fact]
    public void Breakpoints_stop_after_the_iteration_that_meets_them()
    {
        TestMachine machine = TestMachine.Long();
        machine[GeneralRegister.RDI] = To;
        machine[GeneralRegister.RCX] = 4;
        machine.Emulator.Breakpoints.Addresses[1] = To + 2;
        machine.Emulator.Breakpoints.Control = (Dr7)0x10_0004;
        Assert.Equal(EmulationOutcome.Again, machine.Run("F3 AA"));
        Assert.Equal((Dr6.B1, 1ul), (machine.Emulator.Traps, machine[GeneralRegister.RCX]));
        Assert.Equal(EmulationOutcome.Completed, machine.Emulator.Run(100));
        Assert.Equal((Dr6)0, machine.Emulator.Traps);
    }

    [Fact]
    public void Only_the_source_takes_an_override()
    {
        TestMachine machine = TestMachine.Long();
        machine.State.FS.Base = 0x1000;
        machine.Bus.Poke(From + 0x1000, 0x42, 1);
        machine[GeneralRegister.RSI] = From;
        machine[GeneralRegister.RDI] = To;
        machine.Run("64 A4");
        Assert.Equal(0x42ul, machine.Bus.Peek(To, 1));
    }

    private static byte[] Encode(int size, byte opcode) => size switch
    {
        1 => [opcode],
        2 => [0x66, (byte)(opcode + 1)],
        4 => [(byte)(opcode + 1)],
        _ => [0x48, (byte)(opcode + 1)],
    };
}
