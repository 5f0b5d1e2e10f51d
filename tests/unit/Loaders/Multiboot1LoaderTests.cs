using HyperOS.Core;
using HyperOS.Loaders;

namespace HyperOS.Tests.Unit.Loaders;

public class Multiboot1LoaderTests
{
    private const int Header = 0x200;
    private readonly byte[] _image = TestImages.MultibootByAddress();

    [Fact]
    public void Address_fields_place_the_image()
    {
        LoadedGuest guest = LoadedGuest.Load(_image);
        Assert.Equal(_image.AsSpan(0x100, 0xE00), guest.At(0x100000, 0xE00));
        Assert.Equal((0, 0, 0xEE), (guest.U8(0x100E00), guest.U8(0x103FFF), guest.U8(0x104000)));
        Assert.Equal(0x100120ul, guest.Plan.Entry.Rip);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_ELF_file_is_placed_by_its_segments_and_entered_at_the_physical_address(bool is64Bit)
    {
        LoadedGuest guest = LoadedGuest.Load(TestImages.Elf(is64Bit, hasNote: false, hasMultiboot: true));
        Assert.Equal(0x100010ul, guest.Plan.Entry.Rip);
        Assert.Equal(0xDA, guest.U8(0x200000));
    }

    [Fact]
    public void Information_and_registers_are_as_the_specification_demands()
    {
        LoadedGuest guest = LoadedGuest.Load(_image, "quiet", initrdLength: 0x2345);
        EntryState entry = guest.Plan.Entry;
        Assert.Equal((EntryMode.Protected32, 0x2BADB002ul, 0x11ul), (entry.Mode, entry.Rax, entry.Cr0));
        guest.AssertFlatSegments(is64Bit: false);
        ulong info = entry.Rbx;
        Assert.Equal(0b10_0100_1101u, guest.U32(info));
        Assert.Equal((639u, 63 * 1024u), (guest.U32(info + 4), guest.U32(info + 8)));
        Assert.Equal("quiet", guest.Text(guest.U32(info + 16)));
        Assert.Equal(1u, guest.U32(info + 20));
        ulong module = guest.U32(info + 24);
        Assert.Equal((guest.Plan.InitrdAddress.Value, guest.Plan.InitrdAddress.Value + 0x2345), (guest.U32(module), guest.U32(module + 4)));
        Assert.True(Alignment.IsAligned(guest.Plan.InitrdAddress.Value, 4096));
        Assert.Equal(4u * 24, guest.U32(info + 44));
        ulong region = guest.U32(info + 48);
        Assert.Equal((20u, 0ul, 0x9FC00ul, 1u), (guest.U32(region), guest.U64(region + 4), guest.U64(region + 12), guest.U32(region + 20)));
        Assert.Equal("HyperOS", guest.Text(guest.U32(info + 64)));
    }

    [Theory]
    [InlineData(0x04, 0x10004u, LoadStatus.UnsupportedFlags)]
    [InlineData(0x04, 0x18003u, LoadStatus.UnsupportedFlags)]
    [InlineData(0x04, 0x3u, LoadStatus.NotAnElf)]
    [InlineData(0x0C, 0xFFF00u, LoadStatus.BadAddressFields)]
    [InlineData(0x0C, 0x100204u, LoadStatus.BadAddressFields)]
    [InlineData(0x10, 0x101000u, LoadStatus.BadAddressFields)]
    [InlineData(0x14, 0xFFFFFu, LoadStatus.BadAddressFields)]
    [InlineData(0x14, 0x100F01u, LoadStatus.Truncated)]
    [InlineData(0x18, 0x100100u, LoadStatus.BadAddressFields)]
    [InlineData(0x18, 0xFFFFFFFFu, LoadStatus.DoesNotFit)]
    [InlineData(0x1C, 0x104000u, LoadStatus.EntryOutsideImage)]
    [InlineData(0x1C, 0xFFFFFu, LoadStatus.EntryOutsideImage)]
    public void A_hostile_header_is_refused_with_its_reason(int field, uint value, LoadStatus expected)
    {
        TestImages.Set32(_image, Header + field, value);
        TestImages.Set32(_image, Header + 8, unchecked(0u - 0x1BADB002 - (field == 4 ? value : 0x10003)));
        LoadedGuest.Refuses(expected, _image);
    }

    [Fact]
    public void The_header_must_lie_in_the_first_8_KiB_and_have_a_good_checksum()
    {
        byte[] late = [.. new byte[8192 - 8], .. _image[Header..]];
        LoadedGuest.Refuses(LoadStatus.UnknownFormat, late);
        byte[] lastPlace = [.. new byte[8192 - 12], .. _image[Header..(Header + 12)]];
        Assert.Equal(GuestImageFormat.Multiboot1, GuestImage.Detect(lastPlace));
        LoadedGuest.Refuses(LoadStatus.Truncated, lastPlace);
        _image[Header + 8] ^= 1;
        LoadedGuest.Refuses(LoadStatus.UnknownFormat, _image);
    }
}
