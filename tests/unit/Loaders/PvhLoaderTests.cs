using HyperOS.Core;
using HyperOS.Loaders;

namespace HyperOS.Tests.Unit.Loaders;

public class PvhLoaderTests
{
    private const int Offset = 8, PhysicalAddress = 24, FileSize = 32, MemorySize = 40;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Segments_start_info_and_registers_are_as_the_ABI_demands(bool is64Bit)
    {
        LoadedGuest guest = LoadedGuest.Load(TestImages.Elf(is64Bit), "root=/dev/vda", initrdLength: 0x5000);
        EntryState entry = guest.Plan.Entry;
        Assert.Equal((EntryMode.Protected32, 0x100040ul), (entry.Mode, entry.Rip));
        Assert.Equal((0x11ul, 0ul, 0ul, 0ul), (entry.Cr0, entry.Cr3, entry.Cr4, entry.Efer));
        guest.AssertFlatSegments(is64Bit: false);
        Assert.Equal(0xC0, guest.U8(0x1007FF));
        Assert.Equal(0xEE, guest.U8(0x100800));
        Assert.Equal((0xDA, 0, 0, 0xEE), (guest.U8(0x2003FF), guest.U8(0x200400), guest.U8(0x208FFF), guest.U8(0x209000)));

        ulong info = entry.Rbx;
        Assert.Equal((0x336EC578u, 1u, 1u), (guest.U32(info), guest.U32(info + 4), guest.U32(info + 12)));
        ulong module = guest.U64(info + 16);
        Assert.Equal((guest.Plan.InitrdAddress.Value, 0x5000ul, 0ul), (guest.U64(module), guest.U64(module + 8), guest.U64(module + 16)));
        Assert.Equal(LoadedGuest.DefaultRam - 0x5000, guest.Plan.InitrdAddress.Value);
        Assert.Equal("root=/dev/vda", guest.Text(guest.U64(info + 24)));
        Assert.Equal(0xE0010ul, guest.U64(info + 32));
        Assert.Equal(4u, guest.U32(info + 48));
        ulong lastRegion = guest.U64(info + 40) + 3 * 24;
        Assert.Equal((0x100000ul, LoadedGuest.DefaultRam - 0x100000, 1u), (guest.U64(lastRegion), guest.U64(lastRegion + 8), guest.U32(lastRegion + 16)));
    }

    [Fact]
    public void Without_initrd_there_is_no_module()
    {
        LoadedGuest guest = LoadedGuest.Load(TestImages.Elf(true));
        Assert.Equal((0u, 0ul), (guest.U32(guest.Plan.Entry.Rbx + 12), guest.U64(guest.Plan.Entry.Rbx + 16)));
        Assert.Equal(0ul, guest.Plan.InitrdAddress.Value);
    }

    [Theory]
    [InlineData(MemorySize, 0x100ul, LoadStatus.BadSegment)]
    [InlineData(MemorySize, ulong.MaxValue, LoadStatus.DoesNotFit)]
    [InlineData(FileSize, 0x8000ul, LoadStatus.Truncated)]
    [InlineData(Offset, ulong.MaxValue, LoadStatus.Truncated)]
    [InlineData(PhysicalAddress, ulong.MaxValue - 0x100, LoadStatus.DoesNotFit)]
    [InlineData(PhysicalAddress, 0x9F000ul, LoadStatus.DoesNotFit)]
    [InlineData(PhysicalAddress, 0xFFFF0ul, LoadStatus.DoesNotFit)]
    [InlineData(PhysicalAddress, LoadedGuest.DefaultRam - 0x8FFF, LoadStatus.DoesNotFit)]
    [InlineData(PhysicalAddress, 0xC0000000ul, LoadStatus.DoesNotFit)]
    [InlineData(PhysicalAddress, 0x1007FFul, LoadStatus.Overlap)]
    [InlineData(PhysicalAddress, 0xF7001ul, LoadStatus.DoesNotFit)]
    [InlineData(PhysicalAddress, 0x7FF00ul, LoadStatus.Overlap)]
    public void A_hostile_program_header_is_refused_with_its_reason(int field, ulong value, LoadStatus expected)
    {
        byte[] image = TestImages.Elf(true);
        TestImages.Set64(image, TestImages.ProgramHeader(true, 1) + field, value);
        LoadedGuest.Refuses(expected, image);
    }

    [Theory]
    [InlineData(5, 2, LoadStatus.UnsupportedElf)]
    [InlineData(4, 3, LoadStatus.UnsupportedElf)]
    [InlineData(16, 3, LoadStatus.UnsupportedElf)]
    [InlineData(18, 183, LoadStatus.UnsupportedElf)]
    [InlineData(54, 55, LoadStatus.BadProgramHeaders)]
    [InlineData(56, 33, LoadStatus.BadProgramHeaders)]
    [InlineData(39, 0xFF, LoadStatus.Truncated)]
    [InlineData(56, 0, LoadStatus.NoPvhEntry)]
    public void A_hostile_ELF_header_is_refused_with_its_reason(int offset, byte value, LoadStatus expected)
    {
        byte[] image = TestImages.Elf(true);
        image[offset] = value;
        LoadedGuest.Refuses(expected, image);
    }

    [Fact]
    public void A_hostile_note_is_refused_with_its_reason()
    {
        byte[] image = TestImages.Elf(true);
        int note = 0x3000 + 24;
        TestImages.Set32(image, note + 4, 6);
        LoadedGuest.Refuses(LoadStatus.BadNote, image);
        TestImages.Set32(image, note + 4, uint.MaxValue);
        LoadedGuest.Refuses(LoadStatus.BadNote, image);
        TestImages.Set32(image, note, uint.MaxValue);
        LoadedGuest.Refuses(LoadStatus.BadNote, image);
        LoadedGuest.Refuses(LoadStatus.NoPvhEntry, TestImages.Elf(true, hasNote: false));
    }

    [Theory]
    [InlineData(0x100800ul)]
    [InlineData(0x1_0010_0040ul)]
    [InlineData(LoadPlan.BootDataAddress)]
    public void The_entry_must_lie_in_the_image(ulong entry)
    {
        byte[] image = TestImages.Elf(true);
        TestImages.Set64(image, 0x3000 + 40, entry);
        LoadedGuest.Refuses(LoadStatus.EntryOutsideImage, image);
    }

    [Fact]
    public void Nothing_to_load_too_long_a_command_line_and_too_large_an_initrd_are_refused()
    {
        byte[] image = TestImages.Elf(false);
        LoadedGuest.Refuses(LoadStatus.CommandLineTooLong, image, new string('a', 4096));
        LoadedGuest.Refuses(LoadStatus.InitrdDoesNotFit, image, initrdLength: 64 * Size.MiB);
        TestImages.Set32(image, TestImages.ProgramHeader(false, 0), 0);
        TestImages.Set32(image, TestImages.ProgramHeader(false, 1), 0);
        LoadedGuest.Refuses(LoadStatus.NoSegments, image);
    }
}
