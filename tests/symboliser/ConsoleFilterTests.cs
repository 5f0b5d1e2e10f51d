using System.Diagnostics;
using System.Text;
using HyperOS.Symboliser;

namespace HyperOS.Tests.Symboliser;

public class ConsoleFilterTests
{
    private const string First = "  at 0xffffffff80120010";
    private const string FirstMeans = " HyperOS.Core.A.First+0x10 (Room.cs:11)";
    private const string FirstMeansAsCaller = " HyperOS.Core.A.First+0x10 (Room.cs:10)";

    private static readonly byte[] s_image = new KernelImage()
        .Function("HyperOS_Core_HyperOS_Core_A__First", 0xFFFF_FFFF_8012_0000, 0x40)
        .Lines(4, "Room.cs", 0xFFFF_FFFF_8012_0040, (0xFFFF_FFFF_8012_0000, 10), (0xFFFF_FFFF_8012_0010, 11))
        .ToArray();

    [Theory]
    [InlineData("[0.1] kernel: hello\r\n$ ", "[0.1] kernel: hello\r\n$ ")]
    [InlineData(First + "\r\n", First + FirstMeans + "\r\n")]
    [InlineData(First + "\n", First + FirstMeans + "\n")]
    [InlineData(First, First + FirstMeans)]
    [InlineData("panic: x\n" + First + "\n" + First + "\n", "panic: x\n" + First + FirstMeans + "\n" + First + FirstMeansAsCaller + "\n")]
    [InlineData(First + "\nother\n" + First + "\n", First + FirstMeans + "\nother\n" + First + FirstMeans + "\n")]
    [InlineData("[1.2] vm web: " + First + "\n", "[1.2] vm web: " + First + FirstMeans + "\n")]
    [InlineData("  at 0x1234\n", "  at 0x1234\n")]
    [InlineData("  at 0x00000000deadbeef\n", "  at 0x00000000deadbeef\n")]
    [InlineData(First + " and more\n", First + " and more\n")]
    [InlineData(" at 0xffffffff80120010\n", " at 0xffffffff80120010\n")]
    public void Backtrace_entries_and_nothing_else_are_explained(string input, string expected)
    {
        foreach (int step in (int[])[1, 7, 4096])
        {
            ConsoleFilter filter = Filter();
            MemoryStream output = new();
            filter.Run(new SlowStream(Encoding.UTF8.GetBytes(input), step), output);
            Assert.Equal(expected, Encoding.UTF8.GetString(output.ToArray()));
        }
    }

    [Fact]
    public void Bytes_that_are_no_text_pass_unchanged()
    {
        byte[] bytes = new byte[10_000];
        new Random(1).NextBytes(bytes);
        MemoryStream output = new();
        Filter().Run(new SlowStream(bytes, 100), output);
        Assert.Equal(bytes, output.ToArray());
    }

    [Fact]
    public void A_prompt_without_a_line_end_appears_at_once()
    {
        MemoryStream output = new();
        Filter().Write("login: "u8, output);
        Assert.Equal("login: ", Encoding.UTF8.GetString(output.ToArray()));
    }

    [Theory]
    [InlineData("echo '  at 0xffffffff80120010'; exit 7", 7)]
    [InlineData("echo '  at 0xffffffff80120010'", 0)]
    public void A_commands_output_is_filtered_and_its_exit_code_is_kept(string script, int exitCode)
    {
        (int code, string output) = Run("--", "sh", "-c", script);
        Assert.Equal(exitCode, code);
        Assert.Equal(First + FirstMeans + "\n", output);
    }

    [Fact]
    public void A_command_reads_the_terminals_own_input()
    {
        (int code, string output) = Run("--", "cat");
        Assert.Equal(0, code);
        Assert.Equal("typed", output);
    }

    [Fact]
    public void Without_a_command_standard_input_is_filtered()
    {
        (int code, string output) = Run();
        Assert.Equal(0, code);
        Assert.Equal("typed", output);
    }

    [Fact]
    public void A_command_that_does_not_exist_is_a_usage_error() => Assert.Equal(2, Run("--", "no-such-command-here").Code);

    private static (int Code, string Output) Run(params string[] more)
    {
        string image = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(image, s_image);
            ProcessStartInfo start = new("dotnet") { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
            foreach (string argument in (string[])[typeof(ConsoleFilter).Assembly.Location, "--elf", image, .. more])
                start.ArgumentList.Add(argument);
            using Process process = Process.Start(start)!;
            process.StandardInput.Write("typed");
            process.StandardInput.Close();
            string output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return (process.ExitCode, output);
        }
        finally
        {
            File.Delete(image);
        }
    }

    private static ConsoleFilter Filter() => new(new SymbolTable(ElfImage.Parse(s_image)));

    /// <summary>Gives a few bytes a read, as a serial line does.</summary>
    private sealed class SlowStream(byte[] bytes, int step) : MemoryStream(bytes)
    {
        public override int Read(Span<byte> buffer) => base.Read(buffer[..Math.Min(step, buffer.Length)]);
    }
}
