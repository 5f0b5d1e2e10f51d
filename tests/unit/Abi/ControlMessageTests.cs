using HyperOS.Abi;
using HyperOS.Abi.Control;
using HyperOS.Core;

namespace HyperOS.Tests.Unit.Abi;

public class ControlMessageTests
{
    [Fact]
    public void Records_have_their_sizes_and_read_back_as_they_were_written()
    {
        Check<RequestHeader>(8);
        Check<AnswerHeader>(24);
        Check<TargetRequest>(16);
        Check<CreatedAnswer>(8);
        Check<VmOperateRequest>(24);
        Check<ImageCreateRequest>(76);
        Check<ImageAppendRequest>(16);
        Check<ImageSealRequest>(8);
        Check<NetworkWriteRequest>(0x38);
        Check<PortGroupWriteRequest>(0x260);
        Check<VolumeCreateRequest>(80);
        Check<HostInformation>(132);
        Check<HostStatistics>(72);
        Check<DeviceRecord>(124);
        Check<VmRecord>(124);
        Check<VmExitRecord>(24);
        Check<ImageRecord>(132);
        Check<VolumeRecord>(84);
        Check<NetworkRecord>(0x3C);
        Check<PortGroupRecord>(0x264);
        Check<PortRecord>(128 + 24 * 8);
        Check<EventRecord>(40);
        Check<OutputChunk>(16);

        // Every byte that a record keeps goes out where it came in; those that it does not keep go out as zeros.
        static void Check<T>(int size)
            where T : struct, IControlRecord<T>
        {
            Assert.Equal(size, T.Size);
            byte[] first = new byte[size];
            for (int i = 0; i < size; i++)
                first[i] = (byte)(i + 1);
            LittleEndianReader reader = new(first);
            T record = T.Read(ref reader);
            Assert.False(reader.Overrun);
            Assert.Equal(size, reader.Position);
            byte[] second = new byte[size + 1];
            LittleEndianWriter writer = new(second);
            record.Write(ref writer);
            Assert.Equal(size, writer.Position);
            for (int i = 0; i < size; i++)
                Assert.True(second[i] == first[i] || second[i] is 0 or 1, $"{typeof(T).Name} changes byte {i}");
            reader = new LittleEndianReader(first.AsSpan(0, size - 1));
            T.Read(ref reader);
            Assert.True(reader.Overrun);
        }
    }

    [Fact]
    public void Fields_lie_where_the_kernel_looks_for_them()
    {
        VmRecord vm = new() { Id = 0x11, State = VmState.Paused, StopReason = StopReason.Reset, ExitCode = 0x22, ConsoleEnd = 0x33, CpuTime = 0x44 };
        vm.Name.Set("web"u8);
        byte[] bytes = Written(in vm);
        Assert.Equal((0x11, 3, 2, 0x22, 0x44, 0x33), (bytes[0], bytes[8], bytes[9], bytes[12], bytes[48], bytes[80]));
        Assert.Equal([3, 0, 0, 0, (byte)'w', (byte)'e', (byte)'b', 0], bytes[88..96]);
        EventRecord happened = new() { Sequence = 1, Time = 2, Subject = 3, Detail = 4, Kind = EventKind.VmChanged };
        bytes = Written(in happened);
        Assert.Equal((1, 2, 3, 4, 2), (bytes[0], bytes[8], bytes[16], bytes[24], bytes[32]));
        AnswerHeader answer = new() { MessageLength = 24, Version = 1, Operation = ControlOperation.VmList, Status = ControlStatus.InUse, Count = 5, Detail = 6 };
        Assert.Equal([24, 0, 0, 0, 1, 0, 5, 2, 9, 0, 0, 0, 5, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0], Written(in answer));
    }

    [Fact]
    public void A_request_opens_only_as_long_and_of_the_version_that_it_says()
    {
        byte[] message = new byte[64];
        RequestWriter writer = new(message, ControlOperation.VmRead);
        new TargetRequest { Id = 7 }.Write(ref writer.Body);
        Assert.True(writer.TryFinish(out int length));
        Assert.Equal(24, length);
        Assert.Equal(ControlStatus.Done, RequestHeader.TryOpen(message.AsSpan(0, length), out RequestHeader header, out ReadOnlySpan<byte> body));
        Assert.Equal((ControlOperation.VmRead, 16), (header.Operation, body.Length));
        Assert.Equal(ControlStatus.Malformed, RequestHeader.TryOpen(message.AsSpan(0, length - 1), out _, out _));
        Assert.Equal(ControlStatus.Malformed, RequestHeader.TryOpen(message, out _, out _));
        Assert.Equal(ControlStatus.Malformed, RequestHeader.TryOpen(default, out _, out _));
        message[4]++;
        Assert.Equal(ControlStatus.WrongVersion, RequestHeader.TryOpen(message.AsSpan(0, length), out _, out _));
    }

    [Fact]
    public void An_answer_holds_the_records_that_fit_and_says_that_there_are_more()
    {
        byte[] message = new byte[AnswerHeader.Length + 2 * EventRecord.Size + 5];
        AnswerWriter writer = new(message, ControlOperation.VmList);
        Assert.True(writer.TryAdd(new EventRecord { Sequence = 1 }));
        Assert.True(writer.TryAdd(new EventRecord { Sequence = 2 }));
        Assert.False(writer.TryAdd(new EventRecord { Sequence = 3 }));
        Assert.False(writer.TryAdd(new OutputChunk()));
        int length = writer.Finish(ControlStatus.Done);
        Assert.True(AnswerReader.TryOpen(message.AsSpan(0, length), ControlOperation.VmList, out AnswerReader answer));
        Assert.Equal((2u, 1ul), (answer.Header.Count, answer.Header.Detail));
        Assert.True(answer.TryRead(out EventRecord record) && record.Sequence == 1 && answer.TryRead(out record) && record.Sequence == 2);
        Assert.False(answer.TryRead(out record));
        Assert.False(AnswerReader.TryOpen(message.AsSpan(0, length), ControlOperation.VmRead, out _));
        Assert.Equal(AnswerHeader.Length, writer.Finish(ControlStatus.NotFound, 9));
        Assert.True(AnswerReader.TryOpen(message.AsSpan(0, AnswerHeader.Length), ControlOperation.VmList, out answer));
        Assert.Equal((ControlStatus.NotFound, 0u, 9ul), (answer.Header.Status, answer.Header.Count, answer.Header.Detail));
    }

    [Fact]
    public void A_request_for_a_VM_reads_back_and_is_judged_by_the_bundles_rules()
    {
        VmDefinition vm = VmDefinition.Empty;
        vm.Name.Set("web"u8);
        vm.Class = VmClass.Microvm;
        vm.CpuCount = 1;
        vm.MemoryBytes = 64 << 20;
        NicDefinition nic = NicDefinition.Empty;
        nic.Name.Set("eth0"u8);
        nic.Address = new MacAddress(0x0200_0000_0001);
        DiskDefinition disk = DiskDefinition.Empty;
        disk.Name.Set("root"u8);
        disk.Bytes = 1 << 20;
        disk.Image = 1;
        Assert.Equal(ControlStatus.Done, Judge(in vm, [5, 6], [nic], [disk], out ulong detail));
        Assert.Equal(0ul, detail);
        Assert.Equal(ControlStatus.BadDisk, Judge(in vm, [5], [nic], [disk], out detail));
        Assert.Equal((ulong)DiskErrors.Image, detail);
        Assert.Equal(ControlStatus.BadNetwork, Judge(in vm, [5, 6], [nic, nic], [], out detail));
        Assert.Equal(1ul << 32 | (ulong)(NetworkErrors.NameTaken | NetworkErrors.AddressTaken), detail);
        vm.CpuCount = 0;
        Assert.Equal(ControlStatus.BadVm, Judge(in vm, [5, 6], [], [], out detail));
        Assert.Equal((ulong)VmDefinitionErrors.NoCpu, detail);

        static ControlStatus Judge(in VmDefinition vm, ulong[] images, NicDefinition[] nics, DiskDefinition[] disks, out ulong detail)
        {
            byte[] body = new byte[VmCreateRequest.LengthFor(images.Length, 1, nics.Length, disks.Length)];
            LittleEndianWriter writer = new(body);
            Assert.True(VmCreateRequest.TryWrite(ref writer, in vm, images, [8], nics, disks, new ulong[disks.Length]));
            Assert.Equal(body.Length, writer.Position);
            Assert.False(VmCreateRequest.TryOpen(body.AsSpan(1), out _));
            Assert.True(VmCreateRequest.TryOpen(body, out VmCreateRequest request));
            Assert.Equal((images.Length, nics.Length, disks.Length), (request.ImageCount, request.NicCount, request.DiskCount));
            Assert.Equal((images[^1], 8ul), (request.ImageAt(images.Length - 1), request.PortGroupAt(0)));
            return request.Validate(1 << 30, out detail);
        }
    }

    [Theory]
    [InlineData("debian-13_amd64.img", true)]
    [InlineData("A", true)]
    [InlineData("", false)]
    [InlineData(".hidden", false)]
    [InlineData("a/b", false)]
    [InlineData("a b", false)]
    public void Images_have_names_that_files_could_have(string text, bool isValid)
    {
        ImageName name = default;
        name.Set(text.Select(character => (byte)character).ToArray());
        Assert.Equal(isValid, name.IsValid);
    }

    [Fact]
    public void Frames_come_out_of_a_batch_as_they_went_in()
    {
        byte[] batch = new byte[100];
        int length = 0;
        Assert.False(FrameStream.TryAdd(batch, ref length, new byte[13]));
        Assert.True(FrameStream.TryAdd(batch, ref length, [.. Enumerable.Repeat((byte)1, 14)]));
        Assert.True(FrameStream.TryAdd(batch, ref length, [.. Enumerable.Repeat((byte)2, 60)]));
        Assert.False(FrameStream.TryAdd(batch, ref length, new byte[30]));
        ReadOnlySpan<byte> rest = batch.AsSpan(0, length);
        Assert.True(FrameStream.TryTake(ref rest, out ReadOnlySpan<byte> frame) && frame.Length == 14);
        Assert.True(FrameStream.TryTake(ref rest, out frame) && frame.Length == 60 && frame[59] == 2);
        Assert.False(FrameStream.TryTake(ref rest, out _));
    }

    private static byte[] Written<T>(in T record)
        where T : struct, IControlRecord<T>
    {
        byte[] bytes = new byte[T.Size];
        LittleEndianWriter writer = new(bytes);
        record.Write(ref writer);
        return bytes;
    }
}
