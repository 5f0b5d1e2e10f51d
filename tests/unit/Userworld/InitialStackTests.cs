using System.Buffers.Binary;
using System.Text;
using HyperOS.Userworld;

namespace HyperOS.Tests.Unit.Userworld;

public class InitialStackTests
{
    private const ulong Top = 0x7FFF_0000;

    [Fact]
    public void A_program_finds_its_arguments_environment_and_auxiliary_vector()
    {
        byte[] stack = new byte[4096], random = [.. Enumerable.Range(1, 16).Select(i => (byte)i)];
        AuxiliaryValues values = new() { HeadersAddress = 0x400040, HeaderCount = 5, Entry = 0x401000, SignalStackLength = 3000 };
        Assert.True(InitialStack.TryBuild(stack, Top, "prog\0one\0"u8, "A=1\0"u8, random, in values, out ulong pointer));
        Assert.Equal(0ul, pointer % 16);
        Assert.Equal(2ul, Word(stack, pointer));
        Assert.Equal("prog", Text(stack, Word(stack, pointer + 8)));
        Assert.Equal("one", Text(stack, Word(stack, pointer + 16)));
        Assert.Equal(0ul, Word(stack, pointer + 24));
        Assert.Equal("A=1", Text(stack, Word(stack, pointer + 32)));
        Assert.Equal(0ul, Word(stack, pointer + 40));
        Dictionary<AuxiliaryType, ulong> vector = [];
        for (ulong at = pointer + 48; ; at += 16)
        {
            vector.Add((AuxiliaryType)Word(stack, at), Word(stack, at + 8));
            if (Word(stack, at) == 0)
                break;
        }
        Assert.Equal((0x400040ul, 56ul, 5ul, 0x401000ul, 4096ul, 3000ul),
            (vector[AuxiliaryType.AT_PHDR], vector[AuxiliaryType.AT_PHENT], vector[AuxiliaryType.AT_PHNUM], vector[AuxiliaryType.AT_ENTRY], vector[AuxiliaryType.AT_PAGESZ],
                vector[AuxiliaryType.AT_MINSIGSTKSZ]));
        ulong bytes = vector[AuxiliaryType.AT_RANDOM] - (Top - (ulong)stack.Length);
        Assert.Equal(random, stack.AsSpan((int)bytes, 16).ToArray());
        Assert.Equal("prog", Text(stack, vector[AuxiliaryType.AT_EXECFN]));
        Assert.DoesNotContain(AuxiliaryType.AT_SYSINFO_EHDR, vector.Keys);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(300)]
    [InlineData(500)]
    public void What_does_not_fit_is_refused(int room) =>
        Assert.False(InitialStack.TryBuild(new byte[room], Top, Encoding.ASCII.GetBytes(new string('x', 200) + "\0"), default, new byte[16], default, out _));

    private static ulong Word(byte[] stack, ulong address) =>
        BinaryPrimitives.ReadUInt64LittleEndian(stack.AsSpan((int)(address - (Top - (ulong)stack.Length))));

    private static string Text(byte[] stack, ulong address)
    {
        ReadOnlySpan<byte> rest = stack.AsSpan((int)(address - (Top - (ulong)stack.Length)));
        return Encoding.ASCII.GetString(rest[..rest.IndexOf((byte)0)]);
    }
}
