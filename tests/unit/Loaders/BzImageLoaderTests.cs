using HyperOS.Core;
using HyperOS.Loaders;

namespace HyperOS.Tests.Unit.Loaders;

public class BzImageLoaderTests
{
    private const ulong ZeroPage = LoadPlan.BootDataAddress + 0x1000;
    private readonly byte[] _image = TestImages.BzImage();

    [Fact]
    public void The_kernel_is_entered_in_64_bit_mode_as_the_protocol_demands()
    {
        LoadedGuest guest = LoadedGuest.Load(_image);
        EntryState entry = guest.Plan.Entry;
        Assert.Equal(EntryMode.Long64, entry.Mode);
        Assert.Equal(TestImages.BzImageAddress + 0x200, entry.Rip);
        Assert.Equal(ZeroPage, entry.Rsi);
        Assert.Equal((0x80000011ul, 0x20ul, 0x500ul), (entry.Cr0, entry.Cr4, entry.Efer));
        guest.AssertFlatSegments(is64Bit: true);
        Assert.Equal(_image.AsSpan(TestImages.BzImageSetup), guest.At(TestImages.BzImageAddress, TestImages.BzImageCode));
    }

    [Fact]
    public void A_kernel_without_a_64_bit_entry_is_entered_in_protected_mode_as_the_protocol_demands()
    {
        _image[0x236] &= 0xFE;
        LoadedGuest guest = LoadedGuest.Load(_image);
        EntryState entry = guest.Plan.Entry;
        Assert.Equal(EntryMode.Protected32, entry.Mode);
        Assert.Equal(TestImages.BzImageAddress, entry.Rip);
        Assert.Equal((ZeroPage, 0ul, 0ul), (entry.Rsi, entry.Rax, entry.Rbx));
        Assert.Equal((0x11ul, 0ul, 0ul, 0ul), (entry.Cr0, entry.Cr3, entry.Cr4, entry.Efer));
        guest.AssertFlatSegments(is64Bit: false);
        Assert.Equal(_image.AsSpan(TestImages.BzImageSetup), guest.At(TestImages.BzImageAddress, TestImages.BzImageCode));
    }

    [Fact]
    public void Page_tables_map_the_first_4_GiB_to_themselves()
    {
        LoadedGuest guest = LoadedGuest.Load(_image);
        foreach (ulong address in new[] { 0ul, 0x80000ul, TestImages.BzImageAddress + 0x200, 0xBFFFFFFFul, 0xFEE00000ul, 0xFFFFFFFFul })
        {
            ulong pml4e = guest.U64(guest.Plan.Entry.Cr3);
            Assert.Equal(3ul, pml4e & 0xFFF);
            ulong pdpte = guest.U64((pml4e & ~0xFFFul) + (address >> 30) * 8);
            Assert.Equal(3ul, pdpte & 0xFFF);
            ulong pde = guest.U64((pdpte & ~0xFFFul) + (address >> 21 & 511) * 8);
            Assert.Equal((address & ~0x1FFFFFul) | 0x83, pde);
        }
    }

    [Fact]
    public void The_zero_page_says_what_the_loader_did()
    {
        LoadedGuest guest = LoadedGuest.Load(_image, "console=ttyS0 root=/dev/vda", initrdLength: 0x12345);
        Assert.Equal(_image.AsSpan(0x1F1, 0x210 - 0x1F1), guest.At(ZeroPage + 0x1F1, 0x210 - 0x1F1));
        Assert.Equal(0xFF, guest.U8(ZeroPage + 0x210));
        Assert.Equal(0x01, guest.U8(ZeroPage + 0x211));
        Assert.Equal(TestImages.BzImageAddress, guest.U32(ZeroPage + 0x214));
        Assert.Equal("console=ttyS0 root=/dev/vda", guest.Text(guest.U32(ZeroPage + 0x228)));
        Assert.Equal(0ul, guest.U64(ZeroPage + 0x250));
        Assert.Equal(0u, guest.U32(ZeroPage + 0x23C));
        Assert.Equal(0xE0010ul, guest.U64(ZeroPage + 0x70));

        ulong initrd = guest.U32(ZeroPage + 0x218);
        Assert.Equal(0x12345u, guest.U32(ZeroPage + 0x21C));
        Assert.Equal(Alignment.Down(LoadedGuest.DefaultRam - 0x12345, 4096), initrd);
        Assert.Equal(initrd, guest.Plan.InitrdAddress.Value);

        Assert.Equal(4, guest.U8(ZeroPage + 0x1E8));
        Assert.Equal((0ul, 0x9FC00ul, 1u), Region(guest, 0));
        Assert.Equal((0x9FC00ul, 0x400ul, 2u), Region(guest, 1));
        Assert.Equal((0xE0000ul, 0x20000ul, 2u), Region(guest, 2));
        Assert.Equal((0x100000ul, LoadedGuest.DefaultRam - 0x100000, 1u), Region(guest, 3));
    }

    [Fact]
    public void Memory_above_3_GiB_goes_on_at_4_GiB_and_the_initrd_stays_where_the_kernel_reaches_it()
    {
        LoadedGuest guest = LoadedGuest.Load(_image, initrdLength: 0x1000, ram: 5 * Size.GiB);
        Assert.Equal(5, guest.U8(ZeroPage + 0x1E8));
        Assert.Equal((0x100000ul, 3 * Size.GiB - 0x100000, 1u), Region(guest, 3));
        Assert.Equal((4 * Size.GiB, 2 * Size.GiB, 1u), Region(guest, 4));
        Assert.Equal(0x7FFFF000ul, guest.Plan.InitrdAddress.Value);
    }

    [Fact]
    public void The_initrd_goes_below_the_kernel_where_there_is_no_room_above()
    {
        LoadedGuest guest = LoadedGuest.Load(_image, initrdLength: 0xE00000, ram: 24 * Size.MiB);
        Assert.Equal(TestImages.BzImageAddress - 0xE00000, guest.Plan.InitrdAddress.Value);
    }

    [Fact]
    public void A_relocatable_kernel_moves_to_the_next_aligned_address()
    {
        TestImages.Set64(_image, 0x258, 0x12345);
        Assert.Equal(0x200000ul + 0x200, LoadedGuest.Load(_image).Plan.Entry.Rip);
        _image[0x234] = 0;
        LoadedGuest.Refuses(LoadStatus.BadLoadAddress, _image);
        TestImages.Set64(_image, 0x258, 0x300000);
        LoadedGuest.Refuses(LoadStatus.BadLoadAddress, _image);
        TestImages.Set64(_image, 0x258, 0x400000);
        Assert.Equal(0x400000ul + 0x200, LoadedGuest.Load(_image).Plan.Entry.Rip);
    }

    [Fact]
    public void Every_truncation_is_refused()
    {
        for (int length = 0; length < _image.Length; length += length is > 0x1F0 and < 0x280 ? 1 : 37)
            Assert.NotEqual(LoadStatus.Ok, LoadedGuest.Try(_image[..length], new LoadPlan()));
        LoadedGuest.Refuses(LoadStatus.Truncated, _image[..0x250]);
        LoadedGuest.Refuses(LoadStatus.Truncated, _image[..(TestImages.BzImageSetup + 0x200)]);
        LoadedGuest.Refuses(LoadStatus.Truncated, _image[..^16]);
    }

    [Theory]
    [InlineData(0x1FE, 0, LoadStatus.UnknownFormat)]
    [InlineData(0x202, 'h', LoadStatus.UnknownFormat)]
    [InlineData(0x211, 0, LoadStatus.NotABzImage)]
    [InlineData(0x206, 0x0B, LoadStatus.TooOldProtocol)]
    [InlineData(0x201, 0x50, LoadStatus.BadSetupHeader)]
    [InlineData(0x201, 0xFF, LoadStatus.BadSetupHeader)]
    [InlineData(0x1F1, 64, LoadStatus.SetupTooLarge)]
    [InlineData(0x1F1, 40, LoadStatus.Truncated)]
    [InlineData(0x1F6, 0xFF, LoadStatus.Truncated)]
    [InlineData(0x231, 1, LoadStatus.BadAlignment)]
    [InlineData(0x233, 0x80, LoadStatus.BadAlignment)]
    [InlineData(0x24B, 0xFF, LoadStatus.BadPayload)]
    [InlineData(0x24D, 0xFF, LoadStatus.BadPayload)]
    [InlineData(0x24D, 0, LoadStatus.BadPayload)]
    [InlineData(0x263, 0xFF, LoadStatus.DoesNotFit)]
    [InlineData(0x25B, 0xFF, LoadStatus.DoesNotFit)]
    [InlineData(0x25F, 0xFF, LoadStatus.DoesNotFit)]
    public void A_hostile_header_is_refused_with_its_reason(int offset, byte value, LoadStatus expected)
    {
        _image[offset] = value;
        LoadedGuest.Refuses(expected, _image);
    }

    [Fact]
    public void Command_line_and_initrd_have_their_limits()
    {
        LoadedGuest.Refuses(LoadStatus.CommandLineTooLong, _image, new string('a', 2048));
        LoadedGuest.Refuses(LoadStatus.CommandLineTooLong, _image, new string('a', 5000));
        LoadedGuest.Refuses(LoadStatus.InitrdDoesNotFit, _image, initrdLength: 48 * Size.MiB);
        LoadedGuest.Refuses(LoadStatus.InitrdDoesNotFit, _image, initrdLength: ulong.MaxValue);
        TestImages.Set32(_image, 0x22C, 0xFFFFF);
        LoadedGuest.Refuses(LoadStatus.InitrdDoesNotFit, _image, initrdLength: 0x1000);
    }

    private static (ulong Start, ulong Length, uint Type) Region(LoadedGuest guest, int index)
    {
        ulong entry = ZeroPage + 0x2D0 + (ulong)index * 20;
        return (guest.U64(entry), guest.U64(entry + 8), guest.U32(entry + 16));
    }
}
