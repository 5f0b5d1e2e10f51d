using System.Buffers.Binary;
using HyperOS.Userworld;

namespace HyperOS.Tests.Unit.Userworld;

public class SignalFrameTests
{
    /// <summary>Linux's struct rt_sigframe, as its headers lay it out.</summary>
    [Fact]
    public void The_frame_is_Linuxs()
    {
        byte[] bytes = new byte[SignalFrame.Size];
        Sample().Write(bytes);
        (int Offset, ulong Value)[] expected =
        [
            (0x00, 0xA0), (0x08, 7), (0x10, 0), (0x18, 0x5000), (0x20, 2), (0x28, 0x2000), (0x30, 8), (0x68, 15), (0x70, 0xD1), (0x78, 0x51), (0x90, 0xD0), (0x98, 0xC0),
            (0xA8, 0x55), (0xB0, 0x1B), (0xB8, 0x246), (0xC0, 0x002B_0000_0000_0033), (0xC8, 6), (0xD0, 14), (0xD8, 0xF0), (0xE0, 0x18), (0xE8, 0x7000),
            (0x130, 0xF0), (0x138, 11), (0x140, 2), (0x148, 0x18),
        ];
        foreach ((int offset, ulong value) in expected)
            Assert.Equal((offset, value), (offset, BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(offset))));
        Assert.Equal(0x1B8, SignalFrame.Size);
    }

    [Fact]
    public void What_was_written_reads_back()
    {
        byte[] bytes = new byte[SignalFrame.Size];
        Sample().Write(bytes);
        SignalFrame frame = SignalFrame.Read(bytes);
        Assert.Equal(Sample().Registers, frame.Registers);
        Assert.Equal((0xF0ul, 0x7000ul, 0x5000ul, 0x2000ul), (frame.Mask, frame.ExtendedState, frame.Stack.Start, frame.Stack.Length));
    }

    [Theory]
    [InlineData(0x10000)]
    [InlineData(0x10008)]
    [InlineData(0x0FFF9)]
    public void A_handler_finds_its_stack_as_after_a_call(ulong stackPointer)
    {
        ulong at = SignalFrame.Place(stackPointer);
        Assert.Equal(8ul, at % 16);
        Assert.InRange(at, stackPointer - SignalFrame.Size - 24, stackPointer - SignalFrame.Size);
    }

    [Fact]
    public void An_alternate_stack_holds_what_lies_on_it()
    {
        AlternateStack stack = new() { Start = 0x1000, Length = 0x2000 };
        Assert.True(stack.Holds(0x3000));
        Assert.True(stack.Holds(0x1001));
        Assert.False(stack.Holds(0x1000));
        Assert.False(stack.Holds(0x3001));
        Assert.False(default(AlternateStack).Holds(0));
    }

    [Fact]
    public void Faults_come_before_other_signals()
    {
        Assert.Equal(Signal.SIGSEGV, SignalSet.First(SignalSet.Of(Signal.SIGSEGV) | 1));
        Assert.Equal((Signal)1, SignalSet.First(1));
        Assert.Equal((Signal)64, SignalSet.First(1ul << 63));
        Assert.Equal(Signal.None, SignalSet.First(0));
    }

    [Fact]
    public void An_extended_state_that_the_processor_would_refuse_is_refused()
    {
        const ulong Components = 7;
        byte[] area = new byte[832 + ExtendedFrame.TrailerLength], xmm = [.. Enumerable.Range(0, 256).Select(i => (byte)i)], taken = new byte[256];
        ExtendedFrame.Seal(area, 832, Components, xmm);
        Assert.Equal(0x46505853u, BinaryPrimitives.ReadUInt32LittleEndian(area.AsSpan(464)));
        Assert.Equal(0x46505845u, BinaryPrimitives.ReadUInt32LittleEndian(area.AsSpan(832)));
        Assert.Equal(836u, BinaryPrimitives.ReadUInt32LittleEndian(area.AsSpan(468)));
        Assert.True(ExtendedFrame.TryOpen(area, Components, taken));
        Assert.Equal(xmm, taken);
        foreach ((int offset, byte value) in new (int, byte)[] { (26, 1), (512, 8), (519, 1), (520, 1), (527, 0x80), (575, 1) })
        {
            byte[] bad = [.. area];
            bad[offset] |= value;
            Assert.False(ExtendedFrame.TryOpen(bad, Components, taken));
        }
    }

    private static SignalFrame Sample() => new()
    {
        Restorer = 0xA0,
        HasXsave = true,
        Stack = new AlternateStack { Start = 0x5000, Flags = 2, Length = 0x2000 },
        Registers = new UserRegisters
        {
            R8 = 8, R9 = 9, R10 = 10, R11 = 11, R12 = 12, R13 = 13, R14 = 14, R15 = 15, Rdi = 0xD1, Rsi = 0x51, Rbp = 0xB9, Rbx = 0xBB, Rdx = 0xD0, Rax = 0xC0,
            Rcx = 0xCC, Rsp = 0x55, Rip = 0x1B, Rflags = 0x246,
        },
        ErrorCode = 6,
        TrapNumber = 14,
        FaultAddress = 0x18,
        ExtendedState = 0x7000,
        Mask = 0xF0,
        Signal = Signal.SIGSEGV,
        Code = SignalCode.SEGV_ACCERR,
        Subject = 0x18,
    };
}
