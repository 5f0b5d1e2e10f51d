using HyperOS.Symboliser;

namespace HyperOS.Tests.Symboliser;

public class DemanglerTests
{
    [Theory]
    [InlineData("HyperOS_Core_HyperOS_Core_SpinLock__Enter", "HyperOS.Core.SpinLock.Enter")]
    [InlineData("HyperOS_CoreLib_System_Runtime_RuntimeExports__NewArray", "System.Runtime.RuntimeExports.NewArray")]
    [InlineData("HyperOS_CoreLib_Internal_Runtime_InterfaceDispatch__Resolve", "Internal.Runtime.InterfaceDispatch.Resolve")]
    [InlineData("HyperOS_Platform_HyperOS_Platform_Device_Nested___ctor", "HyperOS.Platform.Device.Nested..ctor")]
    [InlineData("HyperOS_Platform_HyperOS_Platform_Lazy___cctor", "HyperOS.Platform.Lazy..cctor")]
    [InlineData("HyperOS_Platform_HyperOS_Platform_Device__Read_IA32_EFER", "HyperOS.Platform.Device.Read_IA32_EFER")]
    [InlineData("HyperOS_Platform_HyperOS_Platform_Device___Read_IA32_EFER_g__Local_7_0", "HyperOS.Platform.Device.Read_IA32_EFER.Local")]
    [InlineData("HyperOS_Platform_HyperOS_Platform_Device___c___Run_b__14_0", "HyperOS.Platform.Device.Run.lambda")]
    [InlineData("HyperOS_Platform_HyperOS_Platform_Entry__Gen<UInt64>", "HyperOS.Platform.Entry.Gen<ulong>")]
    [InlineData("HyperOS_Platform_HyperOS_Platform_Entry__Gen<System___Canon>", "HyperOS.Platform.Entry.Gen<object>")]
    [InlineData(
        "HyperOS_V_HyperOS_V_Loop_1<HyperOS_V_HyperOS_V_Svm_Vendor>__Two<__Array<Byte>__UInt32>",
        "HyperOS.V.Loop<HyperOS.V.Svm.Vendor>.Two<byte[], uint>")]
    [InlineData("HyperOS_CoreLib_System_Span_1_Enumerator<Byte>__MoveNext", "System.Span.Enumerator<byte>.MoveNext")]
    [InlineData("String__Equals", "string.Equals")]
    [InlineData("KernelMain", "KernelMain")]
    [InlineData("__managed__Startup", "__managed__Startup")]
    [InlineData("__GetGCStaticBase_HyperOS_Core_HyperOS_Core_Lazy", "__GetGCStaticBase_HyperOS_Core_HyperOS_Core_Lazy")]
    [InlineData("isr_common", "isr_common")]
    [InlineData("__", "__")]
    [InlineData("", "")]
    public void A_symbol_becomes_the_name_that_the_source_has(string symbol, string name) => Assert.Equal(name, Demangler.Demangle(symbol));
}
