using System.Buffers.Binary;
using System.Security.Cryptography;
using HyperOS.Abi;
using HyperOS.Tests.Abi;

namespace HyperOS.Tests.Unit.Abi;

public class BundleTests
{
    private const int FirstBlobRow = 0x58 + 2 * 0x868;

    [Fact]
    public void The_layouts_are_fixed()
    {
        byte[] bytes = new byte[BundleHeader.Size];
        new BundleHeader
        {
            Magic = BundleHeader.ExpectedMagic,
            Version = 1,
            OnAllStopped = (AllStoppedAction)2,
            TotalLength = 3,
            DefinitionCount = 4,
            BlobCount = 5,
            NetworkCount = 6,
            PortGroupCount = 7,
            NicCount = 8,
            DiskCount = 9,
            ProcessCount = 10,
        }.TryWrite(bytes);
        Assert.Equal("HYBUNDLE"u8, bytes.AsSpan(0, 8));
        foreach ((int offset, uint value) in new[] { (0x08, 1u), (0x2C, 2u), (0x30, 3u), (0x38, 4u), (0x3C, 5u), (0x40, 6u), (0x44, 7u), (0x48, 8u), (0x4C, 9u), (0x50, 10u) })
            Assert.Equal(value, BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(offset)));
        Assert.Equal(0x58, BundleHeader.Size);
        Assert.Equal(0x2C, BundleHeader.HashedOffset);
        bytes = new byte[BundleBlob.Size];
        new BundleBlob { FileOffset = 1, Length = 2 }.TryWrite(bytes, Enumerable.Repeat((byte)3, 32).ToArray(), "name"u8);
        Assert.Equal(0x60, BundleBlob.Size);
        Assert.Equal([1, 2, 3, (byte)'n'], new[] { 0x00, 0x08, 0x10, 0x30 }.Select(offset => bytes[offset]));
    }

    [Fact]
    public void A_bundle_reads_back_as_it_was_written()
    {
        byte[] bundle = SampleBundle.Build();
        Assert.Equal(BundleStatus.Valid, BundleReader.TryOpen(bundle, out BundleReader reader));
        Assert.Equal(AllStoppedAction.PowerOff, reader.OnAllStopped);
        Assert.Equal(2, reader.DefinitionCount);
        Assert.Equal(2, reader.BlobCount);
        Assert.Equal(SHA256.HashData(reader.HashedTables), reader.TablesSha256.ToArray());
        Assert.Equal(VmDefinitionErrors.None, reader.ReadDefinition(1, 1, 256ul << 20, out VmDefinition db));
        Assert.Equal("db"u8, db.Name.Bytes);
        Assert.True(reader.TryGetBlob(db.Initrd, out Blob initrd));
        Assert.Equal("initrd.img"u8, initrd.Name);
        Assert.Equal(SampleBundle.InitrdContent, initrd.Content);
        Assert.Equal(SHA256.HashData(SampleBundle.InitrdContent), initrd.Sha256.ToArray());
    }

    [Fact]
    public void What_is_not_there_is_not_found()
    {
        BundleReader.TryOpen(SampleBundle.Build(), out BundleReader reader);
        Assert.False(reader.TryGetBlob(2, out _));
        Assert.False(reader.TryGetBlob(uint.MaxValue, out _));
        Assert.Equal(VmDefinitionErrors.Format, reader.ReadDefinition(2, 1, ulong.MaxValue, out _));
        Assert.Equal(VmDefinitionErrors.Format, reader.ReadDefinition(-1, 1, ulong.MaxValue, out _));
    }

    [Fact]
    public void The_second_VM_of_a_name_is_refused_and_the_first_is_not()
    {
        BundleReader.TryOpen(SampleBundle.Build(SampleBundle.Definition("web"u8), SampleBundle.Definition("web"u8)), out BundleReader reader);
        Assert.False(reader.IsNameTaken(0));
        Assert.True(reader.IsNameTaken(1));
    }

    [Fact]
    public void A_change_anywhere_in_the_hashed_tables_shows_in_their_hash()
    {
        byte[] bundle = SampleBundle.Build();
        bundle[0x50 + 0x10] = 2;
        Assert.Equal(BundleStatus.Valid, BundleReader.TryOpen(bundle, out BundleReader reader));
        Assert.NotEqual(SHA256.HashData(reader.HashedTables), reader.TablesSha256.ToArray());
    }

    [Fact]
    public void Bytes_behind_the_bundle_are_ignored() =>
        Assert.Equal(BundleStatus.Valid, BundleReader.TryOpen([.. SampleBundle.Build(), 1, 2, 3], out _));

    [Fact]
    public void Every_cut_is_noticed()
    {
        byte[] bundle = SampleBundle.Build();
        for (int length = 0; length < bundle.Length; length++)
            Assert.Equal(length < BundleHeader.Size ? BundleStatus.TooShort : BundleStatus.Truncated, BundleReader.TryOpen(bundle.AsSpan(0, length), out _));
    }

    [Theory]
    [InlineData(0x00, 0ul, BundleStatus.NotABundle)]
    [InlineData(0x08, 1ul, BundleStatus.WrongVersion)]
    [InlineData(0x2C, 3ul, BundleStatus.UnknownAllStoppedAction)]
    [InlineData(0x30, ulong.MaxValue, BundleStatus.Truncated)]
    [InlineData(0x30, 0ul, BundleStatus.TablesOutOfRange)]
    [InlineData(0x38, 1025ul, BundleStatus.TooManyDefinitions)]
    [InlineData(0x38, 0x800_00000020ul, BundleStatus.TablesOutOfRange)]
    [InlineData(0x3C, 10245ul, BundleStatus.TooManyBlobs)]
    [InlineData(0x40, 65ul, BundleStatus.TooManyNetworks)]
    [InlineData(0x44, 1025ul, BundleStatus.TooManyNetworks)]
    [InlineData(0x48, 8193ul, BundleStatus.TooManyNetworks)]
    [InlineData(0x48, 1000ul, BundleStatus.TablesOutOfRange)]
    [InlineData(0x4C, 8193ul, BundleStatus.TooManyDisks)]
    [InlineData(0x50, 5ul, BundleStatus.TooManyProcesses)]
    [InlineData(0x4C, 1000ul, BundleStatus.TablesOutOfRange)]
    [InlineData(FirstBlobRow, 0x1000ul, BundleStatus.BlobOutOfRange)]
    [InlineData(FirstBlobRow, 0x2001ul, BundleStatus.BlobNotPageAligned)]
    [InlineData(FirstBlobRow, ulong.MaxValue, BundleStatus.BlobOutOfRange)]
    [InlineData(FirstBlobRow + 8, 0x1004ul, BundleStatus.BlobOutOfRange)]
    [InlineData(FirstBlobRow + 8, ulong.MaxValue, BundleStatus.BlobOutOfRange)]
    [InlineData(FirstBlobRow + 0x30, 0x1Bul, BundleStatus.BlobNameNotPrintable)]
    [InlineData(FirstBlobRow + 0x38, 1ul, BundleStatus.BlobNameNotPrintable)]
    public void A_hostile_field_is_named(int offset, ulong value, BundleStatus expected)
    {
        byte[] bundle = SampleBundle.Build();
        Span<byte> field = bundle.AsSpan(offset);
        if (offset is 0x08 or 0x2C or (>= 0x3C and < 0x54))
            BinaryPrimitives.WriteUInt32LittleEndian(field, (uint)value);
        else
            BinaryPrimitives.WriteUInt64LittleEndian(field, value);
        Assert.Equal(expected, BundleReader.TryOpen(bundle, out BundleReader reader));
        Assert.Equal(0, reader.DefinitionCount);
    }

    [Fact]
    public void Every_status_has_words_of_its_own()
    {
        HashSet<string> seen = ["unknown"];
        foreach (BundleStatus status in Enum.GetValues<BundleStatus>())
            Assert.True(seen.Add(System.Text.Encoding.ASCII.GetString(BundleReader.Describe(status))), status.ToString());
    }
}
