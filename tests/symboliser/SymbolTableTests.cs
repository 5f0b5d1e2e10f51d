using HyperOS.Symboliser;

namespace HyperOS.Tests.Symboliser;

public class SymbolTableTests
{
    private const ulong Base = 0xFFFF_FFFF_8012_0000;

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void Functions_and_lines_are_found(int version)
    {
        SymbolTable symbols = Table(version);
        Assert.Equal("HyperOS.Core.A.First+0x12 (Room.cs:11)", symbols.Describe(Base + 0x12, isReturnAddress: false));
        Assert.Equal("HyperOS.Core.A.Second+0x3f (Room.cs:20)", symbols.Describe(Base + 0x7F, isReturnAddress: false));
    }

    [Fact]
    public void A_return_address_belongs_to_the_call_before_it()
    {
        SymbolTable symbols = Table(4);
        Assert.Equal("HyperOS.Core.A.First+0x10 (Room.cs:11)", symbols.Describe(Base + 0x10, isReturnAddress: false));
        Assert.Equal("HyperOS.Core.A.First+0x10 (Room.cs:10)", symbols.Describe(Base + 0x10, isReturnAddress: true));
    }

    [Fact]
    public void A_call_at_a_functions_end_is_not_taken_for_the_next_function() =>
        Assert.Equal("HyperOS.Core.A.First+0x40 (Room.cs:12)", Table(4).Describe(Base + 0x40, isReturnAddress: false));

    [Fact]
    public void Code_of_no_line_counts_to_the_line_before() =>
        Assert.Equal("HyperOS.Core.A.First+0x32 (Room.cs:12)", Table(4).Describe(Base + 0x32, isReturnAddress: false));

    [Theory]
    [InlineData(0x80)]
    [InlineData(0x800)]
    [InlineData(0x8_0000)]
    public void Between_and_outside_of_functions_there_is_nothing(ulong offset) => Assert.Null(Table(4).Describe(Base + offset + 1, isReturnAddress: false));

    [Fact]
    public void Assembly_is_named_by_its_last_label_that_is_not_local() =>
        Assert.Equal("entry+0x18", Table(4).Describe(Base + 0x1018, isReturnAddress: false));

    [Fact]
    public void A_managed_name_wins_over_the_export_of_the_same_address()
    {
        byte[] image = new KernelImage().Function("KernelMain", Base, 16).Function("HyperOS_K_HyperOS_K_Start__Main", Base, 16).Function("RhNew", Base, 16).ToArray();
        Assert.Equal("HyperOS.K.Start.Main+0x4", new SymbolTable(ElfImage.Parse(image)).Describe(Base + 4, isReturnAddress: false));
    }

    [Fact]
    public void A_file_cut_or_changed_anywhere_is_refused_or_read_but_never_crashes()
    {
        byte[] image = Image(5);
        Random random = new(1);
        for (int i = 0; i < 4000; i++)
        {
            byte[] damaged = image[..(i % 2 == 0 ? image.Length : random.Next(image.Length))];
            for (int change = 0; change < 4 && damaged.Length != 0; change++)
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            try
            {
                new SymbolTable(ElfImage.Parse(damaged)).Describe(Base + 0x12, isReturnAddress: false);
            }
            catch (InvalidDataException)
            {
            }
        }
    }

    private static SymbolTable Table(int version) => new(ElfImage.Parse(Image(version)));

    private static byte[] Image(int version) =>
        new KernelImage()
            .Function("HyperOS_Core_HyperOS_Core_A__Second", Base + 0x40, 0x40)
            .Function("HyperOS_Core_HyperOS_Core_A__First", Base, 0x40)
            .Label("entry", Base + 0x1000)
            .Label("entry.loop", Base + 0x1010)
            .Lines(version, "Room.cs", Base + 0x40, (Base, 10), (Base + 0x10, 11), (Base + 0x20, 12), (Base + 0x30, 0))
            .Lines(version, "Room.cs", Base + 0x80, (Base + 0x40, 20))
            .ToArray();
}
