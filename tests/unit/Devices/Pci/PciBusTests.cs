using HyperOS.Abi.State;
using HyperOS.Devices;
using HyperOS.Specs.Pci;

namespace HyperOS.Tests.Unit.Devices.Pci;

public class PciBusTests
{
    private readonly PciMachine _machine = new();

    private PciBus Bus => _machine.Bus;

    [Fact]
    public void The_host_bridge_is_device_0_and_nothing_else_is_there()
    {
        Assert.Equal(0x0008_1B36u, _machine.Read(0, 0x00));
        Assert.Equal(0x0600_0000u, _machine.Read(0, 0x08));
        Assert.Equal(0u, _machine.Read(0, 0x0E, 1));
        Assert.Equal(0u, _machine.Read(0, 0x34, 1));
        Assert.Equal(0u, _machine.Read(0, 0x3D, 1));
        for (int device = 0; device < 32; device++)
        {
            for (int function = device == 0 ? 1 : 0; function < 8; function++)
                Assert.Equal(uint.MaxValue, _machine.Read(device, 0, function: function));
        }
    }

    [Fact]
    public void The_header_tells_who_a_function_is()
    {
        _machine.Add(3);
        Assert.Equal(0x5678_1234u, _machine.Read(3, 0x00));
        Assert.Equal(0xFF01_0209u, _machine.Read(3, 0x08));
        Assert.Equal(0xCCDD_AABBu, _machine.Read(3, 0x2C));
        Assert.Equal(0u, _machine.Read(3, 0x28));
        Assert.Equal(0u, _machine.Read(3, 0x30));
        Assert.Equal(0x01FFu, _machine.Read(3, 0x3C));
        Assert.Equal(0x0010u, _machine.Read(3, 0x06, 2));
    }

    [Fact]
    public void What_is_fixed_in_the_header_cannot_be_written()
    {
        _machine.Add(3);
        for (int register = 0; register < 0x40; register += 4)
        {
            if (register is >= 0x10 and < 0x28)
                continue;
            uint before = _machine.Read(3, register);
            _machine.Write(3, register, ~before);
            uint changed = before ^ _machine.Read(3, register);
            // Command, cache line size and latency timer, interrupt line.
            Assert.Equal(register switch { 0x04 => 0x0547u, 0x0C => 0xFFFFu, 0x3C => 0xFFu, _ => 0u }, changed);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void Both_mechanisms_give_the_same_bytes_at_every_width(int width)
    {
        _machine.Add(31, 0);
        _machine.Add(31, 7);
        for (int register = 0; register < 256; register += width)
        {
            ulong expected = 0;
            for (int i = width - 1; i >= 0; i--)
                expected = expected << 8 | _machine.Read(31, register + i, 1, 7);
            Assert.Equal(expected, _machine.Read(31, register, width, 7));
            Assert.Equal(expected, _machine.Load(_machine.Ecam(31, register, 7), width));
        }
    }

    [Fact]
    public void Narrow_stores_change_their_bytes_alone_by_both_mechanisms()
    {
        _machine.Add(1);
        _machine.Write(1, 0x14, 0xAABB_C000);
        _machine.Write(1, 0x16, 0x1122, 2);
        Assert.Equal(0x1122_C000u, _machine.Read(1, 0x14));
        _machine.Write(1, 0x17, 0x33, 1);
        Assert.Equal(0x3322_C000u, _machine.Read(1, 0x14));
        _machine.Store(_machine.Ecam(1, 0x15), 0xE0, 1);
        Assert.Equal(0x3322_E000u, _machine.Read(1, 0x14));
        _machine.Store(_machine.Ecam(1, 0x16), 0x4455, 2);
        Assert.Equal(0x4455_E000u, _machine.Read(1, 0x14));
        _machine.Store(_machine.Ecam(1, 0x14), 0x6677_8899, 4);
        Assert.Equal(0x6677_8000u, _machine.Read(1, 0x14));
        // A quad word is two double words.
        _machine.Store(_machine.Ecam(1, 0x14), 0x1_1234_6000, 8);
        Assert.Equal(0x1234_6000u, _machine.Read(1, 0x14));
        Assert.Equal(0x000C_1234_6000ul, _machine.Load(_machine.Ecam(1, 0x14), 8));
    }

    [Fact]
    public void The_address_register_takes_double_words_alone_and_keeps_the_bits_there_are()
    {
        Bus.WritePort(0xCF8, 4, uint.MaxValue);
        Bus.ReadPort(0xCF8, 4, out uint value);
        Assert.Equal(0x80FF_FFFCu, value);
        foreach (int width in new[] { 1, 2 })
        {
            Assert.Equal(PortAccess.Unclaimed, Bus.WritePort(0xCF8, width, 0));
            Assert.Equal(PortAccess.Unclaimed, Bus.ReadPort(0xCF8, width, out _));
        }
        Assert.Equal(PortAccess.Unclaimed, Bus.WritePort(0xCFA, 2, 0));
        Bus.ReadPort(0xCF8, 4, out value);
        Assert.Equal(0x80FF_FFFCu, value);
    }

    [Fact]
    public void Without_the_enable_bit_the_data_ports_are_nobodys()
    {
        Bus.WritePort(0xCF8, 4, 0);
        Assert.Equal(PortAccess.Unclaimed, Bus.ReadPort(0xCFC, 4, out uint value));
        Assert.Equal(uint.MaxValue, value);
        Assert.Equal(PortAccess.Unclaimed, Bus.WritePort(0xCFC, 4, 0));
    }

    [Theory]
    [InlineData(0x8001_0000u)]
    [InlineData(0x80FF_0000u)]
    [InlineData(0x8000_0800u)]
    public void Absent_functions_and_other_buses_read_all_ones(uint address)
    {
        Bus.WritePort(0xCF8, 4, address);
        Assert.Equal(PortAccess.Claimed, Bus.ReadPort(0xCFC, 2, out uint value));
        Assert.Equal(0xFFFFu, value);
        Assert.Equal(PortAccess.Claimed, Bus.WritePort(0xCFC, 4, 0));
    }

    [Fact]
    public void Extended_configuration_space_is_not_there()
    {
        _machine.Add(1);
        Assert.Equal(uint.MaxValue, _machine.Load(_machine.Ecam(1, 0x100)));
        Assert.Equal(uint.MaxValue, _machine.Load(_machine.Ecam(1, 0xFFC)));
        Assert.Equal(uint.MaxValue, _machine.Load(_machine.Ecam(1, 0xFE)));
        _machine.Store(_machine.Ecam(1, 0x100), 0);
        Assert.False(Bus.TryReadMemory(PciWindows.ConfigurationStart + PciWindows.ConfigurationLength, 4, out ulong value));
        Assert.Equal(uint.MaxValue, value);
    }

    [Fact]
    public void Function_0_tells_of_further_functions()
    {
        Assert.Equal(PciAddStatus.NoFirstFunction, Bus.TryAdd(new SampleFunction(), 2, 1));
        _machine.Add(2);
        Assert.Equal(0x00u, _machine.Read(2, 0x0E, 1));
        _machine.Add(2, 5);
        Assert.Equal(0x80u, _machine.Read(2, 0x0E, 1));
        Assert.Equal(0x00u, _machine.Read(2, 0x0E, 1, 5));
        Assert.Equal(PciAddStatus.Taken, Bus.TryAdd(new SampleFunction(), 2, 5));
        Assert.Equal(PciAddStatus.BadNumber, Bus.TryAdd(new SampleFunction(), 32, 0));
        Assert.Equal(PciAddStatus.BadNumber, Bus.TryAdd(new SampleFunction(), 1, 8));
    }

    [Fact]
    public void Functions_take_the_first_device_that_is_free()
    {
        _machine.Add(1);
        for (int device = 2; device < 32; device++)
        {
            var function = new SampleFunction();
            Assert.Equal(PciAddStatus.Added, Bus.TryAdd(function));
            Assert.Equal(device << 3, function.Number);
            Assert.Same(function, Bus.Find(device << 3));
        }
        Assert.Equal(PciAddStatus.Taken, Bus.TryAdd(new SampleFunction()));
    }

    [Fact]
    public void Registers_are_placed_aligned_in_their_windows()
    {
        _machine.Add(1);
        _machine.Add(2);
        Assert.Equal(0xC000ul, _machine.BarAddress(1, 0));
        Assert.Equal(0xC020ul, _machine.BarAddress(2, 0));
        Assert.Equal(0xC000_0000ul, _machine.BarAddress(1, 1));
        Assert.Equal(0xC001_0000ul, _machine.BarAddress(1, 2));
        Assert.Equal(0xC002_0000ul, _machine.BarAddress(1, 4));
        Assert.Equal(0xC002_2000ul, _machine.BarAddress(2, 1));
        Assert.Equal(0u, _machine.Read(1, 0x04, 2));
    }

    [Fact]
    public void What_does_not_fit_below_4_GiB_goes_above_RAM()
    {
        var machine = new PciMachine(highRam: 3ul << 30);
        Assert.Equal(PciAddStatus.Added, machine.Bus.TryAdd(new SampleFunction(highLength: 1ul << 30)));
        Assert.Equal(32ul << 30, machine.BarAddress(1, 2));
        for (int i = 0; i < 30; i++)
            Assert.Equal(PciAddStatus.Added, machine.Bus.TryAdd(new SampleFunction(highLength: 1ul << 30)));
        Assert.Equal(62ul << 30, machine.BarAddress(31, 2));
        Assert.Equal(PciAddStatus.Added, machine.Bus.TryAdd(new SampleFunction(highLength: 1ul << 30), 31, 1));
        Assert.Equal(PciAddStatus.NoRoom, machine.Bus.TryAdd(new SampleFunction(highLength: 1ul << 30), 31, 2));
    }

    [Theory]
    [InlineData(0, 0x0000_FFE1u)]
    [InlineData(1, 0xFFFF_E000u)]
    [InlineData(2, 0xFFFF_000Cu)]
    [InlineData(3, 0xFFFF_FFFFu)]
    [InlineData(4, 0xFFFF_F000u)]
    [InlineData(5, 0x0000_0000u)]
    public void All_ones_tell_a_registers_size(int bar, uint expected)
    {
        _machine.Add(1);
        _machine.Write(1, 0x10 + 4 * bar, uint.MaxValue);
        Assert.Equal(expected, _machine.Read(1, 0x10 + 4 * bar));
    }

    [Fact]
    public void A_register_answers_only_while_the_command_register_says_so()
    {
        SampleFunction function = _machine.Add(1);
        ulong memory = _machine.BarAddress(1, 1);
        Assert.False(Bus.TryReadMemory(memory, 4, out _));
        Assert.Equal(PortAccess.Unclaimed, Bus.ReadPort(0xC000, 4, out _));
        Assert.False(Bus.HasPorts);

        _machine.Enable(1, PciCommand.MemorySpace);
        Assert.Equal(0xDECD_BCABu, _machine.Load(memory));
        Assert.Equal(PortAccess.Unclaimed, Bus.ReadPort(0xC000, 4, out _));

        _machine.Enable(1, PciCommand.IoSpace);
        Assert.False(Bus.TryReadMemory(memory, 4, out _));
        Assert.False(Bus.TryWriteMemory(memory, 4, 0));
        Assert.True(Bus.HasPorts);
        Assert.Equal(PortAccess.Claimed, Bus.ReadPort(0xC01F, 1, out uint value));
        Assert.Equal(0xDDu, value);
        Assert.Equal(PortAccess.Claimed, Bus.WritePort(0xC004, 2, 0x1_2345));
        Assert.Equal((0, 4u, 2, 0x2345u), Assert.Single(function.Stores));
        Assert.Equal(PortAccess.Unclaimed, Bus.ReadPort(0xC01F, 2, out _));
    }

    [Fact]
    public void A_moved_register_answers_at_its_new_address_alone()
    {
        SampleFunction function = _machine.Add(1);
        _machine.Enable(1);
        ulong before = _machine.BarAddress(1, 2);
        _machine.Write(1, 0x18, 0x4567_0000);
        _machine.Write(1, 0x1C, 0x0000_0123);
        Assert.Equal(0x0123_4567_0000ul, _machine.BarAddress(1, 2));
        Assert.False(Bus.TryReadMemory(before, 4, out _));
        Assert.Equal(0xDFCE_BDACu, _machine.Load(0x0123_4567_FFFC));
        _machine.Store(0x0123_4567_0008, 0xABCD, 2);
        Assert.Equal((2, 8u, 2, 0xABCDu), Assert.Single(function.Stores));
        Assert.False(Bus.TryReadMemory(0x0123_4568_0000, 1, out _));
        Assert.False(Bus.TryReadMemory(0x0123_4566_FFFF, 1, out _));
    }

    [Fact]
    public void A_register_at_the_end_of_the_address_space_does_not_wrap_around()
    {
        _machine.Add(1);
        _machine.Enable(1);
        _machine.Write(1, 0x18, uint.MaxValue);
        _machine.Write(1, 0x1C, uint.MaxValue);
        Assert.True(Bus.TryReadMemory(ulong.MaxValue, 1, out _));
        Assert.False(Bus.TryReadMemory(ulong.MaxValue - 1, 4, out _));
        Assert.False(Bus.TryReadMemory(0, 1, out _));
    }

    [Fact]
    public void Where_registers_overlap_the_lower_function_answers_and_the_other_in_what_is_left()
    {
        SampleFunction first = _machine.Add(1), second = _machine.Add(2);
        _machine.Enable(1);
        _machine.Enable(2);
        // The second's 64 KiB around the first's 8 KiB, then the first's 4 KiB elsewhere in it.
        _machine.Write(2, 0x18, 0xC800_0000);
        _machine.Write(1, 0x14, 0xC800_4000);
        _machine.Write(1, 0x20, 0xC800_F000);
        foreach ((ulong address, SampleFunction who, int bar, uint offset) in new[]
        {
            (0xC800_0000ul, second, 2, 0u), (0xC800_3FFCul, second, 2, 0x3FFCu), (0xC800_4000ul, first, 1, 0u), (0xC800_5FFCul, first, 1, 0x1FFCu),
            (0xC800_6000ul, second, 2, 0x6000u), (0xC800_EFFCul, second, 2, 0xEFFCu), (0xC800_F000ul, first, 4, 0u),
        })
        {
            first.Stores.Clear();
            second.Stores.Clear();
            _machine.Store(address, 1);
            Assert.Equal((bar, offset, 4, 1u), Assert.Single(who.Stores));
            Assert.Empty((who == first ? second : first).Stores);
        }
        // Nobody answers an access to both.
        Assert.False(Bus.TryWriteMemory(0xC800_3FFE, 4, 1));
        _machine.Enable(1, 0);
        first.Stores.Clear();
        second.Stores.Clear();
        _machine.Store(0xC800_4000, 1);
        Assert.Equal((2, 0x4000u, 4, 1u), Assert.Single(second.Stores));
    }

    [Fact]
    public void Configuration_space_in_memory_hides_registers_that_are_moved_there()
    {
        SampleFunction function = _machine.Add(1);
        _machine.Enable(1);
        _machine.Write(1, 0x14, PciWindows.ConfigurationStart);
        Assert.Equal(0x0008_1B36u, _machine.Load(PciWindows.ConfigurationStart));
        _machine.Store(PciWindows.ConfigurationStart, 0);
        Assert.Empty(function.Stores);
    }

    [Fact]
    public void Accesses_that_cross_a_double_word_go_byte_by_byte_and_wide_ones_in_double_words()
    {
        SampleFunction function = _machine.Add(1);
        _machine.Enable(1);
        ulong memory = _machine.BarAddress(1, 1);
        Assert.Equal(0xABDE_CDBCul, _machine.Load(memory + 1));
        Assert.Equal(0xDECD_BCAB_DECD_BCABul, _machine.Load(memory, 8));
        _machine.Store(memory + 3, 0x1234, 2);
        Assert.Equal([(1, 3u, 1, 0x34u), (1, 4u, 1, 0x12u)], function.Stores);
        function.Stores.Clear();
        _machine.Store(memory + 8, 0x1111_2222_3333_4444, 8);
        Assert.Equal([(1, 8u, 4, 0x3333_4444u), (1, 12u, 4, 0x1111_2222u)], function.Stores);
    }

    [Fact]
    public void Capabilities_are_listed_and_their_bits_writable_as_declared()
    {
        SampleFunction function = _machine.Add(1);
        Assert.Equal(function.Vendor, _machine.Capability(1, PciCapabilityId.VendorSpecific));
        int msix = _machine.Capability(1, PciCapabilityId.MsiX);
        Assert.Equal(0x48, msix);
        Assert.Equal(0u, _machine.Read(1, msix + 1, 1));
        Assert.Equal(0x0002u, _machine.Read(1, msix + 2, 2));
        Assert.Equal(0x0104u, _machine.Read(1, msix + 4));
        Assert.Equal(0x0804u, _machine.Read(1, msix + 8));
        _machine.Write(1, function.Vendor, uint.MaxValue);
        _machine.Write(1, function.Vendor + 4, uint.MaxValue);
        Assert.Equal(0x0108_4809u | 0u, _machine.Read(1, function.Vendor));
        Assert.Equal(0xFF04_03F2u, _machine.Read(1, function.Vendor + 4));
        Assert.Contains((function.Vendor + 4, 4), function.ConfigurationWrites);
    }

    [Theory]
    [InlineData(0, 1, 16)]
    [InlineData(1, 1, 17)]
    [InlineData(1, 4, 20)]
    [InlineData(7, 1, 23)]
    [InlineData(7, 2, 16)]
    [InlineData(31, 4, 18)]
    public void Pins_of_neighbours_take_turns_on_eight_lines(int device, int pin, int line) => Assert.Equal(line, PciBus.LineOf(device, pin));

    [Fact]
    public void A_pin_drives_its_line_as_far_as_the_registers_let_it()
    {
        SampleFunction function = _machine.Add(2);
        Assert.Equal(1u << 1, Bus.PinsOf(2));
        function.Interrupt(true);
        Assert.True(Bus.NeedsAttention);
        Assert.False(_machine.Apics.Lines.IsAsserted(18));
        Bus.Attend();
        Assert.False(Bus.NeedsAttention);
        Assert.True(_machine.Apics.Lines.IsAsserted(18));
        Assert.Equal(0x0018u, _machine.Read(2, 0x06, 2));
        Assert.Equal(0x0018_0000u, _machine.Read(2, 0x04));
        Assert.Equal(0x18u, _machine.Read(2, 0x06, 1));

        _machine.Enable(2, PciCommand.InterruptDisable);
        Assert.False(_machine.Apics.Lines.IsAsserted(18));
        Assert.Equal(0x0018u, _machine.Read(2, 0x06, 2));
        _machine.Enable(2, 0);
        Assert.True(_machine.Apics.Lines.IsAsserted(18));

        _machine.Write(2, _machine.Capability(2, PciCapabilityId.MsiX) + 2, 0x8000, 2);
        Assert.False(_machine.Apics.Lines.IsAsserted(18));
        _machine.Write(2, _machine.Capability(2, PciCapabilityId.MsiX) + 2, 0, 2);
        Assert.True(_machine.Apics.Lines.IsAsserted(18));

        // What was asked for without the lock is seen at the next access.
        function.Interrupt(false);
        _machine.Read(0, 0);
        Assert.False(_machine.Apics.Lines.IsAsserted(18));
        Assert.Equal(0x0010u, _machine.Read(2, 0x06, 2));
    }

    [Fact]
    public void Functions_that_share_a_line_assert_it_together()
    {
        SampleFunction one = _machine.Add(1, pin: 1), other = _machine.Add(9, pin: 1), none = _machine.Add(17, pin: 0);
        one.Interrupt(true);
        other.Interrupt(true);
        none.Interrupt(true);
        Bus.Attend();
        Assert.True(_machine.Apics.Lines.IsAsserted(17));
        one.Interrupt(false);
        Bus.Attend();
        Assert.True(_machine.Apics.Lines.IsAsserted(17));
        other.Interrupt(false);
        Bus.Attend();
        Assert.False(_machine.Apics.Lines.IsAsserted(17));
        Assert.Equal(0u, Bus.PinsOf(17));
    }

    [Fact]
    public void A_level_interrupt_reaches_the_processor_through_the_io_apic()
    {
        SampleFunction function = _machine.Add(1);
        _machine.Apics.WriteRedirection(17, 0x51 | 1 << 15 | 1 << 13);
        function.Interrupt(true);
        Bus.Attend();
        Assert.Equal(0x51, _machine.Apics.Take());
    }

    [Fact]
    public void A_reset_puts_everything_back_where_it_was_placed()
    {
        SampleFunction function = _machine.Add(1);
        ulong placed = _machine.BarAddress(1, 1);
        _machine.Enable(1);
        _machine.Write(1, 0x14, 0xD000_0000);
        _machine.Write(1, 0x3C, 11, 1);
        function.Interrupt(true);
        Bus.Attend();
        Bus.Reset();
        Assert.False(_machine.Apics.Lines.IsAsserted(17));
        Assert.Equal(PortAccess.Unclaimed, Bus.ReadPort(0xCFC, 4, out _));
        Assert.Equal(placed, _machine.BarAddress(1, 1));
        Assert.Equal(0x0010_0000u, _machine.Read(1, 0x04));
        Assert.Equal(0xFFu, _machine.Read(1, 0x3C, 1));
        Assert.False(Bus.TryReadMemory(0xD000_0000, 4, out _));
    }

    [Fact]
    public void A_restored_bus_is_the_one_that_was_saved()
    {
        SampleFunction function = _machine.Add(1);
        _machine.Enable(1);
        _machine.Write(1, 0x14, 0xD000_0000);
        function.Interrupt(true);
        Bus.Attend();
        Bus.WritePort(0xCF8, 4, 0x8000_0804);
        function.SaveFunction(out PciFunctionState saved);
        Bus.Save(out PciBusState bus);

        var other = new PciMachine();
        SampleFunction restored = other.Add(1);
        Assert.Equal(RestoreStatus.Restored, restored.RestoreFunction(saved));
        Assert.Equal(RestoreStatus.Restored, other.Bus.Restore(bus));
        Assert.True(other.Apics.Lines.IsAsserted(17));
        other.Bus.ReadPort(0xCFC, 2, out uint command);
        Assert.Equal(7u, command);
        other.Store(0xD000_0000, 5);
        Assert.Equal((1, 0u, 4, 5u), Assert.Single(restored.Stores));
        restored.SaveFunction(out PciFunctionState again);
        Assert.Equal(ApicMachine.Bytes(saved), ApicMachine.Bytes(again));
    }

    [Fact]
    public void Records_that_cannot_be_are_refused()
    {
        SampleFunction function = _machine.Add(1);
        function.SaveFunction(out PciFunctionState saved);
        Bus.Save(out PciBusState bus);
        Assert.Equal(RestoreStatus.UnknownVersion, Bus.Restore(bus with { Version = 2 }));
        Assert.Equal(RestoreStatus.InvalidValue, Bus.Restore(bus with { ConfigurationAddress = 3 }));
        Assert.Equal(RestoreStatus.UnknownVersion, function.RestoreFunction(saved with { Version = 0 }));
        Assert.Equal(RestoreStatus.InvalidValue, function.RestoreFunction(saved with { Pending = 8 }));
        PciFunctionState wrong = saved;
        wrong.Configuration[0x14] = 0x10;
        Assert.Equal(RestoreStatus.InvalidValue, function.RestoreFunction(wrong));
        wrong = saved;
        wrong.Vectors[2].Control = 2;
        Assert.Equal(RestoreStatus.InvalidValue, function.RestoreFunction(wrong));
        wrong = saved;
        wrong.Vectors[0].Address = 1;
        Assert.Equal(RestoreStatus.InvalidValue, function.RestoreFunction(wrong));
    }
}
