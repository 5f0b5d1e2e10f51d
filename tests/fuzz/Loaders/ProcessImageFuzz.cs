using HyperOS.Core;
using HyperOS.Loaders;
using HyperOS.Tests.Unit.Loaders;

namespace HyperOS.Tests.Fuzz.Loaders;

public class ProcessImageFuzz
{
    private int _opened;

    /// <summary>What is accepted can be mapped: within the file and a process' addresses, in order, each page once, none writable and executable.</summary>
    [Fact]
    public void Executables()
    {
        byte[] valid = ProcessTestImage.Build();
        FuzzRun.Run(random =>
        {
            byte[] file = (byte[])valid.Clone();
            const int Headers = 0x40 + 3 * 56;
            byte[] headers = FuzzRun.Mutate(random, file[..Headers]);
            headers.AsSpan(0, Math.Min(headers.Length, Headers)).CopyTo(file);
            if (random.Next(8) == 0)
                file = file[..random.Next(file.Length)];
            ProcessImageStatus status = ProcessImage.TryOpen(file, out ProcessImage image);
            FuzzRun.Saw(status);
            if (status != ProcessImageStatus.Ok)
                return;
            _opened++;
            ulong end = ProcessImage.LowestAddress;
            bool hasEntry = false;
            for (int i = 0; i < image.HeaderCount; i++)
            {
                if (!image.TryGetSegment(i, out ProcessSegment segment))
                    continue;
                Assert.True(segment.Start >= end && segment.Start < segment.End && segment.End <= ProcessImage.HighestAddress + Size.Page);
                Assert.True((segment.Start | segment.End | segment.FileOffset) % Size.Page == 0);
                Assert.True(segment.FileLength <= (ulong)file.Length - segment.FileOffset && segment.FileLength <= segment.End - segment.Start);
                Assert.False(segment.IsWritable && segment.IsExecutable);
                hasEntry |= segment.IsExecutable && image.Entry >= segment.Start && image.Entry < segment.Start + segment.FileLength;
                end = segment.End;
            }
            Assert.True(hasEntry);
            Assert.True(image.HeadersAddress == 0 || image.HeadersAddress >= ProcessImage.LowestAddress);
        });
        Assert.True(_opened > 0 || FuzzRun.IsReplay);
    }
}
