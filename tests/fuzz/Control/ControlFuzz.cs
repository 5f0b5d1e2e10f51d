using HyperOS.Abi;
using HyperOS.Abi.Control;
using HyperOS.Core;

namespace HyperOS.Tests.Fuzz.Control;

public class ControlFuzz
{
    [Fact]
    public void No_request_breaks_its_parser()
    {
        byte[] create = Create();
        FuzzRun.Run(random =>
        {
            byte[] message = random.Next(2) == 0 ? FuzzRun.Mutate(random, create) : new byte[random.Next(0x300)];
            if (random.Next(2) == 0)
                random.NextBytes(message.AsSpan(Math.Min(message.Length, random.Next(0x40))));
            ControlStatus status = RequestHeader.TryOpen(message, out RequestHeader header, out ReadOnlySpan<byte> body);
            FuzzRun.Saw(status);
            // What the body is taken for hangs on the operation alone; each form has to bear each body.
            FuzzRun.Saw(header.Operation);
            Read<TargetRequest>(body);
            Read<VmOperateRequest>(body);
            Read<ImageCreateRequest>(body);
            Read<NetworkWriteRequest>(body);
            Read<PortGroupWriteRequest>(body);
            Read<VolumeCreateRequest>(body);
            if (!VmCreateRequest.TryOpen(body, out VmCreateRequest request))
                return;
            ControlStatus judged = request.Validate(1 << 30, out _);
            FuzzRun.Saw(judged);
            for (int i = 0; i < request.ImageCount; i++)
                request.ImageAt(i);
            for (int i = 0; i < request.PortGroupCount; i++)
                request.PortGroupAt(i);
            for (int i = 0; i < request.DiskCount; i++)
                request.VolumeAt(i);
            if (judged == ControlStatus.Done && request.NicCount > 0)
                Assert.True(request.ReadNic(0).PortGroup < request.PortGroupCount);
        });
    }

    [Fact]
    public void No_answer_breaks_its_reader() => FuzzRun.Run(random =>
    {
        byte[] message = new byte[random.Next(0x800)];
        random.NextBytes(message);
        AnswerWriter writer = new(message.Length >= AnswerHeader.Length ? message : new byte[AnswerHeader.Length], ControlOperation.PortList);
        int length = writer.Finish((ControlStatus)random.Next(3), (ulong)random.Next());
        if (random.Next(2) == 0)
            message.AsSpan(0, Math.Min(message.Length, 4)).Clear();
        if (!AnswerReader.TryOpen(message.AsSpan(0, Math.Min(length, message.Length)), ControlOperation.PortList, out AnswerReader answer))
            return;
        FuzzRun.Saw(answer.Header.Status);
        while (answer.TryRead(out PortRecord port))
            Assert.True(port.Name.Bytes.Length <= 32);
        while (answer.TryRead(out VmRecord vm))
            Assert.True(vm.Name.Bytes.Length <= 32);
    });

    [Fact]
    public void No_bytes_break_a_batch_of_frames() => FuzzRun.Run(random =>
    {
        byte[] batch = new byte[random.Next(0x1000)];
        random.NextBytes(batch);
        for (int at = 0; at + 2 < batch.Length && random.Next(4) != 0; at += 60)
            (batch[at], batch[at + 1]) = ((byte)random.Next(10, 62), (byte)0);
        ReadOnlySpan<byte> rest = batch;
        int frames = 0;
        while (FrameStream.TryTake(ref rest, out ReadOnlySpan<byte> frame))
        {
            Assert.InRange(frame.Length, FrameStream.MinFrame, FrameStream.MaxFrame);
            frames++;
        }
        FuzzRun.Saw(nameof(frames), frames);
    });

    private static void Read<T>(ReadOnlySpan<byte> body)
        where T : struct, IControlRecord<T>
    {
        LittleEndianReader reader = new(body);
        T record = T.Read(ref reader);
        byte[] written = new byte[T.Size];
        LittleEndianWriter writer = new(written);
        record.Write(ref writer);
        Assert.False(writer.Overrun);
        FuzzRun.Saw(typeof(T).Name, reader.Overrun ? 1 : 0);
    }

    private static byte[] Create()
    {
        byte[] message = new byte[0x2000];
        RequestWriter writer = new(message, ControlOperation.VmCreate);
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
        VmCreateRequest.TryWrite(ref writer.Body, in vm, [5, 6], [8], [nic], [disk], [0]);
        writer.TryFinish(out int length);
        return message[..length];
    }
}
