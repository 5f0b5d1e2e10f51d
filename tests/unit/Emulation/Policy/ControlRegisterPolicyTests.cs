using HyperOS.Emulation;
using HyperOS.Specs.X86;

namespace HyperOS.Tests.Unit.Emulation.Policy;

public class ControlRegisterPolicyTests
{
    private readonly ControlRegisterPolicy _policy = new(TestHost.Policy());

    private static ControlRegisters RealMode => new() { CR0 = Cr0.ET, XCR0 = Xcr0.X87 };

    private static ControlRegisters LongMode => new()
    {
        CR0 = Cr0.PE | Cr0.ET | Cr0.PG | Cr0.WP, CR4 = Cr4.PAE, EFER = Efer.LME | Efer.LMA | Efer.SCE, XCR0 = Xcr0.X87, IsCode64Bit = true,
    };

    [Fact]
    public void The_way_into_long_mode_and_back_is_open()
    {
        ControlRegisters registers = RealMode;
        Assert.True(_policy.TryWriteCr0(ref registers, (ulong)Cr0.PE));
        Assert.True(_policy.TryWriteCr4(ref registers, (ulong)Cr4.PAE));
        Assert.True(_policy.TryWriteEfer(ref registers, (ulong)(Efer.LME | Efer.NXE)));
        Assert.True(_policy.TryWriteCr0(ref registers, (ulong)(Cr0.PE | Cr0.PG)));
        Assert.Equal(Efer.LME | Efer.LMA | Efer.NXE, registers.EFER);
        Assert.Equal(Cr0.PE | Cr0.PG | Cr0.ET, registers.CR0);
        Assert.True(_policy.TryWriteCr0(ref registers, (ulong)Cr0.PE));
        Assert.Equal(Efer.LME | Efer.NXE, registers.EFER);
        Assert.True(_policy.TryWriteEfer(ref registers, 0));
        Assert.True(_policy.TryWriteCr0(ref registers, 0));
        Assert.Equal(Cr0.ET, registers.CR0);
    }

    [Theory]
    [InlineData((ulong)Cr0.PG)]
    [InlineData((ulong)(Cr0.NW | Cr0.PE))]
    [InlineData(0x1_0000_0001ul)]
    public void Impossible_CR0_values_fault_and_change_nothing(ulong value)
    {
        ControlRegisters registers = RealMode;
        Assert.False(_policy.TryWriteCr0(ref registers, value));
        Assert.Equal(RealMode, registers);
    }

    [Fact]
    public void Paging_with_LME_needs_PAE_and_a_code_segment_that_is_not_64_bit()
    {
        ControlRegisters registers = RealMode;
        registers.EFER = Efer.LME;
        Assert.False(_policy.TryWriteCr0(ref registers, (ulong)(Cr0.PE | Cr0.PG)));
        registers.CR4 = Cr4.PAE;
        registers.IsCode64Bit = true;
        Assert.False(_policy.TryWriteCr0(ref registers, (ulong)(Cr0.PE | Cr0.PG)));
        registers.IsCode64Bit = false;
        Assert.True(_policy.TryWriteCr0(ref registers, (ulong)(Cr0.PE | Cr0.PG)));
    }

    [Fact]
    public void Paging_cannot_be_left_from_64_bit_code_nor_with_PCIDs()
    {
        ControlRegisters registers = LongMode;
        Assert.False(_policy.TryWriteCr0(ref registers, (ulong)Cr0.PE));
        registers.IsCode64Bit = false;
        registers.CR4 |= Cr4.PCIDE;
        Assert.False(_policy.TryWriteCr0(ref registers, (ulong)Cr0.PE));
    }

    [Theory]
    [InlineData((ulong)Cr4.VMXE)]
    [InlineData((ulong)Cr4.SMXE)]
    [InlineData((ulong)Cr4.LA57)]
    [InlineData((ulong)Cr4.PKE)]
    [InlineData((ulong)Cr4.CET)]
    [InlineData((ulong)Cr4.UINTR)]
    [InlineData(1ul << 15)]
    [InlineData(1ul << 63)]
    public void CR4_bits_that_CPUID_does_not_offer_fault(ulong bit)
    {
        ControlRegisters registers = LongMode;
        Assert.False(_policy.TryWriteCr4(ref registers, (ulong)Cr4.PAE | bit));
        Assert.Equal(LongMode, registers);
    }

    [Fact]
    public void CR4_takes_what_Linux_sets()
    {
        ControlRegisters registers = LongMode;
        Cr4 value = Cr4.DE | Cr4.PSE | Cr4.PAE | Cr4.MCE | Cr4.PGE | Cr4.OSFXSR | Cr4.OSXMMEXCPT | Cr4.UMIP | Cr4.FSGSBASE | Cr4.PCIDE
            | Cr4.OSXSAVE | Cr4.SMEP | Cr4.SMAP;
        Assert.True(_policy.TryWriteCr4(ref registers, (ulong)value));
        Assert.Equal(value, registers.CR4);
    }

    [Fact]
    public void PAE_stays_in_long_mode_and_PCIDE_needs_long_mode_and_PCID_zero()
    {
        ControlRegisters registers = LongMode;
        Assert.False(_policy.TryWriteCr4(ref registers, 0));
        registers.CR3 = 1;
        Assert.False(_policy.TryWriteCr4(ref registers, (ulong)(Cr4.PAE | Cr4.PCIDE)));
        registers.CR3 = 0x1000;
        Assert.True(_policy.TryWriteCr4(ref registers, (ulong)(Cr4.PAE | Cr4.PCIDE)));
        ControlRegisters real = RealMode;
        Assert.False(_policy.TryWriteCr4(ref real, (ulong)(Cr4.PAE | Cr4.PCIDE)));
    }

    [Theory]
    [InlineData((ulong)Efer.SVME)]
    [InlineData((ulong)Efer.LMSLE)]
    [InlineData((ulong)Efer.TCE)]
    [InlineData(2ul)]
    [InlineData(1ul << 63)]
    public void EFER_bits_that_CPUID_does_not_offer_fault(ulong bit)
    {
        ControlRegisters registers = LongMode;
        Assert.False(_policy.TryWriteEfer(ref registers, (ulong)(Efer.LME | Efer.LMA) | bit));
        Assert.Equal(LongMode, registers);
    }

    [Fact]
    public void LME_cannot_change_under_paging_and_LMA_cannot_be_written()
    {
        ControlRegisters registers = LongMode;
        Assert.False(_policy.TryWriteEfer(ref registers, (ulong)Efer.SCE));
        Assert.True(_policy.TryWriteEfer(ref registers, (ulong)(Efer.LME | Efer.NXE)));
        Assert.Equal(Efer.LME | Efer.LMA | Efer.NXE, registers.EFER);
        ControlRegisters real = RealMode;
        Assert.True(_policy.TryWriteEfer(ref real, (ulong)Efer.LMA));
        Assert.Equal((Efer)0, real.EFER);
    }

    [Fact]
    public void SVME_is_never_a_guest_s() => Assert.Equal((Efer)0, _policy.AllowedEfer & Efer.SVME);

    [Theory]
    [InlineData(0x0ul, false)]
    [InlineData(0x1ul, true)]
    [InlineData(0x3ul, true)]
    [InlineData(0x5ul, false)]
    [InlineData(0x6ul, false)]
    [InlineData(0x7ul, true)]
    [InlineData(0x27ul, false)]
    [InlineData(0xE3ul, false)]
    [InlineData(0xE7ul, true)]
    [InlineData(0x207ul, false)]
    [InlineData(0x8000000000000007ul, false)]
    public void XCR0_takes_whole_sets_of_offered_components(ulong value, bool taken)
    {
        ControlRegisters registers = LongMode;
        Assert.Equal(taken, _policy.TryWriteXcr0(ref registers, value));
        Assert.Equal(taken ? (Xcr0)value : Xcr0.X87, registers.XCR0);
    }

    [Fact]
    public void Without_XSAVE_neither_OSXSAVE_nor_XCR0_can_be_set()
    {
        ControlRegisterPolicy bare = new(TestHost.Policy(guest: TestHost.Guest(state: 0)));
        ControlRegisters registers = LongMode;
        Assert.False(bare.TryWriteCr4(ref registers, (ulong)(Cr4.PAE | Cr4.OSXSAVE)));
        Assert.False(bare.TryWriteXcr0(ref registers, 1));
    }
}
