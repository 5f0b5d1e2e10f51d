using HyperOS.Block;
using HyperOS.Core;
using HyperOS.Specs.Ata;
using HyperOS.Specs.Virtio;

namespace HyperOS.Tests.Unit.Drivers;

/// <summary>Every kind of disk against a model of the device.</summary>
public class DiskTests
{
    public static TheoryData<string> Kinds => ["virtio", "virtio 4096", "nvme", "nvme 4096", "ahci", "ahci 4096", "ahci without queuing"];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_disk_starts_and_tells_what_it_is(string kind)
    {
        DiskBench bench = DiskBench.Of(kind).Started();
        Assert.Equal([DiskEvent.Started], bench.Host.Events);
        Assert.Equal(1, bench.Service.UnitCount);
        Assert.Equal((ulong)bench.Model.Content.Length, bench.Disk.Length);
        Assert.Equal(bench.Model.BlockBytes, bench.Disk.BlockBytes);
        Assert.Equal("S-42"u8, bench.Disk.Identity.Serial);
        Assert.False(bench.Disk.IsReadOnly);
        Assert.Equal(64 * 1024, bench.Disk.MaximumBytes);
        if (kind == "ahci")
            Assert.Equal(4096, bench.Disk.PhysicalBlockBytes);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Blocks_of_every_size_are_written_and_read_where_they_belong(string kind)
    {
        DiskBench bench = DiskBench.Of(kind).Started();
        byte[] expected = (byte[])bench.Model.Content.Clone();
        int block = bench.Model.BlockBytes;
        Random random = new(2);
        for (int length = block; length <= bench.Disk.MaximumBytes; length += block * (length < 10 * block ? 1 : 7))
        {
            byte[] data = new byte[length];
            random.NextBytes(data);
            foreach (int offset in (int[])[0, 3 * block, expected.Length - length])
            {
                data.CopyTo(expected, offset);
                Assert.Equal(BlockStatus.Done, bench.Do(BlockOperation.Write, (ulong)offset, (ulong)length, data));
                Assert.Equal(data, bench.Read((ulong)offset, length));
            }
        }
        Assert.Equal(expected, bench.Model.Content);
        Assert.Equal(BlockStatus.Done, bench.Do(BlockOperation.Flush, 0, 0));
        Assert.Equal(1, bench.Model.Flushes);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void More_requests_than_it_has_places_for_are_all_done(string kind)
    {
        DiskBench bench = DiskBench.Of(kind).Started();
        ulong block = (ulong)bench.Model.BlockBytes;
        bench.Model.IsHung = true;
        DiskBench.Request[] requests = [.. Enumerable.Range(0, DiskBench.RequestCount).Select(i => i % 9 == 8
            ? bench.Submit(BlockOperation.Flush, 0, 0)
            : bench.Submit(BlockOperation.Read, (ulong)i * 5 * block, (ulong)(i % 4 + 1) * block))];
        bench.Model.IsHung = false;
        bench.Model.Run();
        bench.Serve();
        Assert.All(requests, request => Assert.True(!request.IsOut && request.Status == BlockStatus.Done));
        foreach (DiskBench.Request request in requests.Where(request => request.Operation == BlockOperation.Read))
            Assert.Equal(bench.Model.Content[(int)request.Offset..(int)(request.Offset + request.Length)], request.Data);
        Assert.InRange(bench.Model.MostAtOnce, kind == "ahci without queuing" ? 1 : 8, 32);
        Assert.Equal(4, bench.Model.Flushes);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void What_lies_beyond_the_disk_or_is_no_whole_block_is_refused(string kind)
    {
        DiskBench bench = DiskBench.Of(kind).Started();
        ulong block = (ulong)bench.Model.BlockBytes, length = bench.Disk.Length;
        foreach ((ulong offset, ulong bytes) in ((ulong, ulong)[])[(length, block), (length - block, 2 * block), (0, 0), (1, block), (0, block - 1), (0, 64 * 1024 + block), (ulong.MaxValue - block + 1, block), (block, ulong.MaxValue)])
        {
            foreach (BlockOperation operation in (BlockOperation[])[BlockOperation.Read, BlockOperation.Write])
                Assert.Equal(BlockStatus.Refused, bench.Do(operation, offset, bytes));
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void What_is_discarded_or_zeroed_is_where_it_should(string kind)
    {
        DiskBench bench = DiskBench.Of(kind).Started();
        int block = bench.Model.BlockBytes;
        byte[] expected = (byte[])bench.Model.Content.Clone();
        Assert.NotEqual(0ul, bench.Disk.MaximumDiscard);
        Assert.Equal(BlockStatus.Done, bench.Do(BlockOperation.Discard, (ulong)(7 * block), (ulong)(300 * block)));
        expected.AsSpan(7 * block, 300 * block).Clear();
        if (bench.Disk.MaximumZeroes != 0)
        {
            Assert.Equal(BlockStatus.Done, bench.Do(BlockOperation.WriteZeroes, (ulong)(1000 * block), (ulong)(70 * block)));
            expected.AsSpan(1000 * block, 70 * block).Clear();
        }
        Assert.Equal(expected, bench.Model.Content);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_bad_block_fails_its_request_and_no_other(string kind)
    {
        DiskBench bench = DiskBench.Of(kind).Started();
        ulong block = (ulong)bench.Model.BlockBytes;
        bench.Model.BadBlocks.Add(51);
        bench.Model.IsHung = true;
        DiskBench.Request[] requests = [.. Enumerable.Range(0, 20).Select(i => bench.Submit(BlockOperation.Read, (ulong)i * 5 * block, 2 * block))];
        bench.Model.IsHung = false;
        bench.Model.Run();
        bench.Serve();
        for (int i = 0; i < requests.Length; i++)
            Assert.Equal((false, i == 10 ? BlockStatus.MediumError : BlockStatus.Done), (requests[i].IsOut, requests[i].Status));
        Assert.Equal([50 * block], bench.Host.Errors);
        Assert.Equal(0ul, bench.Service.Resets);
        Assert.Equal(bench.Model.Content[..(int)(8 * block)], bench.Read(0, (int)(8 * block)));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_disk_that_hangs_is_reset_and_its_requests_are_tried_again(string kind)
    {
        DiskBench bench = DiskBench.Of(kind).Started();
        ulong block = (ulong)bench.Model.BlockBytes;
        int resets = bench.Model.Resets;
        bench.Model.IsHung = true;
        DiskBench.Request request = bench.Submit(BlockOperation.Read, 6 * block, block);
        bench.Wait(DiskService.Patience / DiskBench.Second - 1);
        Assert.True(request.IsOut);
        Assert.Equal([DiskEvent.Started], bench.Host.Events);
        bench.Model.Forget();
        bench.Model.IsHung = false;
        bench.Wait(3);
        Assert.Equal((false, BlockStatus.Done), (request.IsOut, request.Status));
        Assert.Equal([DiskEvent.Started, DiskEvent.Hung, DiskEvent.Started], bench.Host.Events);
        Assert.True(bench.Model.Resets > resets);
        Assert.Equal(bench.Model.Content[(int)(6 * block)..(int)(7 * block)], request.Data);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_disk_that_never_answers_again_fails_and_so_do_all_requests(string kind)
    {
        DiskBench bench = DiskBench.Of(kind).Started();
        bench.Model.IsHung = true;
        DiskBench.Request[] requests = [.. Enumerable.Range(0, 35).Select(_ => bench.Submit(BlockOperation.Read, 0, 4096))];
        bench.Wait(200);
        Assert.All(requests, request => Assert.Equal((false, BlockStatus.Failed), (request.IsOut, request.Status)));
        Assert.Equal(DiskEvent.Failed, bench.Host.Events[^1]);
        Assert.True(bench.Service.HasFailed);
        Assert.Equal(BlockStatus.Failed, bench.Do(BlockOperation.Write, 0, 4096));
        Assert.Equal(BlockStatus.Failed, bench.Do(BlockOperation.Flush, 0, 0));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_disk_that_is_unplugged_has_failed_for_good(string kind)
    {
        DiskBench bench = DiskBench.Of(kind).Started();
        bench.Model.IsHung = true;
        DiskBench.Request request = bench.Submit(BlockOperation.Write, 0, 4096, new byte[4096]);
        bench.Host.IsPresent = false;
        bench.Model.IsUnplugged = true;
        bench.Wait(2);
        Assert.Equal((false, BlockStatus.Failed), (request.IsOut, request.Status));
        Assert.Equal([DiskEvent.Started, DiskEvent.Gone], bench.Host.Events);
        bench.Host.IsPresent = true;
        bench.Model.IsUnplugged = bench.Model.IsHung = false;
        bench.Wait(100);
        Assert.Equal([DiskEvent.Started, DiskEvent.Gone], bench.Host.Events);
        Assert.Equal(BlockStatus.Failed, bench.Do(BlockOperation.Read, 0, 4096));
        Assert.True(bench.Host.HasDetached);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_disk_that_is_another_one_after_a_reset_is_not_touched(string kind)
    {
        DiskBench bench = DiskBench.Of(kind).Started();
        byte[] content = (byte[])bench.Model.Content.Clone();
        bench.Model.IsHung = true;
        bench.Submit(BlockOperation.Write, 0, 4096, new byte[4096]);
        bench.Wait(DiskService.Patience / DiskBench.Second - 1);
        bench.Model.SerialNumber = "S-43";
        bench.Model.Forget();
        bench.Model.IsHung = false;
        bench.Wait(3);
        Assert.Equal([DiskEvent.Started, DiskEvent.Hung, DiskEvent.Replaced], bench.Host.Events);
        Assert.Equal(content, bench.Model.Content);
        Assert.True(bench.Service.HasFailed);
    }

    [Theory]
    [InlineData("virtio")]
    [InlineData("nvme")]
    public void A_disk_that_says_what_cannot_be_is_reset_and_in_the_end_failed(string kind)
    {
        DiskBench bench = DiskBench.Of(kind).Started();
        for (int round = 0; round < DiskService.MaximumAttempts; round++)
        {
            for (uint i = 0; i < 12; i++)
                bench.Model.ClaimDone(1000 + i);
            bench.Wait(2);
        }
        Assert.Contains(DiskEvent.Lied, bench.Host.Events);
        Assert.Equal(DiskEvent.Failed, bench.Host.Events[^1]);
    }

    [Fact]
    public void A_controller_has_a_disk_for_each_namespace_that_can_be_used()
    {
        NvmeModel model = new(namespaces: 2);
        DiskBench bench = new DiskBench(model).Started();
        Assert.Equal(2, bench.Service.UnitCount);
        DiskBench.Request request = bench.Submit(BlockOperation.Read, 512, 512, unit: 1);
        bench.Serve();
        Assert.Equal(model.Content[512..1024], request.Data);
    }

    [Fact]
    public void A_controller_that_says_that_it_cannot_go_on_is_reset()
    {
        NvmeModel model = new();
        DiskBench bench = new DiskBench(model).Started();
        model.IsBroken = true;
        bench.Service.Serve();
        model.IsBroken = false;
        bench.Wait(2);
        Assert.Equal([DiskEvent.Started, DiskEvent.Hung, DiskEvent.Started], bench.Host.Events);
    }

    [Theory]
    [InlineData(1, 8192)]
    [InlineData(2, 16384)]
    [InlineData(0, 65536)]
    [InlineData(255, 65536)]
    public void Requests_are_no_longer_than_the_controller_takes(byte largestTransfer, int bytes) =>
        Assert.Equal(bytes, new DiskBench(new NvmeModel { LargestTransfer = largestTransfer }).Started().Disk.MaximumBytes);

    [Fact]
    public void Namespaces_with_metadata_or_without_blocks_are_left_alone()
    {
        foreach (NvmeModel model in (NvmeModel[])[new() { Metadata = 8 }, new() { BlockCount = 0 }, new() { BlockCount = ulong.MaxValue }, new(8192), new(256)])
        {
            DiskBench bench = new(model);
            bench.Serve();
            Assert.True(bench.Service.IsSettled && bench.Service.UnitCount == 0 && bench.Service.HasFailed);
            Assert.Empty(bench.Host.Events);
        }
    }

    [Theory]
    [InlineData(VirtioFeatures.VIRTIO_F_VERSION_1)]
    [InlineData(VirtioFeatures.VIRTIO_F_INDIRECT_DESC)]
    public void A_device_without_what_its_driver_needs_is_not_used(ulong missing)
    {
        VirtioDiskModel model = new();
        model.Offered &= ~missing;
        DiskBench bench = new(model);
        bench.Serve();
        Assert.Equal([DiskEvent.Failed], bench.Host.Events);
        Assert.True(bench.Service.IsSettled && bench.Service.UnitCount == 0);
    }

    [Theory]
    [InlineData(VirtioBlock.BlkSize, 0u)]
    [InlineData(VirtioBlock.BlkSize, 513u)]
    [InlineData(VirtioBlock.BlkSize, 8192u)]
    [InlineData(VirtioBlock.BlkSize, uint.MaxValue)]
    [InlineData(VirtioBlock.Capacity + 4, uint.MaxValue)]
    [InlineData(VirtioBlock.SegMax, 0u)]
    public void A_device_that_says_what_cannot_be_of_itself_is_not_used(int field, uint value)
    {
        VirtioDiskModel model = new();
        model.Put(field, value);
        DiskBench bench = new(model);
        bench.Serve();
        Assert.Equal([DiskEvent.Failed], bench.Host.Events);
    }

    [Fact]
    public void A_device_without_a_cache_need_not_be_flushed()
    {
        VirtioDiskModel model = new();
        model.Offered &= ~VirtioBlock.VIRTIO_BLK_F_FLUSH;
        DiskBench bench = new DiskBench(model).Started();
        Assert.Equal(BlockStatus.Done, bench.Do(BlockOperation.Flush, 0, 0));
        Assert.Equal(0, model.Flushes);
    }

    [Fact]
    public void A_read_only_device_is_not_written()
    {
        VirtioDiskModel model = new();
        model.Offered |= VirtioBlock.VIRTIO_BLK_F_RO;
        DiskBench bench = new DiskBench(model).Started();
        Assert.True(bench.Disk.IsReadOnly);
        Assert.Equal(0ul, bench.Disk.MaximumDiscard);
        Assert.Equal(BlockStatus.Refused, bench.Do(BlockOperation.Write, 0, 512, new byte[512]));
        Assert.Equal(BlockStatus.Refused, bench.Do(BlockOperation.Discard, 0, 512));
    }

    [Fact]
    public void A_CD_drive_is_passed_over_in_silence()
    {
        DiskBench bench = new(new AhciModel { Signature = 0xEB14_0101 });
        bench.Serve();
        Assert.Empty(bench.Host.Events);
        Assert.True(bench.Service.IsSettled && bench.Service.UnitCount == 0);
    }

    [Fact]
    public void An_adapter_tells_which_ports_have_something_connected()
    {
        AhciModel model = new();
        model.Adapter.Prepare(new DiskBench.BenchHost());
        Assert.Equal(1u << 2, model.Adapter.Connected);
        model.IsDisconnected = true;
        model.Adapter.Prepare(new DiskBench.BenchHost());
        Assert.Equal(0u, model.Adapter.Connected);
    }

    [Fact]
    public void A_disk_whose_cable_is_out_is_gone()
    {
        AhciModel model = new();
        DiskBench bench = new DiskBench(model).Started();
        model.IsDisconnected = true;
        bench.Wait(1);
        Assert.Equal([DiskEvent.Started, DiskEvent.Gone], bench.Host.Events);
    }

    [Theory]
    [InlineData(AtaIdentify.CommandSets, 0)]
    [InlineData(AtaIdentify.CommandSets, 0xFFFF)]
    [InlineData(AtaIdentify.CommandSets, 0x4000)]
    [InlineData(AtaIdentify.Sectors48, 0)]
    [InlineData(AtaIdentify.Sectors48 + 3, 0xFFFF)]
    public void An_ATA_disk_that_says_what_cannot_be_of_itself_is_not_used(int word, int value)
    {
        AhciModel model = new() { Tamper = said => BitConverter.GetBytes((ushort)value).CopyTo(said, 2 * word) };
        DiskBench bench = new(model);
        bench.Serve();
        Assert.Equal([DiskEvent.Failed], bench.Host.Events);
    }

    [Theory]
    [InlineData("  a model  ", "a model")]
    [InlineData("tab\tand \u007f", "tab and")]
    [InlineData("", "")]
    public void Text_that_a_disk_says_is_made_harmless(string said, string text)
    {
        DiskIdentity identity = new();
        identity.SetModel(System.Text.Encoding.ASCII.GetBytes(said));
        Assert.Equal(text, System.Text.Encoding.ASCII.GetString(identity.Model));
    }
}
