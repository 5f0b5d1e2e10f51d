using HyperOS.Core;
using HyperOS.Emulation;
using HyperOS.Specs.X86;

namespace HyperOS.Tests.Unit.Emulation;

public class GuestPageWalkerTests
{
    private const ulong P = 1, RW = 2, US = 4, A = 0x20, D = 0x40, PS = 0x80, NX = 1ul << 63;
    private const ulong All = P | RW | US;
    private const ulong Root = 0x10000;

    /// <summary>The linear address that every test maps: a different index on each level.</summary>
    private const ulong Linear = 0x0000_1234_5678_9ABC;

    public enum Mode { Bits32, Pae, FourLevel, FiveLevel }

    public static TheoryData<Mode, int> LeavesOfAllModes => new()
    {
        { Mode.Bits32, 1 }, { Mode.Bits32, 2 }, { Mode.Pae, 1 }, { Mode.Pae, 2 },
        { Mode.FourLevel, 1 }, { Mode.FourLevel, 2 }, { Mode.FourLevel, 3 }, { Mode.FiveLevel, 1 }, { Mode.FiveLevel, 2 }, { Mode.FiveLevel, 3 },
    };

    [Fact]
    public void Without_paging_addresses_stay_as_they_are()
    {
        TestMachine machine = TestMachine.Protected();
        Assert.Equal(PageWalkResult.Translated, Walk(machine, 0x1234_5678, PageAccess.Write, out ulong address, out _));
        Assert.Equal(0x1234_5678ul, address);
    }

    [Theory]
    [MemberData(nameof(LeavesOfAllModes))]
    public void Every_mode_and_page_size_translates_and_marks_the_entries(Mode mode, int leafLevel)
    {
        Tables tables = new(mode, leafLevel);
        Assert.Equal(PageWalkResult.Translated, tables.Walk(PageAccess.Read, out ulong address, out _));
        Assert.Equal(tables.Frame | (tables.Linear & tables.OffsetMask), address);
        for (int level = leafLevel; level <= tables.Levels; level++)
            Assert.Equal(mode == Mode.Pae && level == 3 ? 0 : A, tables[level] & (A | D));

        tables.Walk(PageAccess.Write, out _, out _);
        for (int level = leafLevel; level <= tables.Levels; level++)
            Assert.Equal((mode == Mode.Pae && level == 3 ? 0 : A) | (level == leafLevel ? D : 0), tables[level] & (A | D));
    }

    [Theory]
    [MemberData(nameof(LeavesOfAllModes))]
    public void Absence_at_any_level_is_a_fault_without_P(Mode mode, int leafLevel)
    {
        for (int level = leafLevel; level <= (mode == Mode.Bits32 ? 2 : mode == Mode.Pae ? 3 : mode == Mode.FourLevel ? 4 : 5); level++)
        {
            Tables tables = new(mode, leafLevel);
            tables[level] &= ~P;
            tables.AssertFault(PageAccess.Read, 0);
            tables.AssertFault(PageAccess.Write, PageFaultErrorCode.RW);
            tables.State.CPL = 3;
            tables.AssertFault(PageAccess.Write, PageFaultErrorCode.RW | PageFaultErrorCode.US);
            tables.State.EFER |= Efer.NXE;
            tables.AssertFault(PageAccess.Execute, mode == Mode.Bits32 ? PageFaultErrorCode.US : PageFaultErrorCode.US | PageFaultErrorCode.ID);
        }
    }

    [Theory]
    [MemberData(nameof(LeavesOfAllModes))]
    public void Rights_are_the_weakest_of_all_levels(Mode mode, int leafLevel)
    {
        int top = mode == Mode.Bits32 ? 2 : mode == Mode.Pae ? 2 : mode == Mode.FourLevel ? 4 : 5;
        for (int level = leafLevel; level <= top; level++)
        {
            Tables tables = new(mode, leafLevel);
            tables[level] &= ~RW;
            tables.State.CPL = 3;
            tables.AssertTranslated(PageAccess.Read);
            tables.AssertFault(PageAccess.Write, PageFaultErrorCode.P | PageFaultErrorCode.RW | PageFaultErrorCode.US);
            tables.State.CPL = 0;
            tables.AssertTranslated(PageAccess.Write);
            tables.State.CR0 |= Cr0.WP;
            tables.AssertFault(PageAccess.Write, PageFaultErrorCode.P | PageFaultErrorCode.RW);

            tables = new Tables(mode, leafLevel);
            tables[level] &= ~US;
            tables.AssertTranslated(PageAccess.Execute);
            tables.State.CPL = 3;
            tables.AssertFault(PageAccess.Read, PageFaultErrorCode.P | PageFaultErrorCode.US);

            if (mode != Mode.Bits32)
            {
                tables = new Tables(mode, leafLevel);
                tables[level] |= NX;
                tables.AssertFault(PageAccess.Read, PageFaultErrorCode.P | PageFaultErrorCode.RSV);
                tables.State.EFER |= Efer.NXE;
                tables.AssertTranslated(PageAccess.Read);
                tables.AssertFault(PageAccess.Execute, PageFaultErrorCode.P | PageFaultErrorCode.ID);
            }
        }
    }

    [Fact]
    public void Smep_and_smap_keep_the_supervisor_off_user_pages()
    {
        Tables tables = new(Mode.FourLevel, 1);
        tables.State.CR4 |= Cr4.SMEP;
        tables.AssertFault(PageAccess.Execute, PageFaultErrorCode.P | PageFaultErrorCode.ID);
        tables.AssertTranslated(PageAccess.Read);
        tables.State.CR4 |= Cr4.SMAP;
        tables.AssertFault(PageAccess.Read, PageFaultErrorCode.P);
        tables.AssertFault(PageAccess.Write, PageFaultErrorCode.P | PageFaultErrorCode.RW);
        tables.State.RFLAGS |= Rflags.AC;
        tables.AssertTranslated(PageAccess.Write);
        tables.State.RFLAGS &= ~Rflags.AC;
        tables.State.CPL = 3;
        tables.AssertTranslated(PageAccess.Write);
        tables.AssertTranslated(PageAccess.Execute);
        tables.State.CPL = 0;
        tables[2] &= ~US;
        tables.AssertTranslated(PageAccess.Write);
        tables.AssertTranslated(PageAccess.Execute);
    }

    [Theory]
    [InlineData(Mode.FourLevel, 1, 1, 1ul << 40)]
    [InlineData(Mode.FourLevel, 1, 4, 1ul << 51)]
    [InlineData(Mode.FourLevel, 1, 4, PS)]
    [InlineData(Mode.FiveLevel, 1, 5, PS)]
    [InlineData(Mode.FiveLevel, 1, 4, PS)]
    [InlineData(Mode.FourLevel, 2, 2, 1ul << 13)]
    [InlineData(Mode.FourLevel, 2, 2, 1ul << 20)]
    [InlineData(Mode.FourLevel, 3, 3, 1ul << 29)]
    [InlineData(Mode.Pae, 1, 1, 1ul << 52)]
    [InlineData(Mode.Pae, 1, 3, RW)]
    [InlineData(Mode.Pae, 1, 3, PS)]
    [InlineData(Mode.Pae, 1, 3, NX)]
    [InlineData(Mode.Bits32, 2, 2, 1ul << 21)]
    public void Reserved_bits_fault(Mode mode, int leafLevel, int level, ulong bit)
    {
        Tables tables = new(mode, leafLevel);
        tables.State.EFER |= Efer.NXE;
        tables[level] |= bit;
        tables.AssertFault(PageAccess.Read, PageFaultErrorCode.P | PageFaultErrorCode.RSV);
    }

    [Theory]
    [InlineData(Mode.FourLevel, 1, 1, 1ul << 52)]
    [InlineData(Mode.FourLevel, 1, 1, PS)]
    [InlineData(Mode.FourLevel, 2, 2, 1ul << 12)]
    [InlineData(Mode.Pae, 1, 3, A)] // reserved there, but set by QEMU
    public void Bits_with_a_meaning_of_their_own_do_not(Mode mode, int leafLevel, int level, ulong bit)
    {
        Tables tables = new(mode, leafLevel);
        tables[level] |= bit;
        tables.AssertTranslated(PageAccess.Read);
    }

    [Fact]
    public void Large_pages_of_32_bit_tables_reach_40_bits_and_need_PSE()
    {
        Tables tables = new(Mode.Bits32, 2);
        tables[2] |= 0x7Aul << 13;
        tables.AssertTranslated(PageAccess.Read, tables.Frame | 0x7Aul << 32 | (tables.Linear & 0x3F_FFFF));
        tables[2] &= ~(0xFFul << 13);
        tables.State.CR4 &= ~Cr4.PSE;
        Assert.Equal(PageWalkResult.Refused, tables.Walk(PageAccess.Read, out _, out _));
    }

    [Fact]
    public void Entries_that_change_under_the_walk_are_read_again()
    {
        Tables tables = new(Mode.FourLevel, 1);
        tables.Machine.Bus.Interference = 3;
        tables.AssertTranslated(PageAccess.Write);

        tables = new Tables(Mode.FourLevel, 1);
        tables.Machine.Bus.Interference = int.MaxValue;
        Assert.Equal(PageWalkResult.Retry, tables.Walk(PageAccess.Write, out _, out _));
    }

    [Fact]
    public void A_fault_of_an_instruction_names_its_address_and_changes_nothing()
    {
        Tables tables = new(Mode.FourLevel, 1);
        tables.Map(TestMachine.CodeAddress, 0x1000);
        tables[1] &= ~RW;
        tables.State.CR0 |= Cr0.WP;
        TestMachine machine = tables.Machine;
        machine[GeneralRegister.RDI] = tables.Linear;
        machine.AssertException(machine.Run("F0 FF 07"), ExceptionVector.PF, 3);
        Assert.Equal(tables.Linear, machine.State.CR2);
        Assert.True(machine.Emulator.Exception.HasErrorCode);

        // Nothing is mapped behind the page: the fault is at its beginning, and the first part is not written.
        tables[1] |= RW;
        machine[GeneralRegister.RDI] = tables.Linear | 0xFFE;
        machine.AssertException(machine.Run("89 07"), ExceptionVector.PF, 2);
        Assert.Equal((tables.Linear | 0xFFF) + 1, machine.State.CR2);

        machine.State.RIP = 0x7_0000_0000;
        Assert.Equal(EmulationOutcome.Exception, machine.Emulator.Run(1));
        Assert.Equal((0x7_0000_0000ul, ExceptionVector.PF, 0u), (machine.State.CR2, machine.Emulator.Exception.Vector, machine.Emulator.Exception.ErrorCode));
    }

    [Fact]
    public void A_repeated_move_into_an_absent_page_stops_at_it()
    {
        Tables tables = new(Mode.FourLevel, 1);
        tables.Map(TestMachine.CodeAddress, 0x1000);
        tables[1] = 0x30000 | All;
        TestMachine machine = tables.Machine;
        machine[GeneralRegister.RDI] = (tables.Linear & ~0xFFFul) | 0xFFC;
        machine[GeneralRegister.RCX] = 4;
        machine.AssertException(machine.Run("F3 66 AB"), ExceptionVector.PF, 2);
        Assert.Equal(2ul, machine[GeneralRegister.RCX]);
        Assert.Equal((tables.Linear | 0xFFF) + 1, machine[GeneralRegister.RDI]);
    }

    private static PageWalkResult Walk(TestMachine machine, ulong linear, PageAccess access, out ulong address, out PageFaultErrorCode errorCode)
    {
        PageWalkResult result = GuestPageWalker.Translate(machine.Bus, in machine.State, linear, access, out GuestPhysicalAddress physical, out errorCode);
        address = physical.Value;
        return result;
    }

    /// <summary>One table a level, from <see cref="Root"/> on, that map one page with all rights.</summary>
    private sealed class Tables
    {
        private readonly Mode _mode;
        private readonly int _entrySize;
        private readonly int _indexBits;

        public Tables(Mode mode, int leafLevel)
        {
            _mode = mode;
            _entrySize = mode == Mode.Bits32 ? 4 : 8;
            _indexBits = mode == Mode.Bits32 ? 10 : 9;
            Levels = mode switch { Mode.Bits32 => 2, Mode.Pae => 3, Mode.FourLevel => 4, _ => 5 };
            Linear = mode switch
            {
                Mode.Bits32 or Mode.Pae => GuestPageWalkerTests.Linear & uint.MaxValue,
                Mode.FiveLevel => GuestPageWalkerTests.Linear | 0x12ul << 48,
                _ => GuestPageWalkerTests.Linear,
            };
            OffsetMask = (1ul << (12 + ((leafLevel - 1) * _indexBits))) - 1;
            Frame = (mode == Mode.Bits32 ? 0xABC0_0000ul : 0x12_C000_0000ul) & ~OffsetMask;
            Machine = mode is Mode.Bits32 or Mode.Pae ? TestMachine.Protected() : TestMachine.Long();
            State.CR0 = Cr0.PE | Cr0.PG;
            State.CR3 = Root;
            State.CR4 = mode == Mode.Bits32 ? Cr4.PSE : mode == Mode.FiveLevel ? Cr4.PAE | Cr4.LA57 : Cr4.PAE;
            State.EFER &= ~Efer.NXE;
            for (int level = Levels; level > leafLevel; level--)
                this[level] = (Root + ((ulong)(Levels - level + 1) * 0x1000)) | (mode == Mode.Pae && level == 3 ? P : All);
            this[leafLevel] = Frame | All | (leafLevel > 1 ? PS : 0);
        }

        public TestMachine Machine { get; }

        public ref GuestCpuState State => ref Machine.State;

        public int Levels { get; }

        public ulong Linear { get; }

        public ulong Frame { get; }

        public ulong OffsetMask { get; }

        /// <summary>The entry of a level on the way to <see cref="Linear"/>.</summary>
        public ulong this[int level]
        {
            get => Machine.Bus.Peek(EntryAddress(level), _entrySize);
            set => Machine.Bus.Poke(EntryAddress(level), value, _entrySize);
        }

        /// <summary>Maps another 4 KiB page of four-level tables, through tables of its own.</summary>
        public void Map(ulong linear, ulong physical)
        {
            ulong table = Root;
            for (int level = 4; level > 1; level--)
            {
                ulong entry = table + ((linear >> (3 + (9 * level)) & 0x1FF) * 8);
                table = Root + 0x10000 + ((ulong)level * 0x1000);
                Machine.Bus.Poke(entry, table | All);
            }
            Machine.Bus.Poke(table + ((linear >> 12 & 0x1FF) * 8), physical | All);
        }

        public PageWalkResult Walk(PageAccess access, out ulong address, out PageFaultErrorCode errorCode) =>
            GuestPageWalkerTests.Walk(Machine, Linear, access, out address, out errorCode);

        public void AssertTranslated(PageAccess access, ulong? address = null)
        {
            Assert.Equal(PageWalkResult.Translated, Walk(access, out ulong actual, out _));
            Assert.Equal(address ?? (Frame | (Linear & OffsetMask)), actual);
        }

        public void AssertFault(PageAccess access, PageFaultErrorCode errorCode)
        {
            Assert.Equal(PageWalkResult.PageFault, Walk(access, out _, out PageFaultErrorCode actual));
            Assert.Equal(errorCode, actual);
        }

        private ulong EntryAddress(int level)
        {
            int shift = 12 + ((level - 1) * _indexBits);
            ulong index = Linear >> shift & (_mode == Mode.Pae && level == 3 ? 3ul : (1ul << _indexBits) - 1);
            return Root + ((ulong)(Levels - level) * 0x1000) + (index * (ulong)_entrySize);
        }
    }
}
