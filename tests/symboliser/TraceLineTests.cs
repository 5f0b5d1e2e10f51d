using System.Text;
using HyperOS.Abi;
using HyperOS.Specs.Amd;
using HyperOS.Symboliser;

namespace HyperOS.Tests.Symboliser;

public class TraceLineTests
{
    [Fact]
    public void A_record_is_told_in_the_names_of_the_kernels_enums()
    {
        string line = "trace web: " + Record(1000, 900, VmExitKind.Cpuid, SvmExitCode.VMEXIT_CPUID, processor: 3);
        Assert.Equal(
            " cpu 3, vcpu 1: guest 100 cycles, Cpuid VMEXIT_CPUID at 0x7c00, info 0x1 0x2, eax 0x80000008, ecx 0xb",
            new TraceLine().Describe(Encoding.ASCII.GetBytes(line)));
    }

    [Fact]
    public void What_the_host_spent_shows_at_the_next_record_of_the_same_vcpu()
    {
        TraceLine trace = new();
        Describe(trace, Record(1000, 900, VmExitKind.Port, SvmExitCode.VMEXIT_IOIO));
        Assert.Contains(": host 437, guest 63 cycles, ", Describe(trace, Record(1500, 1437, VmExitKind.Cpuid, SvmExitCode.VMEXIT_CPUID)), StringComparison.Ordinal);
        Assert.Contains(": guest 1 cycles, ", Describe(trace, Record(1601, 1600, VmExitKind.Cpuid, SvmExitCode.VMEXIT_CPUID, machine: 8)), StringComparison.Ordinal);
    }

    [Fact]
    public void The_time_of_a_halt_is_not_the_hosts()
    {
        TraceLine trace = new();
        Describe(trace, Record(1000, 900, VmExitKind.Hlt, SvmExitCode.VMEXIT_HLT));
        Assert.DoesNotContain("host", Describe(trace, Record(90_000, 80_000, VmExitKind.Port, SvmExitCode.VMEXIT_IOIO)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_code_without_a_name_is_given_as_it_is() =>
        Assert.Contains(" Unknown code 0x3f7 at ", Describe(new TraceLine(), Record(2, 1, VmExitKind.Unknown, (SvmExitCode)0x3F7)), StringComparison.Ordinal);

    [Fact]
    public void The_console_shows_it_behind_the_record()
    {
        string record = Record(1000, 900, VmExitKind.Hlt, SvmExitCode.VMEXIT_HLT);
        MemoryStream output = new();
        new ConsoleFilter(new SymbolTable(ElfImage.Parse(new KernelImage().ToArray())))
            .Write(Encoding.ASCII.GetBytes($"linux| {new string('x', 1000)}\r\ntrace web: {record}\r\n"), output);
        Assert.EndsWith($"\r\ntrace web: {record}{Describe(new TraceLine(), record)}\r\n", Encoding.ASCII.GetString(output.ToArray()), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("trace web: ")]
    [InlineData("trace: web is on")]
    [InlineData("[1.2] trace: on")]
    public void Other_lines_mean_nothing(string line) => Assert.Null(new TraceLine().Describe(Encoding.ASCII.GetBytes(line)));

    [Theory]
    [InlineData("trace web: ", "-", 16)]
    [InlineData("trace web: ", "g", 3)]
    [InlineData("linux| ", "", 0)]
    [InlineData("trace of what is said: ", "", 0)]
    public void Near_records_mean_nothing(string prefix, string wrong, int at)
    {
        string record = Record(2, 1, VmExitKind.Hlt, SvmExitCode.VMEXIT_HLT);
        Assert.Null(new TraceLine().Describe(Encoding.ASCII.GetBytes(prefix + record[..at] + wrong + record[(at + wrong.Length)..])));
    }

    private static string? Describe(TraceLine trace, string record) => trace.Describe(Encoding.ASCII.GetBytes("trace web: " + record));

    private static string Record(ulong exitedAt, ulong enteredAt, VmExitKind kind, SvmExitCode code, ushort machine = 7, ushort processor = 0)
    {
        ExitTraceRecord record = new()
        {
            ExitedAt = exitedAt,
            EnteredAt = enteredAt,
            InstructionPointer = 0x7C00,
            Code = (ulong)code,
            Info1 = 1,
            Info2 = 2,
            Machine = machine,
            Vcpu = 1,
            Processor = processor,
            Kind = kind,
            Vendor = VmVendor.Svm,
            Eax = 0x8000_0008,
            Ecx = 0xB,
        };
        ulong[] words =
            [record.ExitedAt, record.EnteredAt, record.InstructionPointer, record.Code, record.Info1, record.Info2, record.Place, record.Operands];
        return string.Join(' ', words.Select(word => $"{word:x16}"));
    }
}
