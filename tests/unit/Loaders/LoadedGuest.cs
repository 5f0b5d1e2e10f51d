using System.Buffers.Binary;
using System.Text;
using HyperOS.Core;
using HyperOS.Loaders;

namespace HyperOS.Tests.Unit.Loaders;

/// <summary>A plan and the guest memory that it makes, filled with garbage before.</summary>
internal sealed class LoadedGuest
{
    public const ulong DefaultRam = 64 * Size.MiB;
    private readonly byte[] _memory;

    private LoadedGuest(byte[] image, ulong initrdLength, LoadPlan plan, ulong ram)
    {
        Plan = plan;
        _memory = new byte[Math.Min(ram, 256 * Size.MiB)];
        Array.Fill(_memory, (byte)0xEE);
        List<(ulong Start, ulong End)> written = [];
        foreach (LoadAction action in plan.Actions)
        {
            (ulong start, ulong end) = (action.Destination.Value, action.Destination.Value + action.Length);
            Assert.DoesNotContain(written, other => start < other.End && other.Start < end);
            written.Add((start, end));
            if (action.Kind == LoadActionKind.CopyInitrd)
            {
                Assert.Equal(initrdLength, action.Length);
                continue;
            }
            Span<byte> target = _memory.AsSpan((int)start, (int)action.Length);
            switch (action.Kind)
            {
                case LoadActionKind.CopyImage: image.AsSpan((int)action.Source, (int)action.Length).CopyTo(target); break;
                case LoadActionKind.CopyBootData: plan.BootData.Slice((int)action.Source, (int)action.Length).CopyTo(target); break;
                default: target.Clear(); break;
            }
        }
    }

    public LoadPlan Plan { get; }

    public static LoadStatus Try(byte[] image, LoadPlan plan, string commandLine = "console=ttyS0", ulong initrdLength = 0, ulong ram = DefaultRam)
    {
        Assert.True(GuestMemoryLayout.TryCreate(ram, new GuestPhysicalAddress(0xE0000), 0x20000,
            new GuestPhysicalAddress(0xE0010), out GuestMemoryLayout layout));
        LoadRequest request = new() { Image = image, CommandLine = Encoding.ASCII.GetBytes(commandLine), InitrdLength = initrdLength, Memory = layout };
        return GuestImage.Load(in request, plan);
    }

    public static void Refuses(LoadStatus expected, byte[] image, string commandLine = "", ulong initrdLength = 0, ulong ram = DefaultRam) =>
        Assert.Equal(expected, Try(image, new LoadPlan(), commandLine, initrdLength, ram));

    public static LoadedGuest Load(byte[] image, string commandLine = "console=ttyS0", ulong initrdLength = 0, ulong ram = DefaultRam)
    {
        LoadPlan plan = new();
        Assert.Equal(LoadStatus.Ok, Try(image, plan, commandLine, initrdLength, ram));
        return new LoadedGuest(image, initrdLength, plan, ram);
    }

    public ReadOnlySpan<byte> At(ulong address, int length) => _memory.AsSpan((int)address, length);

    public byte U8(ulong address) => _memory[address];

    public uint U32(ulong address) => BinaryPrimitives.ReadUInt32LittleEndian(At(address, 4));

    public ulong U64(ulong address) => BinaryPrimitives.ReadUInt64LittleEndian(At(address, 8));

    public string Text(ulong address) => Encoding.ASCII.GetString(ByteSpans.UntilZero(_memory.AsSpan((int)address)));

    /// <summary>The descriptors in guest memory are those that the segment registers hold.</summary>
    public void AssertFlatSegments(bool is64Bit)
    {
        EntryState entry = Plan.Entry;
        Assert.Equal(0x10, entry.Cs.Selector);
        Assert.Equal(0x18, entry.Data.Selector);
        Assert.Equal(is64Bit ? 0x00AF9B000000FFFFul : 0x00CF9B000000FFFF, U64(entry.GdtBase.Value + entry.Cs.Selector));
        Assert.Equal(0x00CF93000000FFFFul, U64(entry.GdtBase.Value + entry.Data.Selector));
        Assert.Equal((0x9B, is64Bit ? 0xA : 0xC, uint.MaxValue, 0ul), (entry.Cs.Access, entry.Cs.Flags, entry.Cs.Limit, entry.Cs.Base));
        Assert.Equal((0x93, 0xC, uint.MaxValue, 0ul), (entry.Data.Access, entry.Data.Flags, entry.Data.Limit, entry.Data.Base));
        Assert.Equal((0x8B, 0x67u), (entry.Tr.Access, entry.Tr.Limit));
        Assert.True(entry.GdtLimit >= entry.Tr.Selector + 15);
        Assert.Equal(2ul, entry.Rflags);
    }
}
