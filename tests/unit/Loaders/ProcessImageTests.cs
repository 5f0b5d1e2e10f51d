using HyperOS.Loaders;

namespace HyperOS.Tests.Unit.Loaders;

public class ProcessImageTests
{
    [Fact]
    public void Segments_are_mapped_as_the_headers_say()
    {
        Assert.Equal(ProcessImageStatus.Ok, ProcessImage.TryOpen(ProcessTestImage.Build(), out ProcessImage image));
        Assert.Equal((0x401010ul, 3, 0x400040ul), (image.Entry, image.HeaderCount, image.HeadersAddress));
        Assert.True(image.TryGetSegment(0, out ProcessSegment headers));
        Assert.Equal((0x400000ul, 0x401000ul, 0ul, 0x200ul, true, false, false), Describe(headers));
        Assert.True(image.TryGetSegment(1, out ProcessSegment code));
        Assert.Equal((0x401000ul, 0x402000ul, 0x1000ul, 0x100ul, true, false, true), Describe(code));
        Assert.True(image.TryGetSegment(2, out ProcessSegment data));
        Assert.Equal((0x402000ul, 0x406000ul, 0x1000ul, 0x180ul, true, true, false), Describe(data));
    }

    [Theory]
    [InlineData(0x00, 0ul, ProcessImageStatus.NotAnElf)]
    [InlineData(0x04, 1ul, ProcessImageStatus.UnsupportedElf)]
    [InlineData(0x10, 3ul, ProcessImageStatus.UnsupportedElf)]
    [InlineData(0x18, 0x402100ul, ProcessImageStatus.BadEntry)]
    [InlineData(0x18, 0x401100ul, ProcessImageStatus.BadEntry)]
    [InlineData(0x20, 0xFFFF_FFFF_FFFF_FFF0ul, ProcessImageStatus.Truncated)]
    [InlineData(0x38, 33ul, ProcessImageStatus.BadProgramHeaders)]
    [InlineData(0x40, 3ul, ProcessImageStatus.NotStatic)]
    [InlineData(0x48, 0x10ul, ProcessImageStatus.BadSegment)]
    [InlineData(0x50, 0x1000ul, ProcessImageStatus.BadAddress)]
    [InlineData(0x50, 0x401000ul, ProcessImageStatus.BadAddress)]
    [InlineData(0x50, 0xFFFF_8000_0000_0000ul, ProcessImageStatus.BadAddress)]
    [InlineData(0x60, 0x300ul, ProcessImageStatus.BadSegment)]
    [InlineData(0x68, 0x1001ul, ProcessImageStatus.BadAddress)]
    [InlineData(0x68, ulong.MaxValue, ProcessImageStatus.BadAddress)]
    [InlineData(0x7C, 7ul, ProcessImageStatus.WritableCode)]
    public void A_file_that_cannot_be_mapped_is_refused(int offset, ulong value, ProcessImageStatus expected)
    {
        byte[] file = ProcessTestImage.Build();
        ProcessTestImage.Put(file, offset, value, offset is 0x18 or 0x20 or 0x48 or 0x50 or 0x60 or 0x68 ? 8 : offset is 0x10 or 0x38 ? 2 : offset == 0x04 ? 1 : 4);
        Assert.Equal(expected, ProcessImage.TryOpen(file, out _));
    }

    [Fact]
    public void A_file_that_ends_early_is_refused()
    {
        byte[] file = ProcessTestImage.Build();
        foreach (int length in new[] { 0, 3, 0x3F, 0x80, 0x1000, 0x117F })
            Assert.NotEqual(ProcessImageStatus.Ok, ProcessImage.TryOpen(file.AsSpan(0, length), out _));
    }

    private static (ulong, ulong, ulong, ulong, bool, bool, bool) Describe(ProcessSegment segment) =>
        (segment.Start, segment.End, segment.FileOffset, segment.FileLength, segment.IsReadable, segment.IsWritable, segment.IsExecutable);
}
