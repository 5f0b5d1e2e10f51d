using HyperOS.Core;
using HyperOS.Loaders;

namespace HyperOS.Tests.Unit.Loaders;

public class GuestImageTests
{
    [Fact]
    public void The_format_is_told_by_the_content()
    {
        Assert.Equal(GuestImageFormat.BzImage, GuestImage.Detect(TestImages.BzImage()));
        Assert.Equal(GuestImageFormat.Pvh, GuestImage.Detect(TestImages.Elf(true)));
        Assert.Equal(GuestImageFormat.Pvh, GuestImage.Detect(TestImages.Elf(false, hasNote: true, hasMultiboot: true)));
        Assert.Equal(GuestImageFormat.Multiboot1, GuestImage.Detect(TestImages.Elf(false, hasNote: false, hasMultiboot: true)));
        Assert.Equal(GuestImageFormat.Multiboot1, GuestImage.Detect(TestImages.MultibootByAddress()));
        Assert.Equal(GuestImageFormat.Unknown, GuestImage.Detect("hello"u8));
        Assert.Equal(GuestImageFormat.Unknown, GuestImage.Detect([]));
    }

    [Fact]
    public void A_plan_can_be_used_again()
    {
        LoadPlan plan = new();
        Assert.Equal(LoadStatus.Ok, LoadedGuest.Try(TestImages.BzImage(), plan, initrdLength: 0x1000));
        Assert.Equal(LoadStatus.Ok, LoadedGuest.Try(TestImages.MultibootByAddress(), plan, commandLine: ""));
        Assert.Equal(0ul, plan.InitrdAddress.Value);
        Assert.Equal(EntryMode.Protected32, plan.Entry.Mode);
        Assert.Equal(0ul, plan.Entry.Cr3);
        Assert.Equal(3, plan.Actions.Length);
    }

    [Theory]
    [InlineData(0x1FF000, 0xE0000, 0x1000, 0xE0000, false)]
    [InlineData(0x200800, 0xE0000, 0x1000, 0xE0000, false)]
    [InlineData(0x200000, 0xDF000, 0x1000, 0xDF000, false)]
    [InlineData(0x200000, 0xFF000, 0x1001, 0xFF000, false)]
    [InlineData(0x200000, 0xE0000, 0x1000, 0xE1000, false)]
    [InlineData(0x200000, 0xE0000, 0x20000, 0xE0000, true)]
    [InlineData(0x200000, 0, 0, 0, true)]
    public void A_memory_layout_is_checked(ulong ram, ulong tables, ulong tablesLength, ulong rsdp, bool isValid) =>
        Assert.Equal(isValid, GuestMemoryLayout.TryCreate(ram, new GuestPhysicalAddress(tables), tablesLength, new GuestPhysicalAddress(rsdp), out _));
}
