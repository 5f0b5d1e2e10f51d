using HyperOS.Core;
using HyperOS.Emulation;
using HyperOS.Specs.X86;

namespace HyperOS.Tests.Unit.Emulation;

public class InstructionEmulatorTests
{
    private const ulong Device = TestBus.Device;

    [Theory]
    [InlineData("88 0F", "W1 40")]
    [InlineData("66 89 0F", "W2 40")]
    [InlineData("89 0F", "W4 40")]
    [InlineData("48 89 0F", "W8 40")]
    [InlineData("8B 0F", "R4 40")]
    [InlineData("0F B6 0F", "R1 40")]
    [InlineData("48 0F BF 0F", "R2 40")]
    [InlineData("C7 07 78 56 34 12", "W4 40")]
    [InlineData("0F C3 0F", "W4 40")]
    [InlineData("0F 38 F1 0F", "W4 40")]
    [InlineData("F3 0F 7F 17", "W16 40")]
    [InlineData("0F 28 17", "R16 40")]
    [InlineData("66 0F 7E 17", "W4 40")]
    [InlineData("83 3F 01", "R4 40")]
    [InlineData("F7 07 01 00 00 00", "R4 40")]
    [InlineData("83 0F 01", "R4 40,W4 40")]
    [InlineData("F0 83 0F 01", "R4 40,W4 40")]
    [InlineData("87 0F", "R4 40,W4 40")]
    [InlineData("0F C1 0F", "R4 40,W4 40")]
    [InlineData("0F B1 0F", "R4 40,W4 40")]
    [InlineData("0F C7 0F", "R8 40,W8 40")]
    [InlineData("48 0F C7 0F", "R16 40,W16 40")]
    [InlineData("D1 27", "R4 40,W4 40")]
    [InlineData("F7 17", "R4 40,W4 40")]
    [InlineData("0F BA 2F 03", "R4 40,W4 40")]
    [InlineData("FE 07", "R1 40,W1 40")]
    [InlineData("A4", "R1 40,W1 80")]
    [InlineData("A7", "R4 40,R4 80")]
    public void A_device_sees_each_access_once_and_as_wide_as_it_was_issued(string code, string log)
    {
        TestMachine machine = TestMachine.Long();
        bool isString = code is "A4" or "A7";
        machine[GeneralRegister.RSI] = Device + 0x40;
        machine[GeneralRegister.RDI] = Device + (isString ? 0x80ul : 0x40);
        Assert.Equal(EmulationOutcome.Completed, machine.Run(code));
        Assert.Equal(log, string.Join(',', machine.Bus.Log));
        Assert.Equal(TestMachine.CodeAddress + (ulong)code.Split(' ').Length, machine.State.RIP);
    }

    [Fact]
    public void Register_operands_are_written_in_their_width()
    {
        TestMachine machine = TestMachine.Long();
        machine[GeneralRegister.RDI] = 0x4000;
        machine.Bus.Poke(0x4000, 0xFEDC_BA98_7654_3210);
        foreach ((string code, ulong expected) in new (string, ulong)[]
        {
            ("8A 27", 0x1122_3344_5566_1088), ("8A 07", 0x1122_3344_5566_7710), ("66 8B 07", 0x1122_3344_5566_3210), ("8B 07", 0x7654_3210),
            ("48 8B 07", 0xFEDC_BA98_7654_3210), ("0F B6 07", 0x10), ("48 63 47 04", 0xFFFF_FFFF_FEDC_BA98), ("66 0F BE 47 07", 0x1122_3344_5566_FFFE),
            ("48 0F 38 F0 07", 0x1032_5476_98BA_DCFE), ("66 0F 38 F0 07", 0x1122_3344_5566_1032),
        })
        {
            machine.State.RIP = TestMachine.CodeAddress;
            machine[GeneralRegister.RAX] = 0x1122_3344_5566_7788;
            Assert.Equal(EmulationOutcome.Completed, machine.Run(code));
            Assert.Equal(expected, machine[GeneralRegister.RAX]);
        }
    }

    [Fact]
    public void Addresses_are_computed_in_the_address_size()
    {
        TestMachine machine = TestMachine.Long();
        machine[GeneralRegister.RAX] = 0xAB;
        machine[GeneralRegister.RBX] = 0xFFFF_FFFF_0000_4000;
        machine[GeneralRegister.RCX] = 0x10;
        machine.Run("67 88 44 8B 05");
        Assert.Equal(0xABul, machine.Bus.Peek(0x4045, 1));

        machine.State.RIP = TestMachine.CodeAddress;
        machine.Run("88 05 F9 3F 00 00");
        Assert.Equal(0xABul, machine.Bus.Peek(TestMachine.CodeAddress + 6 + 0x3FF9, 1));

        machine.State.RIP = TestMachine.CodeAddress;
        machine.State.GS.Base = 0x5000;
        machine.Run("65 A2 10 00 00 00 00 00 00 00");
        Assert.Equal(0xABul, machine.Bus.Peek(0x5010, 1));

        machine = TestMachine.Real();
        machine.State.SS.Base = 0x10000;
        machine.State.DS.Base = 0x20000;
        machine[GeneralRegister.RAX] = 0xCD;
        machine[GeneralRegister.RBP] = 0xFFF0;
        machine[GeneralRegister.RSI] = 0x30;
        machine[GeneralRegister.RBX] = 0xFFF1;
        machine.Run("88 02");
        Assert.Equal(0xCDul, machine.Bus.Peek(0x10020, 1));
        machine.State.RIP = TestMachine.CodeAddress;
        machine.Run("88 00");
        Assert.Equal(0xCDul, machine.Bus.Peek(0x20021, 1));
    }

    [Fact]
    public void A_locked_instruction_that_another_processor_disturbs_runs_again()
    {
        TestMachine machine = TestMachine.Long();
        machine[GeneralRegister.RDI] = 0x4000;
        machine.Bus.Poke(0x4000, 5);
        machine.Bus.Interference = 1;
        Assert.Equal(EmulationOutcome.Again, machine.Run("F0 FF 07"));
        Assert.Equal(TestMachine.CodeAddress, machine.State.RIP);
        Assert.Equal(5ul, machine.Bus.Peek(0x4000));
        Assert.Equal(EmulationOutcome.Completed, machine.Emulator.Run(1));
        Assert.Equal(6ul, machine.Bus.Peek(0x4000));
        Assert.Equal(2, machine.Bus.CompareExchanges);
    }

    [Fact]
    public void Exchange_is_locked_without_a_prefix_and_locked_accesses_do_not_cross_pages()
    {
        TestMachine machine = TestMachine.Long();
        machine[GeneralRegister.RDI] = 0x4000;
        machine[GeneralRegister.RCX] = 7;
        machine.Bus.Poke(0x4000, 5);
        Assert.Equal(EmulationOutcome.Completed, machine.Run("48 87 0F"));
        Assert.Equal((7ul, 5ul, 1), (machine.Bus.Peek(0x4000), machine[GeneralRegister.RCX], machine.Bus.CompareExchanges));

        machine.State.RIP = TestMachine.CodeAddress;
        machine[GeneralRegister.RDI] = 0x4FFE;
        Assert.Equal(EmulationOutcome.Unsupported, machine.Run("48 87 0F"));
        Assert.Equal("48870F", Convert.ToHexString(machine.Emulator.Code[..3]));
        Assert.Equal(EmulationOutcome.Completed, machine.Run("48 01 0F"));
        Assert.Equal(5ul, machine.Bus.Peek(0x4FFE));
    }

    [Theory]
    [InlineData(5ul, true)]
    [InlineData(6ul, false)]
    public void Compare_and_exchange(ulong memory, bool equal)
    {
        TestMachine machine = TestMachine.Long();
        machine[GeneralRegister.RDI] = 0x4000;
        machine[GeneralRegister.RAX] = 0xFFFF_FFFF_0000_0005;
        machine[GeneralRegister.RCX] = 9;
        machine.Bus.Poke(0x4000, memory);
        machine.Run("0F B1 0F");
        Assert.Equal(equal ? 9ul : memory, machine.Bus.Peek(0x4000));
        Assert.Equal(equal ? 0xFFFF_FFFF_0000_0005 : memory, machine[GeneralRegister.RAX]);
        Assert.Equal(equal, (machine.State.RFLAGS & Rflags.ZF) != 0);
        Assert.Equal(!equal, (machine.State.RFLAGS & Rflags.CF) != 0);
    }

    [Theory]
    [InlineData("0F C7 0F")]
    [InlineData("48 0F C7 0F")]
    [InlineData("F0 48 0F C7 0F")]
    public void Wide_compare_and_exchange(string code)
    {
        TestMachine machine = TestMachine.Long();
        bool is16 = code.Contains("48", StringComparison.Ordinal);
        int half = is16 ? 8 : 4;
        machine[GeneralRegister.RDI] = 0x4000;
        (machine[GeneralRegister.RAX], machine[GeneralRegister.RDX]) = (1, 2);
        (machine[GeneralRegister.RBX], machine[GeneralRegister.RCX]) = (3, 4);
        machine.Bus.Poke(0x4000, 1, half);
        machine.Bus.Poke(0x4000 + (ulong)half, 2, half);
        machine.Run(code);
        Assert.Equal((3ul, 4ul), (machine.Bus.Peek(0x4000, half), machine.Bus.Peek(0x4000 + (ulong)half, half)));
        Assert.True((machine.State.RFLAGS & Rflags.ZF) != 0);

        machine.State.RIP = TestMachine.CodeAddress;
        machine.Run(code);
        Assert.Equal((3ul, 4ul), (machine[GeneralRegister.RAX], machine[GeneralRegister.RDX]));
        Assert.True((machine.State.RFLAGS & Rflags.ZF) == 0);

        if (is16)
        {
            machine.State.RIP = TestMachine.CodeAddress;
            machine[GeneralRegister.RDI] = 0x4008;
            machine.AssertException(machine.Run(code), ExceptionVector.GP);
        }
    }

    [Fact]
    public void Vector_moves_keep_or_clear_the_rest_of_the_register()
    {
        TestMachine machine = TestMachine.Long();
        machine[GeneralRegister.RDI] = 0x4000;
        machine.Bus.Poke(0x4000, 0x1111_2222_3333_4444);
        machine.Bus.Poke(0x4008, 0x5555_6666_7777_8888);
        foreach ((string code, ulong low, ulong high) in new[]
        {
            ("66 0F 6E 17", 0x3333_4444ul, 0ul), ("66 48 0F 6E 17", 0x1111_2222_3333_4444ul, 0ul), ("F3 0F 7E 17", 0x1111_2222_3333_4444ul, 0ul),
            ("0F 10 17", 0x1111_2222_3333_4444ul, 0x5555_6666_7777_8888ul), ("66 0F 38 2A 17", 0x1111_2222_3333_4444ul, 0x5555_6666_7777_8888ul),
        })
        {
            machine.State.RIP = TestMachine.CodeAddress;
            machine.Bus.Vectors[2] = (ulong.MaxValue, ulong.MaxValue);
            Assert.Equal(EmulationOutcome.Completed, machine.Run(code));
            Assert.Equal((low, high), machine.Bus.Vectors[2]);
        }
        machine.State.RIP = TestMachine.CodeAddress;
        machine[GeneralRegister.RDI] = 0x4FF9;
        machine.Run("0F 11 17");
        Assert.Equal((0x1111_2222_3333_4444ul, 0x5555_6666_7777_8888ul), (machine.Bus.Peek(0x4FF9), machine.Bus.Peek(0x5001)));

        machine.State.RIP = TestMachine.CodeAddress;
        machine.AssertException(machine.Run("0F 29 17"), ExceptionVector.GP);
        machine.State.CR0 |= Cr0.TS;
        machine.AssertException(machine.Run("0F 11 17"), ExceptionVector.NM);
        machine.State.CR4 &= ~Cr4.OSFXSR;
        machine.AssertException(machine.Run("0F 11 17"), ExceptionVector.UD);
    }

    [Fact]
    public void Push_and_pop_use_the_old_and_the_new_stack_pointer()
    {
        TestMachine machine = TestMachine.Long();
        machine[GeneralRegister.RSP] = 0x8000;
        machine.Bus.Poke(0x8008, 0x1234);
        machine.Run("FF 74 24 08");
        Assert.Equal((0x7FF8ul, 0x1234ul), (machine[GeneralRegister.RSP], machine.Bus.Peek(0x7FF8)));

        machine.State.RIP = TestMachine.CodeAddress;
        machine.Run("8F 44 24 10");
        Assert.Equal((0x8000ul, 0x1234ul), (machine[GeneralRegister.RSP], machine.Bus.Peek(0x8010)));

        machine = TestMachine.Real();
        machine[GeneralRegister.RSP] = 0xABCD_0000;
        machine[GeneralRegister.RBX] = 0x4000;
        machine.Bus.Poke(0x4000, 0x5678);
        machine.Run("FF 37");
        Assert.Equal((0xABCD_FFFEul, 0x5678ul), (machine[GeneralRegister.RSP], machine.Bus.Peek(0xFFFE, 2)));
    }

    [Fact]
    public void Accesses_across_a_page_are_split()
    {
        for (ulong offset = 0xFF9; offset <= 0xFFF; offset++)
        {
            TestMachine machine = TestMachine.Long();
            machine[GeneralRegister.RDI] = 0x4000 + offset;
            machine[GeneralRegister.RCX] = 0x1122_3344_5566_7788;
            machine.Run("48 89 0F");
            Assert.Equal(0x1122_3344_5566_7788ul, machine.Bus.Peek(0x4000 + offset));
            machine.Run("48 8B 07");
            Assert.Equal(0x1122_3344_5566_7788ul, machine[GeneralRegister.RAX]);
        }
    }

    [Fact]
    public void The_end_of_an_instruction_clears_RF_and_reports_single_steps()
    {
        TestMachine machine = TestMachine.Long();
        machine[GeneralRegister.RDI] = 0x4000;
        machine.State.RFLAGS |= Rflags.RF | Rflags.TF;
        machine.Run("89 07");
        Assert.Equal(Rflags.TF | Rflags.AlwaysOne, machine.State.RFLAGS);
        Assert.Equal(Dr6.BS, machine.Emulator.Traps);
        machine.State.RFLAGS &= ~Rflags.TF;
        machine.Run("89 07");
        Assert.Equal((Dr6)0, machine.Emulator.Traps);
    }

    [Theory]
    [InlineData("89 07", 0x4000, 0x1_0000, 1)] // MOV [RDI], EAX; breakpoint 0 on writes, a byte
    [InlineData("89 07", 0x4003, 0x1_0000, 1)]
    [InlineData("89 07", 0x4004, 0x1_0000, 0)]
    [InlineData("89 07", 0x3FFF, 0x1_0000, 0)]
    [InlineData("89 07", 0x4007, 0xD_0000, 0)] // four bytes, at 4004h
    [InlineData("89 07", 0x3FF9, 0x9_0000, 0)] // eight
    [InlineData("48 89 47 F9", 0x3FF9, 0x9_0000, 1)]
    [InlineData("8B 07", 0x4000, 0x1_0000, 0)]
    [InlineData("8B 07", 0x4000, 0x3_0000, 1)] // on any access
    [InlineData("83 07 01", 0x4000, 0x1_0000, 1)] // ADD [RDI], 1
    [InlineData("8B 07", 0x4000, 0x2_0000, 0)] // on ports
    [InlineData("8B 07", 0x4000, 0x0_0000, 0)] // on execution
    public void Breakpoints_on_data_trap_behind_the_access(string code, ulong address, ulong control, ulong expected)
    {
        TestMachine machine = TestMachine.Long();
        machine[GeneralRegister.RDI] = 0x4000;
        machine.Emulator.Breakpoints.Addresses[0] = address;
        machine.Emulator.Breakpoints.Control = (Dr7)(control | 1);
        Assert.Equal(EmulationOutcome.Completed, machine.Run(code));
        Assert.Equal((Dr6)expected, machine.Emulator.Traps);

        machine.State.RIP = TestMachine.CodeAddress;
        machine.Emulator.Breakpoints.Control = (Dr7)control;
        machine.Run(code);
        Assert.Equal((Dr6)0, machine.Emulator.Traps);
    }

    [Fact]
    public void What_faults_meets_no_breakpoint()
    {
        TestMachine machine = TestMachine.Long();
        machine[GeneralRegister.RDI] = 0x4000;
        machine.Emulator.Breakpoints.Addresses[3] = 0x4000;
        machine.Emulator.Breakpoints.Control = (Dr7)0x3000_0080;
        machine.AssertException(machine.Run("F7 37"), ExceptionVector.DE); // DIV dword [RDI], which is zero
        Assert.Equal((Dr6)0, machine.Emulator.Traps);
        machine.State.RFLAGS |= Rflags.TF;
        machine.Run("8B 07");
        Assert.Equal(Dr6.B3 | Dr6.BS, machine.Emulator.Traps);
    }

    [Theory]
    [InlineData(0x3F8, 1, 0x2_0001, 1)]
    [InlineData(0x3F6, 4, 0x2_0001, 1)]
    [InlineData(0x3F7, 1, 0x2_0001, 0)]
    [InlineData(0x3F9, 1, 0x2_0001, 0)]
    [InlineData(0x3F9, 1, 0x6_0001, 1)] // two bytes
    [InlineData(0x3F8, 1, 0x1_0001, 0)] // on data
    [InlineData(0x3F8, 1, 0x2_0000, 0)]
    public void Breakpoints_on_ports_need_CR4_DE(ushort port, int size, ulong control, ulong expected)
    {
        DebugBreakpoints breakpoints = default;
        breakpoints.Addresses[0] = 0x3F8;
        breakpoints.Control = (Dr7)control;
        Assert.Equal((control & 1) != 0, breakpoints.Watches);
        Assert.Equal((Dr6)expected, breakpoints.MatchPort(port, size, Cr4.DE));
        Assert.Equal((Dr6)0, breakpoints.MatchPort(port, size, Cr4.PAE));
    }

    [Fact]
    public void The_instruction_pointer_wraps_in_its_own_size()
    {
        TestMachine machine = TestMachine.Real();
        machine.State.RIP = 0xFFFE;
        machine[GeneralRegister.RBX] = 0x4000;
        machine.Run("88 07");
        Assert.Equal(0ul, machine.State.RIP);
    }

    [Fact]
    public void Saved_bytes_are_used_and_completed()
    {
        TestMachine machine = TestMachine.Long();
        machine[GeneralRegister.RDI] = 0x4000;
        machine[GeneralRegister.RCX] = 0x55;
        Convert.FromHexString("F4488B88000200009090").CopyTo(machine.Bus.Memory, 0x1000);
        Assert.Equal(EmulationOutcome.Completed, machine.Emulator.Run([0x88, 0x0F], 1));
        Assert.Equal(0x55ul, machine.Bus.Peek(0x4000));

        machine.State.RIP = 0x1001;
        machine[GeneralRegister.RAX] = 0x3E00;
        Assert.Equal(EmulationOutcome.Completed, machine.Emulator.Run([0x48, 0x8B, 0x88], 1));
        Assert.Equal((0x55ul, 0x1008ul), (machine[GeneralRegister.RCX], machine.State.RIP));
    }

    [Fact]
    public void A_nested_fault_gives_the_translation_of_its_own_access_only()
    {
        TestMachine machine = TestMachine.Long();
        machine[GeneralRegister.RDI] = 0x7_0000_0040;
        machine.Emulator.UseNestedFault(new GuestPhysicalAddress(Device + 0x40), write: true);
        Assert.Equal(EmulationOutcome.Completed, machine.Run("89 0F"));
        Assert.Equal(["W4 40"], machine.Bus.Log);

        Assert.Equal(EmulationOutcome.Refused, machine.Run("89 0F"));
        machine.Emulator.UseNestedFault(new GuestPhysicalAddress(Device + 0x40), write: false);
        Assert.Equal(EmulationOutcome.Refused, machine.Run("89 0F"));
        machine.Emulator.UseNestedFault(new GuestPhysicalAddress(Device + 0x44), write: true);
        Assert.Equal(EmulationOutcome.Refused, machine.Run("89 0F"));
    }

    [Fact]
    public void Undecodable_code_is_named_or_refused_as_the_processor_would()
    {
        TestMachine machine = TestMachine.Long();
        Assert.Equal(EmulationOutcome.Unsupported, machine.Run("C5 F8 10 07"));
        Assert.Equal("C5F81007", Convert.ToHexString(machine.Emulator.Code[..4]));
        machine.AssertException(machine.Run("F0 89 07"), ExceptionVector.UD);
        machine.AssertException(machine.Run("66 66 66 66 66 66 66 66 66 66 66 66 66 66 89 07"), ExceptionVector.GP);
        Assert.Equal((Dr6)0, machine.Emulator.Traps);
    }

    [Fact]
    public void Noncanonical_addresses_fault_by_segment()
    {
        TestMachine machine = TestMachine.Long();
        machine[GeneralRegister.RDI] = 0x0000_7FFF_FFFF_FFFE;
        machine.AssertException(machine.Run("89 07"), ExceptionVector.GP);
        machine[GeneralRegister.RBP] = 0x8000_0000_0000_0000;
        machine.AssertException(machine.Run("89 45 00"), ExceptionVector.SS);
        machine[GeneralRegister.RDI] = 0x00FF_FFFF_FFFF_F000;
        machine.State.CR4 |= Cr4.LA57;
        Assert.Equal(EmulationOutcome.Refused, machine.Run("89 07"));
    }

    [Theory]
    [InlineData(0x2000u, "88 07", SegmentAttributes.ReadWrite, null)]
    [InlineData(0x1FFFu, "89 07", SegmentAttributes.ReadWrite, ExceptionVector.GP)]
    [InlineData(0x1FFCu, "89 07", SegmentAttributes.ReadWrite, null)]
    [InlineData(0x2001u, "88 07", SegmentAttributes.ReadWrite, ExceptionVector.GP)]
    [InlineData(0x0100u, "88 07", default(SegmentAttributes), ExceptionVector.GP)]
    [InlineData(0x0100u, "8A 07", default(SegmentAttributes), null)]
    [InlineData(0x0100u, "8A 07", SegmentAttributes.Code, ExceptionVector.GP)]
    [InlineData(0x0100u, "8A 07", SegmentAttributes.Code | SegmentAttributes.ReadWrite, null)]
    [InlineData(0x0100u, "88 07", SegmentAttributes.Code | SegmentAttributes.ReadWrite, ExceptionVector.GP)]
    [InlineData(0x2001u, "88 07", SegmentAttributes.ConformingDown | SegmentAttributes.ReadWrite, null)]
    [InlineData(0x2000u, "88 07", SegmentAttributes.ConformingDown | SegmentAttributes.ReadWrite, ExceptionVector.GP)]
    [InlineData(0xFFFFu, "89 07", SegmentAttributes.ConformingDown | SegmentAttributes.ReadWrite, ExceptionVector.GP)]
    public void Segments_check_limit_and_type(uint offset, string code, SegmentAttributes type, ExceptionVector? vector)
    {
        TestMachine machine = TestMachine.Protected();
        machine.State.DS = new SegmentState { Base = 0x3000, Limit = 0x2000, Attributes = SegmentAttributes.P | SegmentAttributes.S | type };
        machine[GeneralRegister.RDI] = offset;
        EmulationOutcome outcome = machine.Run(code);
        if (vector is ExceptionVector expected)
        {
            machine.AssertException(outcome, expected);
            Assert.True(machine.Emulator.Exception.HasErrorCode);
        }
        else
        {
            Assert.Equal(EmulationOutcome.Completed, outcome);
        }
    }

    [Fact]
    public void An_absent_stack_segment_faults_as_stack_and_real_mode_pushes_no_error_code()
    {
        TestMachine machine = TestMachine.Protected();
        machine.State.SS.Attributes &= ~SegmentAttributes.P;
        machine.AssertException(machine.Run("89 45 00"), ExceptionVector.SS);

        machine = TestMachine.Real();
        machine[GeneralRegister.RBX] = 0xFFFF;
        machine.AssertException(machine.Run("89 07"), ExceptionVector.GP);
        Assert.False(machine.Emulator.Exception.HasErrorCode);
    }

    [Fact]
    public void Misaligned_user_accesses_raise_AC_when_it_is_on()
    {
        TestMachine machine = TestMachine.Long();
        machine[GeneralRegister.RDI] = 0x4001;
        machine.State.RFLAGS |= Rflags.AC;
        machine.State.CR0 |= Cr0.AM;
        Assert.Equal(EmulationOutcome.Completed, machine.Run("89 07"));
        machine.State.RIP = TestMachine.CodeAddress;
        machine.State.CPL = 3;
        machine.AssertException(machine.Run("89 07"), ExceptionVector.AC);
        Assert.Equal(EmulationOutcome.Completed, machine.Run("88 07"));
    }

    [Fact]
    public void Segment_registers_are_stored_as_words()
    {
        TestMachine machine = TestMachine.Long();
        machine[GeneralRegister.RDI] = 0x4000;
        machine.State.FS.Selector = 0x2B;
        machine.Bus.Poke(0x4000, ulong.MaxValue);
        machine.Run("48 8C 27");
        Assert.Equal(0xFFFF_FFFF_FFFF_002Bul, machine.Bus.Peek(0x4000));
    }
}
