using System.Runtime.CompilerServices;
using HyperOS.Abi;

namespace HyperOS.Tests.Unit.Abi;

public class ExitTraceRecordTests
{
    [Fact]
    public void A_record_is_a_cache_line_of_eight_words()
    {
        Assert.Equal(64, Unsafe.SizeOf<ExitTraceRecord>());
        Assert.Equal(8, ExitTraceRecord.Words);
    }

    [Fact]
    public void The_last_words_hold_the_narrow_fields()
    {
        ExitTraceRecord record = new()
        {
            Machine = 0x1122, Vcpu = 0x3344, Processor = 0x5566, Kind = VmExitKind.NestedFault, Vendor = VmVendor.Svm, Eax = 0x89ABCDEF, Ecx = 0x01234567,
        };
        Assert.Equal(0x01_0A_5566_3344_1122ul, record.Place);
        Assert.Equal(0x01234567_89ABCDEFul, record.Operands);
    }
}
